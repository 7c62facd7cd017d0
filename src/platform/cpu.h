/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - how many CPUs this process may keep busy.
 */
#ifndef QS__PLATFORM_CPU_H
#define QS__PLATFORM_CPU_H

/*
 * At least 1.  On Linux: the affinity mask, cut down to the CPU quota of the cgroups (v1 and v2)
 * that the process lives in, rounded up.  On plain POSIX: those that are online.
 */
unsigned qs__cpu_usable(void);

#endif
