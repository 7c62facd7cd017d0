/* SPDX-License-Identifier: MIT */
/*
 * test_sim_nested.c - tasks on each other's stacks: waits that run what they wait for, circles, guests, limits of time.
 *
 * After each execution what was submitted is the sum of the ends, and each task that was accepted has reached one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "exec/pool.h"
#include "exec/wait_graph.h"
#include "platform/park.h"
#include "quiesce.h"
#include "sim/sim.h"

enum { TASKS = 2 };

/* One task, and the one that it waits for. */
struct job {
	struct job *awaits;
	qs_future *future;
	int accepted;
	int returned;	/* plain: what the wait said is published by the end */
	int runs;
	int destroyed;
};

static qs_pool *pool;
static struct job jobs[TASKS];
static qs__atomic(uint32_t) gate;

static void open_gate(void *arg)
{
	(void)arg;
	qs__store_release(&gate, 1);
	qs__unpark_all(&gate);
}

static void pass_gate(void)
{
	while (qs__load_acquire(&gate) == 0)
		qs__park(&gate, 0, QS_NEVER);
}

static void give_back(void *arg)
{
	struct job *job = arg;

	QS_PLAIN_WRITE(job->destroyed, QS_PLAIN_READ(job->destroyed) + 1);
}

static int do_job(qs_task *task, void *arg)
{
	struct job *job = arg;

	(void)task;
	QS_PLAIN_WRITE(job->runs, QS_PLAIN_READ(job->runs) + 1);
	return 0;
}

static int submit(struct job *job, qs_task_fn *body, const qs_task_options *wishes)
{
	qs_task_options options = *wishes;
	int error;

	options.destroy = give_back;
	error = qs_submit_by(&job->future, pool, body, job, &options, QS_NOW, NULL);
	job->accepted = error == 0;
	return error;
}

static int submit_plain(struct job *job, qs_task_fn *body)
{
	const qs_task_options plain = QS_TASK_OPTIONS_INIT;

	return submit(job, body, &plain);
}

/* The graph's lock keeps a trace of its first use, which is to be in each execution. */
static void use_graph(void)
{
	struct qs__worker worker = { .pool = pool };
	const struct qs__awaited nothing = qs__await_array(NULL, 0, true);
	struct qs__blocked blocked;

	qs__list_init(&worker.in_guests);
	SIM_ASSERT(qs__wait_graph_enter(&blocked, &worker, &nothing, false) == 0);
	qs__wait_graph_leave(&blocked);
}

static void begin(uint32_t workers, size_t max_pending)
{
	static const struct job empty;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	for (int i = 0; i < TASKS; i++)
		jobs[i] = empty;
	qs__atomic_init(&gate, 0);
	options.workers = workers;
	options.max_pending = max_pending;
	SIM_ASSERT(qs_pool_create(&pool, &options) == 0);
	use_graph();
}

static void check_sum(const qs_report *report)
{
	uint64_t ends = 0;

	for (int state = 0; state < QS_STATES; state++)
		ends += report->ends[state];
	SIM_ASSERT(report->submitted == ends);
}

/* Its end says whether its body ran, and its argument was given back once. */
static void check_job(struct job *job)
{
	const int state = job->accepted ? qs_future_state(job->future) : QS_CANCELLED;
	const bool has_run = state == QS_DONE || state == QS_FAILED || state == QS_STOPPED;

	SIM_ASSERT(state > QS_RUNNING);
	SIM_ASSERT(state == QS_ABANDONED || state == QS_TIMED_OUT || job->runs == (has_run ? 1 : 0));
	SIM_ASSERT(job->destroyed == job->accepted);
	if (job->accepted)
		qs_future_release(job->future);
}

static void end(void)
{
	qs_report report = QS_REPORT_INIT;

	SIM_ASSERT(qs_pool_join(pool, QS_NEVER, NULL, &report) == 0);
	check_sum(&report);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	for (int i = 0; i < TASKS; i++)
		check_job(&jobs[i]);
}

static void cancel_job(void *arg)
{
	const int cancelled = qs_future_cancel(((struct job *)arg)->future);

	SIM_ASSERT(cancelled == 0 || cancelled == 1);
}

/* ---- a task waits for one of its own pool: it, another worker, or a canceller gets that ---- */

static int wait_for_other(qs_task *task, void *arg)
{
	struct job *job = arg;
	const int error = qs_wait(job->awaits->future, QS_NEVER, NULL);

	(void)do_job(task, arg);
	QS_PLAIN_WRITE(job->returned, error);
	return error;
}

static void waits_for_pending(uint32_t workers)
{
	begin(workers, 0);
	jobs[0].awaits = &jobs[1];
	SIM_ASSERT(submit_plain(&jobs[1], do_job) == 0);
	SIM_ASSERT(submit_plain(&jobs[0], wait_for_other) == 0);
	sim_thread("canceller", cancel_job, &jobs[1]);
}

static void claim_setup(void)
{
	waits_for_pending(2);
}

static void outer_has_waited(void)
{
	SIM_ASSERT(qs_wait(jobs[0].future, QS_NEVER, NULL) == 0);
	end();
	SIM_ASSERT(jobs[0].returned == 0);
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

	SIM_ASSERT(submit_plain(job->awaits, do_job) == 0);
	return wait_for_other(task, arg);
}

static void inline_setup(void)
{
	begin(1, 0);
	jobs[0].awaits = &jobs[1];
	SIM_ASSERT(submit_plain(&jobs[0], submit_and_wait) == 0);
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
	begin(2, 0);
	jobs[0].awaits = &jobs[1];
	jobs[1].awaits = &jobs[0];
	SIM_ASSERT(submit_plain(&jobs[0], wait_at_gate_for_other) == 0);
	SIM_ASSERT(submit_plain(&jobs[1], wait_at_gate_for_other) == 0);
	sim_thread("opener", open_gate, NULL);
}

/*
 * One that finds the other pending runs it inside, and that one is refused.  Each was refused or its wait has ended; not
 * both were refused.
 */
static void one_is_refused(void)
{
	end();
	SIM_ASSERT(jobs[0].returned == -EDEADLK || jobs[1].returned == -EDEADLK);
	SIM_ASSERT(jobs[0].returned == 0 || jobs[1].returned == 0);
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

static int pass_gate_and_do(qs_task *task, void *arg)
{
	pass_gate();
	return do_job(task, arg);
}

/* The inner one is nobody else's: this task may overstay the join and its test. */
static int submit_gate_and_wait(qs_task *task, void *arg)
{
	qs_future *inner;
	int error;

	(void)task;
	(void)arg;
	if (qs_submit(&inner, pool, pass_gate_and_do, &jobs[1]) != 0)
		return -ECANCELED;
	error = qs_wait(inner, QS_NEVER, NULL);
	SIM_ASSERT(error == 0 && qs_future_is_ended(inner) == 1);
	qs_future_release(inner);
	return 0;
}

static void join_a_while(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	(void)qs_pool_join(pool, qs_after_s(1), NULL, &report);
	check_sum(&report);
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
}

static void abandon_setup(void)
{
	begin(1, 0);
	SIM_ASSERT(submit_plain(&jobs[0], submit_gate_and_wait) == 0);
	sim_thread("joiner", join_a_while, NULL);
	sim_thread("opener", open_gate, NULL);
}

static void release_both(void)
{
	for (int i = 0; i < TASKS; i++) {
		if (jobs[i].accepted)
			qs_future_release(jobs[i].future);
	}
}

static const struct sim_case join_against_nested = {
	.name = "join-against-nested",
	.setup = abandon_setup,
	.finish = release_both,
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

/* ---- the queue is full: who submits runs the task itself, while the pool goes down ---- */

static void submit_as_guest(void *arg)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	options.flags = QS_TASK_CALLER_RUNS;
	error = submit(arg, do_job, &options);
	SIM_ASSERT(error == 0 || error == -ESHUTDOWN || error == -ECANCELED);
}

static void shut_down(void *arg)
{
	SIM_ASSERT(qs_pool_shutdown(pool, *(const qs_shutdown_mode *)arg) == 0);
}

static const qs_shutdown_mode stop_all = QS_STOP;

static void guest_setup(void)
{
	begin(1, 1);
	SIM_ASSERT(submit_plain(&jobs[0], do_job) == 0);
	sim_thread("guest", submit_as_guest, &jobs[1]);
	sim_thread("shutter", shut_down, (void *)&stop_all);
}

static const struct sim_case guest_against_shutdown = {
	.name = "guest-against-shutdown",
	.setup = guest_setup,
	.finish = end,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "pool.c:qs__pool_hold:fetch_add_relaxed", SIM_DROP, SIM_ASSERTION | SIM_USE_AFTER_FREE | SIM_DEADLOCK | SIM_LEAK, 0 },
	},
};

/* The worker is at the gate, the queue is full: the guest always runs its task itself. */
static void submit_as_guest_at_gate(void *arg)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	options.flags = QS_TASK_CALLER_RUNS;
	error = submit(arg, pass_gate_and_do, &options);
	SIM_ASSERT(error == 0 || error == -ESHUTDOWN || error == -ECANCELED);
}

static void join_and_look(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	(void)qs_pool_join(pool, qs_after_s(1), NULL, &report);
	check_sum(&report);
}

static void join_guest_setup(void)
{
	begin(1, 1);
	SIM_ASSERT(submit_plain(&jobs[0], pass_gate_and_do) == 0);
	sim_thread("guest", submit_as_guest_at_gate, &jobs[1]);
	sim_thread("joiner", join_and_look, NULL);
	sim_thread("opener", open_gate, NULL);
}

static void destroy_and_release(void)
{
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	release_both();
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
	SIM_ASSERT(submit(arg, do_job, &options) == 0);
}

static void limit_setup(void)
{
	begin(1, 0);
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
	end();
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
		cmocka_unit_test(test_sim_a21_wait_runs_what_is_pending),
		cmocka_unit_test(test_sim_a21_circle_is_refused_once),
		cmocka_unit_test(test_sim_a26_join_against_tasks_on_each_other),
		cmocka_unit_test(test_sim_a24_guest_against_the_way_down),
		cmocka_unit_test(test_sim_a8_limit_against_claim),
	};

	return cmocka_run_group_tests_name("sim nested", tests, NULL, NULL);
}
