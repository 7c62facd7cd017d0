/* SPDX-License-Identifier: MIT */
/*
 * test_sim_waits.c - verbs/wait.c and verbs/as_completed.c on a pool: each kind of waiting
 * against the ends of two tasks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/stop.h"
#include "quiesce.h"
#include "sim/jobs.h"

/* ---- all kinds of waiting against the ends ---- */

static void two_jobs_setup(void (*waiter)(void *arg))
{
	jobs_begin(2);
	jobs[1].returns = -EIO;
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("waiter", waiter, NULL);
}

static void wait_any_way(void *arg)
{
	qs_future *const both[] = { jobs[0].future, jobs[1].future };
	size_t index = 9;

	(void)arg;
	switch (sim_choose(3)) {
	case 0:
		SIM_ASSERT(qs_wait_any(&index, both, 2, QS_NEVER, NULL) == 0);
		SIM_ASSERT(index < 2 && qs_future_is_ended(both[index]) == 1);
		SIM_ASSERT(QS_PLAIN_READ(jobs[index].runs) == 1);
		break;
	case 1:
		SIM_ASSERT(qs_wait_all(both, 2, QS_NEVER, NULL) == 0);
		SIM_ASSERT(QS_PLAIN_READ(jobs[0].runs) == 1 && QS_PLAIN_READ(jobs[1].runs) == 1);
		break;
	default:
		SIM_ASSERT(qs_wait_first_failure(&index, both, 2, QS_NEVER, NULL) == 1);
		SIM_ASSERT(index == 1 && qs_future_value(both[1]) == -EIO);
		break;
	}
}

static void wait_any_setup(void)
{
	two_jobs_setup(wait_any_way);
}

static const struct sim_case waits_against_ends = {
	.name = "waits-against-ends",
	.setup = wait_any_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

/* These are the two futures, each once, and ended. */
static void check_both_ended(qs_future *const *got)
{
	SIM_ASSERT((got[0] == jobs[0].future && got[1] == jobs[1].future) ||
		   (got[0] == jobs[1].future && got[1] == jobs[0].future));
	SIM_ASSERT(qs_future_is_ended(got[0]) == 1 && qs_future_is_ended(got[1]) == 1);
}

static void collect_in_order(void *arg)
{
	qs_future *const some[] = { jobs[0].future, jobs[1].future, jobs[0].future };
	qs_as_completed *set;
	qs_future *got[2];
	qs_future *none;

	(void)arg;
	SIM_ASSERT(qs_as_completed_create(&set, some, 3) == 0);
	SIM_ASSERT(qs_as_completed_next(set, &got[0], QS_NEVER, NULL) == 1);
	SIM_ASSERT(qs_as_completed_next(set, &got[1], QS_NEVER, NULL) == 1);
	SIM_ASSERT(qs_as_completed_next(set, &none, QS_NEVER, NULL) == 0);
	check_both_ended(got);
	qs_as_completed_destroy(set);
}

static void collect_setup(void)
{
	two_jobs_setup(collect_in_order);
}

static const struct sim_case as_completed_against_ends = {
	.name = "as-completed-against-ends",
	.setup = collect_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "collector.c:qs__collector_push:compare_exchange_acq_rel", SIM_SPLIT,
		  SIM_DEADLOCK | SIM_RACE | SIM_ASSERTION | SIM_USE_AFTER_FREE | SIM_CRASH, 0 },
	},
};

static void take_one_and_leave(void *arg)
{
	qs_future *const both[] = { jobs[0].future, jobs[1].future };
	qs_as_completed *set;
	qs_future *first;
	int error;

	(void)arg;
	SIM_ASSERT(qs_as_completed_create(&set, both, 2) == 0);
	error = qs_as_completed_next(set, &first, qs_after_s(1), NULL);
	SIM_ASSERT(error == 1 || error == -ETIMEDOUT);
	qs_as_completed_destroy(set);
}

static void leave_setup(void)
{
	two_jobs_setup(take_one_and_leave);
}

static const struct sim_case as_completed_left_early = {
	.name = "as-completed-left-early",
	.setup = leave_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

/*
 * A stop interrupts the handing out, and nothing is lost by it: the rest comes when
 * asked for without the stop.
 */
static void collect_under_stop(void *arg)
{
	qs_future *const both[] = { jobs[0].future, jobs[1].future };
	qs_as_completed *set;
	qs_future *got[2];
	int count = 0;

	(void)arg;
	SIM_ASSERT(qs_as_completed_create(&set, both, 2) == 0);
	while (count < 2) {
		const int error = qs_as_completed_next(set, &got[count], QS_NEVER, count == 0 ? stop : NULL);

		SIM_ASSERT(error == 1 || (error == -ECANCELED && count == 0));
		if (error == 1)
			count++;
		else
			SIM_ASSERT(qs_as_completed_next(set, &got[count++], QS_NEVER, NULL) == 1);
	}
	check_both_ended(got);
	qs_as_completed_destroy(set);
}

static void collect_under_stop_setup(void)
{
	jobs_begin(1);
	stop = qs__stop_new(NULL, NULL);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("collector", collect_under_stop, NULL);
	sim_thread("asker", ask_stop, NULL);
}

static const struct sim_case as_completed_against_stop = {
	.name = "as-completed-against-stop",
	.setup = collect_under_stop_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_DROP,
		  SIM_ASSERTION | SIM_ENDLESS | SIM_DEADLOCK | SIM_USE_AFTER_FREE, 0 },
	},
};

static void test_sim_a16_waits_against_ends(void **state)
{
	(void)state;
	assert_true(sim_verify(&waits_against_ends));
	assert_true(sim_verify(&as_completed_against_ends));
	assert_true(sim_verify(&as_completed_left_early));
	assert_true(sim_verify(&as_completed_against_stop));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a16_waits_against_ends),
	};

	return cmocka_run_group_tests_name("sim waits", tests, NULL, NULL);
}
