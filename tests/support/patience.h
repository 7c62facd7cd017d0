/* SPDX-License-Identifier: MIT */
/*
 * patience.h - bounds on time, scaled by QS_TEST_TIME_SCALE for slow builds and busy machines.
 */
#ifndef TEST_PATIENCE_H
#define TEST_PATIENCE_H

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

#endif
