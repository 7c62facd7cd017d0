/* SPDX-License-Identifier: MIT */
/*
 * test_sim_task_stop.c - the token that governs a task is asked, also by a signal handler, while
 * the task is submitted, claimed, run and forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "core/stop.h"
#include "quiesce.h"
#include "sim/jobs.h"

/* ---- the task's own token is asked while it is submitted, claimed, run ---- */

static void submit_with_stop(void *arg)
{
	(void)submit_body(arg, do_job, stop);
}

static void task_stop_setup(void)
{
	jobs_begin(1);
	stop = qs__stop_new(NULL, NULL);
	sim_thread("submitter", submit_with_stop, &jobs[0]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case task_stop_against_submit = {
	.name = "task-stop-against-submit",
	.setup = task_stop_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "callback.c:run:exchange_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/*
 * The only worker is busy until the task has ended: so it is the ask that must end it, or the
 * submit that comes after.
 */
static void submit_with_stop_and_await(void *arg)
{
	struct job *job = arg;

	submit_with_stop(job);
	if (job->accepted)
		await_job(job);
	open_gate(NULL);
}

static void busy_setup(void)
{
	jobs_begin(1);
	stop = qs__stop_new(NULL, NULL);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	sim_thread("submitter", submit_with_stop_and_await, &jobs[1]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case task_stop_while_busy = {
	.name = "task-stop-while-busy",
	.setup = busy_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a24_task_token_is_asked_while_it_is_submitted(void **state)
{
	(void)state;
	assert_true(sim_verify(&task_stop_against_submit));
	assert_true(sim_verify(&task_stop_while_busy));
}

/* Nobody keeps the future: the worker's end frees it, while the ask is on its way to it. */
static void submit_with_stop_and_forget(void *arg)
{
	struct job *job = arg;

	submit_with_stop(job);
	if (job->accepted)
		qs_future_release(job->future);
}

static void forget_setup(void)
{
	jobs_begin(1);
	stop = qs__stop_new(NULL, NULL);
	sim_thread("submitter", submit_with_stop_and_forget, &jobs[0]);
	sim_thread("stopper", ask_stop, NULL);
}

static void forget_finish(void)
{
	join_pool(NULL);
	SIM_ASSERT(jobs[0].destroyed == jobs[0].accepted && jobs[0].runs <= jobs[0].accepted);
	(void)qs_stop_ask(stop, 0, NULL);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	qs_stop_release(stop);
}

static const struct sim_case task_stop_against_free = {
	.name = "task-stop-against-free",
	.setup = forget_setup,
	.finish = forget_finish,
	.preemptions = 2,
	.random = 20000,
	.controls = {
		{ "callback.c:await:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE | SIM_CRASH, 0 },
	},
};

static void test_sim_a6_task_token_is_asked_while_its_future_goes(void **state)
{
	(void)state;
	assert_true(sim_verify(&task_stop_against_free));
}

/* ---- a signal handler has asked: no task is claimed any more, although the attendant has not come yet ---- */

static void ask_from_handler_and_open(void *arg)
{
	SIM_ASSERT(qs_stop_ask_from_handler(stop, SIGINT) == 1);
	open_gate(arg);
}

static qs_stop *make_for_handlers(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *made;

	options.flags = QS_STOP_FROM_HANDLER;
	SIM_ASSERT(qs_stop_create(&made, &options) == 0);
	return made;
}

/*
 * The one worker stands at the gate; behind it is a task that is governed by the token,
 * through the pool or by itself.
 */
static void handler_setup(bool is_of_pool)
{
	qs_stop *const asked = make_for_handlers();
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = 1;
	options.stop = is_of_pool ? asked : NULL;
	jobs_begin_with(&options);
	stop = asked;
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, is_of_pool ? NULL : stop) == 0);
	sim_thread("handler", ask_from_handler_and_open, NULL);
}

static void pool_handler_setup(void)
{
	handler_setup(true);
}

static void task_handler_setup(void)
{
	handler_setup(false);
}

static void second_has_not_run(void)
{
	SIM_ASSERT(jobs[1].runs == 0);
	jobs_end();
}

static const struct sim_case handler_stops_pool = {
	.name = "handler-stops-pool",
	.setup = pool_handler_setup,
	.finish = second_has_not_run,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "stop.c:qs__stop_cause:load_acquire", SIM_PRETEND, SIM_ASSERTION | SIM_DEADLOCK | SIM_RACE, 0 },
	},
};

static const struct sim_case handler_stops_task = {
	.name = "handler-stops-task",
	.setup = task_handler_setup,
	.finish = second_has_not_run,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "stop.c:qs__stop_cause:load_acquire", SIM_PRETEND, SIM_ASSERTION | SIM_DEADLOCK | SIM_RACE, 0 },
	},
};

static void test_sim_c2_nothing_is_claimed_after_a_handler_asked(void **state)
{
	(void)state;
	assert_true(sim_verify(&handler_stops_pool));
	assert_true(sim_verify(&handler_stops_task));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a24_task_token_is_asked_while_it_is_submitted),
		cmocka_unit_test(test_sim_a6_task_token_is_asked_while_its_future_goes),
		cmocka_unit_test(test_sim_c2_nothing_is_claimed_after_a_handler_asked),
	};

	return cmocka_run_group_tests_name("sim task stop", tests, NULL, NULL);
}
