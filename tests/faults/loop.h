/* SPDX-License-Identifier: MIT */
/*
 * loop.h - run a workload with its first, second, ... last request to the system
 * refused, once and for ever (G4).
 *
 * A workload is one small function that uses a part of the library and gives back all that it made:
 *
 *	static int use_it(void)
 *	{
 *		...
 *		return error;
 *	}
 *
 *	int main(void)
 *	{
 *		static const struct workload workloads[] = { { "it", use_it, NEEDS_MEMORY | NEEDS_THREADS } };
 *
 *		return faults_run(workloads, 1);
 *	}
 *
 * It returns 0, or the first error that a call of the library returned.  Whatever happens, it must
 * end what it made while the fault lasts, and see to it that nothing was lost: workload_end_pool()
 * does both for a pool.  It runs several hundred times, so it should take a millisecond or two.
 *
 * Of each run the loop asks: the error is the one that stands for what was lacking and
 * has words; without a fault there is none; and memory, threads, descriptors and children
 * are what they were before.
 */
#ifndef TEST_LOOP_H
#define TEST_LOOP_H

#include <stddef.h>

#include "faults/sites.h"
#include "quiesce.h"
#include "support/pools.h"

#define NEEDS_MEMORY (1u << SITE_MEMORY)
#define NEEDS_THREADS (1u << SITE_THREAD)
#define NEEDS_DESCRIPTORS (1u << SITE_DESCRIPTOR)
#define NEEDS_PROCESSES (1u << SITE_PROCESS)

typedef int workload_fn(void);

struct workload {
	const char *name;
	workload_fn *run;
	unsigned needs;		/* NEEDS_...: what it asks the system for, all of it */
};

/*
 * All of these, each with each kind of fault that it needs; and that it needs no
 * other.  What main() returns.
 */
int faults_run(const struct workload *workloads, size_t count);

/*
 * A pool whose only worker is held, and a task of these options behind it, for which there is
 * just room; the first error.
 */
int workload_hold_up(qs_pool **out, struct hold *hold, qs_future **out_pending, const qs_task_options *pending, void *arg);

/*
 * The end of a pool that has met a fault.  It still runs a task, as soon as the system is itself
 * again; then, without whatever is lacking, it is shut down, joined and destroyed, and the books
 * are even.  NULL is allowed.
 */
void workload_end_pool(qs_pool *pool, qs_shutdown_mode mode);

/* The first error of two: for what goes on after a call has failed. */
int workload_first_error(int error, int next);

#endif
