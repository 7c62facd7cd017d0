/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - usable CPUs: those that are online.  Of masks and quotas POSIX knows nothing.
 */
#include "platform/cpu.h"

#include <errno.h>
#include <unistd.h>

unsigned qs__cpu_usable(void)
{
	const int saved = errno;
	const long online = sysconf(_SC_NPROCESSORS_ONLN);

	errno = saved;
	return online > 0 ? (unsigned)online : 1;
}
