/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - usable CPUs from the affinity mask and the cgroup quota.
 */
#define _GNU_SOURCE
#include "platform/cpu.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>

#include "cgroup.h"

#define MASK_CPUS 1024		/* what a cpu_set_t holds */
#define MASK_CPUS_MOST (1 << 20)

/*
 * CPUs in the affinity mask.  The kernel refuses a mask that is smaller than its own with EINVAL,
 * so grow until it fits; 1 if it gives none.
 */
static unsigned cpus_in_mask(void)
{
	for (int cpus = MASK_CPUS; cpus <= MASK_CPUS_MOST; cpus *= 2) {
		cpu_set_t *mask = CPU_ALLOC(cpus);
		const size_t bytes = CPU_ALLOC_SIZE(cpus);

		if (mask == NULL)
			return 1;
		const int rc = sched_getaffinity(0, bytes, mask);
		const int count = rc == 0 ? CPU_COUNT_S(bytes, mask) : 0;
		const int error = errno;
		CPU_FREE(mask);
		if (rc == 0)
			return count > 0 ? (unsigned)count : 1;
		if (error != EINVAL)
			return 1;
	}
	return 1;
}

unsigned qs__cpu_usable(void)
{
	const int saved = errno;
	const unsigned quota = qs__cgroup_cpu_quota("");
	const unsigned cpus = cpus_in_mask();

	errno = saved;
	return quota < cpus ? quota : cpus;
}
