/* SPDX-License-Identifier: MIT */
/*
 * soak.h - how often: few times in a run that somebody waits for, many with
 * QS_TEST_SOAK set, overnight.
 */
#ifndef TEST_SOAK_H
#define TEST_SOAK_H

#include <stdlib.h>

static inline long soak_or(long quick, long soak)
{
	return getenv("QS_TEST_SOAK") != NULL ? soak : quick;
}

#endif
