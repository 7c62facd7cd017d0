/* SPDX-License-Identifier: MIT */
/*
 * cpu_count.c - the platform's count, for users.
 */
#include "platform/cpu.h"
#include "quiesce.h"

int qs_cpu_count(void)
{
	return (int)qs__cpu_usable();
}
