/* SPDX-License-Identifier: MIT */
/*
 * cgroup.h - the CPU quota that this process lives under.
 */
#ifndef QS__PLATFORM_CGROUP_H
#define QS__PLATFORM_CGROUP_H

#include <limits.h>

#define QS__CPU_NO_QUOTA UINT_MAX

/*
 * How many CPUs the tightest quota amounts to, rounded up, at least 1; QS__CPU_NO_QUOTA if there is
 * none, or none that can be read.
 *
 *   root    what to put before "/proc/self/cgroup" and all other names: "", or a test's folder
 */
unsigned qs__cgroup_cpu_quota(const char *root);

#endif
