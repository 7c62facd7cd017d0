/* SPDX-License-Identifier: MIT */
/*
 * test_sim_submit.c - exec/submit.c: a task is handed over while the pool goes down,
 * with room for it or without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "sim/jobs.h"

/* ---- submit against shutdown and join ---- */

static void submit_against_shutdown_setup(void)
{
	static void (*const ways_down[])(void *arg) = { drain_pool, cancel_pool, stop_pool };

	jobs_begin(1);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("shutter", ways_down[sim_choose(3)], NULL);
}

static const struct sim_case submit_against_shutdown = {
	.name = "submit-against-shutdown",
	.setup = submit_against_shutdown_setup,
	.finish = jobs_end,
	.preemptions = 2,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_unhold_many:fetch_sub_acq_rel", SIM_SPLIT, SIM_DEADLOCK | SIM_ASSERTION | SIM_USE_AFTER_FREE, 0 },
		{ "pool.c:qs__pool_hold:fetch_add_relaxed", SIM_SPLIT, SIM_DEADLOCK | SIM_ASSERTION | SIM_USE_AFTER_FREE, 0 },
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void submit_against_join_setup(void)
{
	jobs_begin(2);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("joiner", join_pool, NULL);
}

static const struct sim_case submit_against_join = {
	.name = "submit-against-join",
	.setup = submit_against_join_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a24_submit_against_shutdown_and_join(void **state)
{
	(void)state;
	assert_true(sim_verify(&submit_against_shutdown));
	assert_true(sim_verify(&submit_against_join));
}

/* ---- room in a bounded queue is waited for while the pool is shut down ---- */

static void submit_patiently(void *arg)
{
	struct job *job = arg;
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	(void)submit_until(job, do_job, &options, QS_NEVER);
}

static void bounded_setup(void)
{
	jobs_begin_bounded(1, 1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("submitter", submit_patiently, &jobs[1]);
	sim_thread("submitter 2", submit_patiently, &jobs[2]);
	sim_thread("shutter", drain_pool, NULL);
}

static const struct sim_case room_against_shutdown = {
	.name = "room-against-shutdown",
	.setup = bounded_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a24_submit_waits_for_room_against_shutdown(void **state)
{
	(void)state;
	assert_true(sim_verify(&room_against_shutdown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a24_submit_against_shutdown_and_join),
		cmocka_unit_test(test_sim_a24_submit_waits_for_room_against_shutdown),
	};

	return cmocka_run_group_tests_name("sim submit", tests, NULL, NULL);
}
