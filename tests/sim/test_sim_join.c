/* SPDX-License-Identifier: MIT */
/*
 * test_sim_join.c - exec/join.c: joins against each other and against what ends, begins and
 * overstays meanwhile.  Whatever the join says, its report is whole.
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

/* ---- the books are whole when the last hold has gone, whoever counted ---- */

static void books_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("canceller", cancel_job, &jobs[0]);
	sim_thread("joiner", join_pool, NULL);
}

static const struct sim_case books = {
	.name = "books",
	.setup = books_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_unhold_many:fetch_sub_acq_rel", SIM_WEAKEN, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a24_books_are_whole_after_the_last_hold(void **state)
{
	(void)state;
	assert_true(sim_verify(&books));
}

/* ---- two shut down, two join ---- */

static void two_joins_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("joiner", join_pool, NULL);
	sim_thread("joiner 2", join_pool, NULL);
}

static const struct sim_case two_joins = {
	.name = "two-joins",
	.setup = two_joins_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a23_two_join_at_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&two_joins));
}

/* ---- a task overstays the join: abandoned or done, never both; the straggler touches nothing freed ---- */

static void join_a_while(void *arg)
{
	qs_report report = QS_REPORT_INIT;
	const int error = qs_pool_join(pool, qs_after_s(1), NULL, &report);

	(void)arg;
	SIM_ASSERT(error == 0 || error == -ETIMEDOUT);
	SIM_ASSERT((error == 0) == (report.stragglers == 0));
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	check_sum(&report);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
}

static void overstay_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	sim_thread("joiner", join_a_while, NULL);
	sim_thread("opener", open_gate, NULL);
}

static void overstay_finish(void)
{
	const int state = qs_future_state(jobs[0].future);

	SIM_ASSERT(state == QS_DONE || state == QS_ABANDONED || state == QS_CANCELLED);
	SIM_ASSERT(state != QS_DONE || jobs[0].runs == 1);
	qs_future_release(jobs[0].future);
}

static const struct sim_case join_against_end = {
	.name = "join-against-end",
	.setup = overstay_setup,
	.finish = overstay_finish,
	.preemptions = 1,
	.early_timeouts = 2,
	.random = 100000,
	.controls = {
		{ "object.c:qs__object_retain:fetch_add_relaxed", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE | SIM_CRASH, 0 },
		{ "future.c:qs__future_end:store_release", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a26_join_against_the_end_of_what_overstays(void **state)
{
	(void)state;
	assert_true(sim_verify(&join_against_end));
}

/* Somebody cancels, and somebody starts one more worker, while the join gives up. */
/* Both were submitted before: a join that has returned leaves neither without an end. */
static void join_a_while_and_see_both_ended(void *arg)
{
	join_pool_a_while(arg);
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	SIM_ASSERT(qs_future_is_ended(jobs[1].future) == 1);
}

static void destroy_after_join(void)
{
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	jobs_release();
}

static void cancel_while_joined_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("joiner", join_a_while_and_see_both_ended, NULL);
	sim_thread("canceller", cancel_job, &jobs[1]);
}

/* The straggler goes when all is over. */
static void destroy_and_open(void)
{
	destroy_after_join();
	open_gate(NULL);
}

static const struct sim_case join_against_cancel = {
	.name = "join-against-cancel",
	.setup = cancel_while_joined_setup,
	.finish = destroy_and_open,
	.preemptions = 1,
	.stale_reads = 1,
	.early_timeouts = 2,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_count:fetch_add_acq_rel", SIM_NO_RELEASE, SIM_ASSERTION, 0 },
		{ "pool.c:qs__pool_count:fetch_add_acq_rel", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void start_while_joined_setup(void)
{
	jobs_begin(2);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("joiner", join_pool_a_while, NULL);
}

static const struct sim_case join_against_start = {
	.name = "join-against-start",
	.setup = start_while_joined_setup,
	.finish = destroy_after_join,
	.preemptions = 1,
	.early_timeouts = 2,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_count:fetch_add_acq_rel", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a26_join_gives_up_while_others_cancel_and_start(void **state)
{
	(void)state;
	assert_true(sim_verify(&join_against_cancel));
	assert_true(sim_verify(&join_against_start));
}

/* ---- the hard token ends the join while a task waits for it ---- */

static void join_until_hard(void *arg)
{
	qs_report report = QS_REPORT_INIT;
	const int error = qs_pool_join(pool, QS_NEVER, stop, &report);

	(void)arg;
	SIM_ASSERT(error == 0 || error == -ECANCELED);
	SIM_ASSERT((error == 0) == (report.stragglers == 0));
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	check_sum(&report);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
}

static void hard_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	stop = qs__stop_new(NULL, NULL);
	sim_thread("joiner", join_until_hard, NULL);
	sim_thread("asker", ask_stop, NULL);
	sim_thread("opener", open_gate, NULL);
}

static void hard_finish(void)
{
	overstay_finish();
	qs_stop_release(stop);
}

static const struct sim_case join_against_hard = {
	.name = "join-against-hard",
	.setup = hard_setup,
	.finish = hard_finish,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a26_hard_token_ends_the_join(void **state)
{
	(void)state;
	assert_true(sim_verify(&join_against_hard));
}

/* ---- a task submits another one and shuts its own pool down ---- */

static int submit_and_shut_down(qs_task *task, void *arg)
{
	const int error = submit_body(&jobs[1], do_job, NULL);

	SIM_ASSERT(error == 0 || error == -ESHUTDOWN);
	SIM_ASSERT(qs_pool_shutdown(pool, QS_DRAIN) == 0);
	SIM_ASSERT(qs_pool_join(pool, QS_NOW, NULL, NULL) == -EDEADLK);
	return do_job(task, arg);
}

static void inside_setup(void)
{
	jobs_begin(2);
	SIM_ASSERT(submit_body(&jobs[0], submit_and_shut_down, NULL) == 0);
	sim_thread("joiner", join_pool, NULL);
	sim_thread("submitter", submit_job, &jobs[2]);
}

static const struct sim_case task_shuts_down = {
	.name = "task-shuts-down",
	.setup = inside_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a23_task_shuts_its_own_pool_down(void **state)
{
	(void)state;
	assert_true(sim_verify(&task_shuts_down));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a24_books_are_whole_after_the_last_hold),
		cmocka_unit_test(test_sim_a23_two_join_at_once),
		cmocka_unit_test(test_sim_a26_join_against_the_end_of_what_overstays),
		cmocka_unit_test(test_sim_a26_join_gives_up_while_others_cancel_and_start),
		cmocka_unit_test(test_sim_a26_hard_token_ends_the_join),
		cmocka_unit_test(test_sim_a23_task_shuts_its_own_pool_down),
	};

	return cmocka_run_group_tests_name("sim join", tests, NULL, NULL);
}
