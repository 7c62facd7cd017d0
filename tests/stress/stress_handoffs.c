/* SPDX-License-Identifier: MIT */
/*
 * stress_handoffs.c - very many hand-offs between threads that park, none of
 * which may stall (G3, A1).
 *
 * A hand-off is a thread that wakes another one and goes to sleep itself: a task that is submitted
 * to a pool that is idle, and the wait for its end.  On one CPU each needs the kernel; on two the
 * threads meet in every way there is.  One that is lost shows as a wait that overstays patience.
 *
 * ctest: timeout=300
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define HAND_OFFS 100000	/* in each test */
#define HAND_OFFS_OF_SOAK 10000000
#define PER_ROUND 2		/* to the worker, and back */
#define LAP 10000		/* of a relay: what is run within one test's patience */

static long rounds(void)
{
	return soak_or(HAND_OFFS, HAND_OFFS_OF_SOAK) / PER_ROUND / patience_scale();
}

static void tell(qs_time start, long hand_offs)
{
	print_message("%ld hand-offs, %ld ns each\n", hand_offs, (long)((qs_now() - start) / hand_offs));
}

/* Between two threads. */
static void pass_to_and_fro(uint32_t workers)
{
	qs_pool *pool = pool_make(workers);
	const qs_time start = qs_now();
	const long count = rounds();

	for (long i = 0; i < count; i++)
		task_end(task_submit(pool, body_return, NULL), QS_DONE);
	tell(start, count * PER_ROUND);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], count);
}

/* A lap of it, from the worker of one pool to that of the other; nobody waits for an end. */
struct relay {
	qs_pool *pools[2];
	long left;
	struct gate over;
};

static int pass_on(qs_task *task, void *arg)
{
	struct relay *relay = arg;

	(void)task;
	if (relay->left-- > 0)
		return qs_submit(NULL, relay->pools[relay->left % 2], pass_on, relay);
	gate_raise(&relay->over);
	return 0;
}

static void run_relay(void)
{
	struct relay relay = { { pool_make(1), pool_make(1) }, 0, GATE_INIT };
	const qs_time start = qs_now();
	const long laps = (rounds() * PER_ROUND + LAP - 1) / LAP;

	for (long i = 1; i <= laps; i++) {
		relay.left = LAP;
		assert_int_equal(qs_submit(NULL, relay.pools[1], pass_on, &relay), 0);
		gate_await(&relay.over, (unsigned)i);
	}
	tell(start, laps * LAP);
	for (int i = 0; i < 2; i++)
		(void)pool_end(relay.pools[i], QS_DRAIN);
}

/* ----------------------------------------------------------------------------------------- CPUs */

static cpu_set_t all_cpus;

/* This thread, and so those that it starts, on the first CPU that we may use. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &all_cpus))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static int note_cpus(void **state)
{
	return sched_getaffinity(0, sizeof(all_cpus), &all_cpus) == 0 ? leftovers_note(state) : -1;
}

static int use_all_cpus(void **state)
{
	return sched_setaffinity(0, sizeof(all_cpus), &all_cpus) == 0 ? leftovers_check(state) : -1;
}

static void stress_handoffs_g3_two_threads_on_one_cpu(void **state)
{
	(void)state;
	stay_on_one_cpu();
	pass_to_and_fro(1);
}

static void stress_handoffs_g3_two_threads_on_all_cpus(void **state)
{
	(void)state;
	pass_to_and_fro(1);
}

static void stress_handoffs_g3_several_workers_on_one_cpu(void **state)
{
	(void)state;
	stay_on_one_cpu();
	pass_to_and_fro(4);
}

static void stress_handoffs_g3_several_workers_on_all_cpus(void **state)
{
	(void)state;
	pass_to_and_fro(4);
}

static void stress_handoffs_g3_relay_on_one_cpu(void **state)
{
	(void)state;
	stay_on_one_cpu();
	run_relay();
}

static void stress_handoffs_g3_relay_on_all_cpus(void **state)
{
	(void)state;
	run_relay();
}

#define test(name) cmocka_unit_test_setup_teardown(name, note_cpus, use_all_cpus)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(stress_handoffs_g3_two_threads_on_one_cpu),
		test(stress_handoffs_g3_two_threads_on_all_cpus),
		test(stress_handoffs_g3_several_workers_on_one_cpu),
		test(stress_handoffs_g3_several_workers_on_all_cpus),
		test(stress_handoffs_g3_relay_on_one_cpu),
		test(stress_handoffs_g3_relay_on_all_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
