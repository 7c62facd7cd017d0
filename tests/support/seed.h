/* SPDX-License-Identifier: MIT */
/*
 * seed.h - chance that can be repeated: QS_TEST_SEED=n, printed where a test takes it.
 */
#ifndef TEST_SEED_H
#define TEST_SEED_H

#include <stdint.h>

/* The seed of this run, printed once.  Never 0. */
uint64_t seed_take(void);

/* The next number of a sequence that began with a seed (xorshift64*, S. Vigna, 2014). */
uint32_t seed_next(uint64_t *state);

#endif
