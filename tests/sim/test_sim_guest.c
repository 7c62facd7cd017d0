/* SPDX-License-Identifier: MIT */
/*
 * test_sim_guest.c - exec/guest.c and exec/limit.c: who submits runs the task, and a task
 * that is late is not run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "quiesce.h"
#include "sim/jobs.h"

/* ---- the queue is full: who submits runs the task itself, while the pool goes down ---- */

static void submit_as_guest(struct job *job, qs_task_fn *body)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	options.flags = QS_TASK_CALLER_RUNS;
	error = submit_with(job, body, &options);
	SIM_ASSERT(error == 0 || error == -ESHUTDOWN || error == -ECANCELED);
}

static void do_as_guest(void *arg)
{
	submit_as_guest(arg, do_job);
}

static void guest_setup(void)
{
	jobs_begin_bounded(1, 1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("guest", do_as_guest, &jobs[1]);
	sim_thread("shutter", stop_pool, NULL);
}

static const struct sim_case guest_against_shutdown = {
	.name = "guest-against-shutdown",
	.setup = guest_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_hold:fetch_add_relaxed", SIM_DROP, SIM_ASSERTION | SIM_USE_AFTER_FREE | SIM_DEADLOCK | SIM_LEAK, 0 },
	},
};

/* The worker is at the gate, the queue is full: the guest always runs its task itself. */
static void wait_as_guest(void *arg)
{
	submit_as_guest(arg, wait_at_gate);
}

static void join_guest_setup(void)
{
	jobs_begin_bounded(1, 1);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	sim_thread("guest", wait_as_guest, &jobs[1]);
	sim_thread("joiner", join_pool_a_while, NULL);
	sim_thread("opener", open_gate, NULL);
}

static void destroy_and_release(void)
{
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	jobs_release();
}

static const struct sim_case guest_against_join = {
	.name = "guest-against-join",
	.setup = join_guest_setup,
	.finish = destroy_and_release,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_count:fetch_add_acq_rel", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a24_guest_against_the_way_down(void **state)
{
	(void)state;
	assert_true(sim_verify(&guest_against_shutdown));
	assert_true(sim_verify(&guest_against_join));
}

/* ---- a task's time to begin is over at about the moment when a worker takes it ---- */

static void submit_in_a_hurry(void *arg)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.begin_by = qs_after_s(1);
	options.run_ns = 1;
	SIM_ASSERT(submit_with(arg, do_job, &options) == 0);
}

static void limit_setup(void)
{
	jobs_begin(1);
	sim_thread("submitter", submit_in_a_hurry, &jobs[0]);
}

static void begun_or_timed_out(void)
{
	int state;

	SIM_ASSERT(qs_pool_join(pool, QS_NEVER, NULL, NULL) == 0);
	state = qs_future_state(jobs[0].future);
	SIM_ASSERT(state == QS_DONE || state == QS_TIMED_OUT);
	SIM_ASSERT(jobs[0].runs == (state == QS_DONE ? 1 : 0));
	SIM_ASSERT(state == QS_DONE || qs_future_value(jobs[0].future) == -ETIMEDOUT);
	jobs_end();
}

static const struct sim_case limit_against_claim = {
	.name = "limit-against-claim",
	.setup = limit_setup,
	.finish = begun_or_timed_out,
	.preemptions = 1,
	.early_timeouts = 2,
	.random = 50000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_ASSERTION | SIM_RACE | SIM_DEADLOCK | SIM_CRASH | SIM_USE_AFTER_FREE | SIM_LEAK, 0 },
	},
};

static void test_sim_a8_limit_against_claim(void **state)
{
	(void)state;
	assert_true(sim_verify(&limit_against_claim));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a24_guest_against_the_way_down),
		cmocka_unit_test(test_sim_a8_limit_against_claim),
	};

	return cmocka_run_group_tests_name("sim guest", tests, NULL, NULL);
}
