/* SPDX-License-Identifier: MIT */
/*
 * patience.h - bounds on time, scaled by QS_TEST_TIME_SCALE for slow builds and busy machines.
 */
#ifndef TEST_PATIENCE_H
#define TEST_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "quiesce.h"

static inline int64_t patience_scale(void)
{
	const char *scale = getenv("QS_TEST_TIME_SCALE");
	const int64_t number = scale == NULL ? 1 : strtoll(scale, NULL, 10);

	return number > 0 ? number : 1;
}

/* A deadline for what should happen at once, and fails the test if it does not. */
static inline qs_time patience(void)
{
	return qs_after_s(30 * patience_scale());
}

/*
 * What is to wait for nothing may take so many ns: generous, but far less than whatever it
 * would wait for by mistake.
 */
static inline int64_t at_once_ns(void)
{
	return 1000000000 * patience_scale();
}

/*
 * A promise of so many ns on an idle machine, kept by one of a few measurements at least: a busy
 * machine is late now and then, a mistake is late each time.
 */
static inline bool is_kept_within(int64_t ns, int64_t (*measure)(void))
{
	for (int tries = 5; tries > 0; tries--) {
		if (measure() <= ns * patience_scale())
			return true;
	}
	return false;
}

#endif
