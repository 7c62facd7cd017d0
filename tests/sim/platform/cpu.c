/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - the simulated machine has two CPUs: enough for a default pool to
 * race, few enough to search.
 */
#include "platform/cpu.h"

unsigned qs__cpu_usable(void)
{
	return 2;
}
