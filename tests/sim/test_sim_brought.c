/* SPDX-License-Identifier: MIT */
/*
 * test_sim_brought.c - threads that others bring as workers, while the pool goes down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "quiesce.h"
#include "sim/jobs.h"

/* ---- a thread is brought as a worker while the pool is shut down; a host brings all of them ---- */

static void work_here(void *arg)
{
	const int error = qs_pool_work(arg != NULL ? arg : pool);

	SIM_ASSERT(error == 0 || error == -ESHUTDOWN);
}

/* Three places: one for the pool's first worker, one for the task, one to be brought. */
static void brought_setup(void)
{
	jobs_begin(3);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("brought", work_here, NULL);
	sim_thread("shutter", drain_pool, NULL);
}

static const struct sim_case brought_against_shutdown = {
	.name = "brought-against-shutdown",
	.setup = brought_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static int bring_worker(qs_pool *wants, void *arg)
{
	(void)arg;
	sim_thread("brought", work_here, wants);
	return 0;
}

static void host_setup(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = 2;
	options.start = bring_worker;
	jobs_begin_with(&options);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("submitter 2", submit_job, &jobs[1]);
	sim_thread("shutter", drain_pool, NULL);
}

static const struct sim_case host_brings_workers = {
	.name = "host-brings-workers",
	.setup = host_setup,
	.finish = jobs_end,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_brought_workers_against_shutdown(void **state)
{
	(void)state;
	assert_true(sim_verify(&brought_against_shutdown));
	assert_true(sim_verify(&host_brings_workers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_brought_workers_against_shutdown),
	};

	return cmocka_run_group_tests_name("sim brought", tests, NULL, NULL);
}
