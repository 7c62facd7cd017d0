/* SPDX-License-Identifier: MIT */
/*
 * test_sim_scarce.c - a pool that threads and memory are refused to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "quiesce.h"
#include "sim/jobs.h"

/* ---- threads and memory that are not there: refused, or done on fewer threads; nothing lost, nothing leaked ---- */

static bool is_refusal(int error)
{
	return error == -ENOMEM || error == -EAGAIN;
}

static void submit_if_possible(void *arg)
{
	const int error = submit_body(arg, do_job, NULL);

	SIM_ASSERT(error == 0 || is_refusal(error));
}

static void collect_if_possible(void *arg)
{
	struct job *job = arg;
	qs_as_completed *set;
	qs_future *first;
	int error;

	submit_if_possible(job);
	if (!job->accepted)
		return;
	error = qs_as_completed_create(&set, &job->future, 1);
	SIM_ASSERT(error == 0 || is_refusal(error));
	if (error != 0)
		return;
	SIM_ASSERT(qs_as_completed_next(set, &first, QS_NEVER, NULL) == 1);
	SIM_ASSERT(first == job->future);
	qs_as_completed_destroy(set);
}

static void scarce_setup(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	int error;

	jobs_clear();
	options.workers = 2;
	pool = NULL;
	error = qs_pool_create(&pool, &options);
	SIM_ASSERT(error == 0 || is_refusal(error));
	if (error != 0)
		return;
	sim_thread("submitter", submit_if_possible, &jobs[0]);
	sim_thread("submitter 2", submit_if_possible, &jobs[1]);
	sim_thread("collector", collect_if_possible, &jobs[2]);
}

static void scarce_finish(void)
{
	if (pool != NULL)
		jobs_end();
}

static const struct sim_case scarce_threads = {
	.name = "scarce-threads",
	.setup = scarce_setup,
	.finish = scarce_finish,
	.failed_starts = 2,
	.random = 20000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static const struct sim_case scarce_memory = {
	.name = "scarce-memory",
	.setup = scarce_setup,
	.finish = scarce_finish,
	.failed_allocations = 2,
	.random = 20000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_b2_threads_cannot_be_started(void **state)
{
	(void)state;
	assert_true(sim_verify(&scarce_threads));
}

static void test_sim_b1_memory_cannot_be_had(void **state)
{
	(void)state;
	assert_true(sim_verify(&scarce_memory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_b2_threads_cannot_be_started),
		cmocka_unit_test(test_sim_b1_memory_cannot_be_had),
	};

	return cmocka_run_group_tests_name("sim scarce", tests, NULL, NULL);
}
