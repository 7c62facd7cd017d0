/* SPDX-License-Identifier: MIT */
/*
 * test_sim_nested.c - exec/nested.c and exec/wait_graph.c: tasks on each other's stacks, waits that
 * run what they wait for, circles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "exec/pool.h"
#include "exec/wait_graph.h"
#include "quiesce.h"
#include "sim/jobs.h"

/* The graph's lock keeps a trace of its first use, which is to be in each execution. */
static void use_graph(void)
{
	struct qs__worker worker = { .pool = pool };
	const struct qs__awaited nothing = qs__await_array(NULL, 0, QS__NEEDS_ALL);
	struct qs__blocked blocked;

	qs__list_init(&worker.in_guests);
	SIM_ASSERT(qs__wait_graph_enter(&blocked, &worker, &nothing, false) == 0);
	qs__wait_graph_leave(&blocked);
}

static void begin(uint32_t workers)
{
	jobs_begin(workers);
	use_graph();
}

/* ---- a task waits for one of its own pool: it, another worker, or a canceller gets that ---- */

static int wait_for_other(qs_task *task, void *arg)
{
	struct job *job = arg;
	const int error = qs_wait(job->awaits->future, QS_NEVER, NULL);

	(void)do_job(task, arg);
	QS_PLAIN_WRITE(job->waited, error);
	return error;
}

static void claim_setup(void)
{
	begin(2);
	jobs[0].awaits = &jobs[1];
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[0], wait_for_other, NULL) == 0);
	sim_thread("canceller", cancel_job, &jobs[1]);
}

static void outer_has_waited(void)
{
	SIM_ASSERT(qs_wait(jobs[0].future, QS_NEVER, NULL) == 0);
	jobs_end();
	SIM_ASSERT(jobs[0].waited == 0);
}

static const struct sim_case inline_against_claim = {
	.name = "inline-against-claim",
	.setup = claim_setup,
	.finish = outer_has_waited,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_ASSERTION | SIM_RACE | SIM_DEADLOCK | SIM_CRASH | SIM_USE_AFTER_FREE | SIM_LEAK, 0 },
	},
};

/* The outer one is submitted first, and finds the inner one behind it: nobody else could run that. */
static int submit_and_wait(qs_task *task, void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(submit_body(job->awaits, do_job, NULL) == 0);
	return wait_for_other(task, arg);
}

static void inline_setup(void)
{
	begin(1);
	jobs[0].awaits = &jobs[1];
	SIM_ASSERT(submit_body(&jobs[0], submit_and_wait, NULL) == 0);
}

static const struct sim_case inline_alone = {
	.name = "inline-alone",
	.setup = inline_setup,
	.finish = outer_has_waited,
	.preemptions = 3,
	.stale_reads = 1,
	.random = 20000,
};

static void test_sim_a21_wait_runs_what_is_pending(void **state)
{
	(void)state;
	assert_true(sim_verify(&inline_alone));
	assert_true(sim_verify(&inline_against_claim));
}

/* ---- two tasks wait for each other: one of them is refused, and both end ---- */

static int wait_at_gate_for_other(qs_task *task, void *arg)
{
	pass_gate();
	return wait_for_other(task, arg);
}

static void circle_setup(void)
{
	begin(2);
	jobs[0].awaits = &jobs[1];
	jobs[1].awaits = &jobs[0];
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate_for_other, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], wait_at_gate_for_other, NULL) == 0);
	sim_thread("opener", open_gate, NULL);
}

/*
 * One that finds the other pending runs it inside, and that one is refused.  Each was refused or
 * its wait has ended; not both were refused.
 */
static void one_is_refused(void)
{
	jobs_end();
	SIM_ASSERT(jobs[0].waited == -EDEADLK || jobs[1].waited == -EDEADLK);
	SIM_ASSERT(jobs[0].waited == 0 || jobs[1].waited == 0);
}

static const struct sim_case circle = {
	.name = "circle",
	.setup = circle_setup,
	.finish = one_is_refused,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "era_lock.c:qs__era_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_DEADLOCK | SIM_ASSERTION | SIM_CRASH | SIM_LEAK | SIM_RACE | SIM_ENDLESS, 0 },
	},
};

static void test_sim_a21_circle_is_refused_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&circle));
}

/* ---- a join gives up while tasks lie on each other ---- */

/* The inner one is nobody else's: this task may overstay the join and its test. */
static int submit_gate_and_wait(qs_task *task, void *arg)
{
	qs_future *inner;
	int error;

	(void)task;
	(void)arg;
	if (qs_submit(&inner, pool, wait_at_gate, &jobs[1]) != 0)
		return -ECANCELED;
	error = qs_wait(inner, QS_NEVER, NULL);
	SIM_ASSERT(error == 0 && qs_future_is_ended(inner) == 1);
	qs_future_release(inner);
	return 0;
}

static void join_a_while_and_destroy(void *arg)
{
	join_pool_a_while(arg);
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
}

static void abandon_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], submit_gate_and_wait, NULL) == 0);
	sim_thread("joiner", join_a_while_and_destroy, NULL);
	sim_thread("opener", open_gate, NULL);
}

static const struct sim_case join_against_nested = {
	.name = "join-against-nested",
	.setup = abandon_setup,
	.finish = jobs_release,
	.preemptions = 1,
	.early_timeouts = 2,
	.random = 50000,
	.controls = {
		{ "object.c:qs__object_retain:fetch_add_relaxed", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE | SIM_CRASH | SIM_ASSERTION, 0 },
		{ "pool.c:qs__pool_count:fetch_add_acq_rel", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a26_join_against_tasks_on_each_other(void **state)
{
	(void)state;
	assert_true(sim_verify(&join_against_nested));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a21_wait_runs_what_is_pending),
		cmocka_unit_test(test_sim_a21_circle_is_refused_once),
		cmocka_unit_test(test_sim_a26_join_against_tasks_on_each_other),
	};

	return cmocka_run_group_tests_name("sim nested", tests, NULL, NULL);
}
