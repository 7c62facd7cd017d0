/* SPDX-License-Identifier: MIT */
/*
 * fork.c - nobody forks on the simulated machine: there is one era.
 */
#include "platform/fork.h"

enum { THE_ERA = 1 };

uint32_t qs__era_begin(void)
{
	return THE_ERA;
}

bool qs__era_is_present(uint32_t era)
{
	return era == THE_ERA;
}
