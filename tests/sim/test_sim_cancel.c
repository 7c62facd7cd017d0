/* SPDX-License-Identifier: MIT */
/*
 * test_sim_cancel.c - exec/cancel.c: one task, or all that are pending, are cancelled or stopped
 * while a worker takes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "sim/jobs.h"

/* ---- cancel against claim ---- */

static void cancel_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("canceller", cancel_job, &jobs[0]);
	sim_thread("waiter", await_job, &jobs[0]);
}

static const struct sim_case cancel_against_claim = {
	.name = "cancel-against-claim",
	.setup = cancel_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_ASSERTION | SIM_RACE | SIM_DEADLOCK | SIM_CRASH | SIM_USE_AFTER_FREE | SIM_LEAK, 0 },
	},
};

static void test_sim_a8_cancel_against_claim(void **state)
{
	(void)state;
	assert_true(sim_verify(&cancel_against_claim));
}

static void stop_job(void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(qs_future_stop(job->future, 0, NULL) >= 0);
}

static void stop_running_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], sleep_until_stop, NULL) == 0);
	sim_thread("stopper", stop_job, &jobs[0]);
	sim_thread("pool stopper", stop_pool, NULL);
}

static const struct sim_case stop_against_claim = {
	.name = "stop-against-claim",
	.setup = stop_running_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/*
 * Nobody else stops it: whether it is in the queue, on its way to a worker, or runs, it
 * hears of the one who does.
 */
static void stop_job_for_good(void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(qs_future_stop(job->future, 0, NULL) == 1);
}

static void stop_alone_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], sleep_until_stop, NULL) == 0);
	sim_thread("stopper", stop_job_for_good, &jobs[0]);
}

static const struct sim_case stop_alone = {
	.name = "stop-alone",
	.setup = stop_alone_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_ASSERTION | SIM_RACE | SIM_DEADLOCK | SIM_CRASH | SIM_USE_AFTER_FREE | SIM_LEAK, 0 },
	},
};

static void test_sim_a27_task_is_stopped_while_it_begins(void **state)
{
	(void)state;
	assert_true(sim_verify(&stop_against_claim));
	assert_true(sim_verify(&stop_alone));
}

/* ---- the pool's token is asked while tasks are pending: everyone who waits is told ---- */

static void ask_pool_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(qs_pool_stop(pool), 0, NULL);
}

static void pool_stop_setup(void)
{
	jobs_begin(1);
	SIM_ASSERT(submit_body(&jobs[0], sleep_until_stop, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("stopper", ask_pool_stop, NULL);
	sim_thread("waiter", await_job, &jobs[1]);
}

static const struct sim_case pool_stop = {
	.name = "pool-stop",
	.setup = pool_stop_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void shutdown_cancel_setup(void)
{
	jobs_begin(1);
	for (int i = 0; i < JOBS; i++)
		SIM_ASSERT(submit_body(&jobs[i], do_job, NULL) == 0);
	sim_thread("shutter", cancel_pool, NULL);
	sim_thread("waiter", await_job, &jobs[2]);
}

static const struct sim_case shutdown_cancel = {
	.name = "shutdown-cancel",
	.setup = shutdown_cancel_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a4_stop_tells_those_who_wait_for_pending_tasks(void **state)
{
	(void)state;
	assert_true(sim_verify(&pool_stop));
	assert_true(sim_verify(&shutdown_cancel));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a8_cancel_against_claim),
		cmocka_unit_test(test_sim_a27_task_is_stopped_while_it_begins),
		cmocka_unit_test(test_sim_a4_stop_tells_those_who_wait_for_pending_tasks),
	};

	return cmocka_run_group_tests_name("sim cancel", tests, NULL, NULL);
}
