/* SPDX-License-Identifier: MIT */
/*
 * seed.c - one seed for a process.
 */
#include "support/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "quiesce.h"

uint64_t seed_take(void)
{
	static uint64_t seed;
	const char *given = getenv("QS_TEST_SEED");

	if (seed != 0)
		return seed;
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)qs_now();
	if (seed == 0)
		seed = 1;
	(void)fprintf(stderr, "QS_TEST_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint32_t seed_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (uint32_t)((x * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}
