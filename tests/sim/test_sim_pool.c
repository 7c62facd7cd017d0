/* SPDX-License-Identifier: MIT */
/*
 * test_sim_pool.c - exec/: submit, cancel, stop, shutdown and join against each other and against the workers.
 *
 * After each execution the books are checked: what was submitted is the sum of the ends, each accepted task
 * reached one end, its body ran if and only if that end says so, and its argument was given back once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "core/stop.h"
#include "platform/clock.h"
#include "platform/park.h"
#include "quiesce.h"
#include "sim/sim.h"

enum { TASKS = 3 };

/* One task: what was asked for, and what happened. */
struct job {
	qs_future *future;
	int accepted;
	int runs;	/* plain: what the body did is published by the end */
	int destroyed;
	int returns;
};

static qs_pool *pool;
static struct job jobs[TASKS];
static qs_stop *stop;
static qs__atomic(uint32_t) gate;

/* ---- tasks ---- */

static int do_job(qs_task *task, void *arg)
{
	struct job *job = arg;

	(void)task;
	QS_PLAIN_WRITE(job->runs, QS_PLAIN_READ(job->runs) + 1);
	return job->returns;
}

static int wait_at_gate(qs_task *task, void *arg)
{
	while (qs__load_acquire(&gate) == 0)
		qs__park(&gate, 0, QS_NEVER);
	return do_job(task, arg);
}

static int sleep_until_stop(qs_task *task, void *arg)
{
	(void)do_job(task, arg);
	return qs_sleep(QS_NEVER, qs_task_stop(task));
}

static void open_gate(void *arg)
{
	(void)arg;
	qs__store_release(&gate, 1);
	qs__unpark_all(&gate);
}

static void give_back(void *arg)
{
	struct job *job = arg;

	QS_PLAIN_WRITE(job->destroyed, QS_PLAIN_READ(job->destroyed) + 1);
}

static int submit_body(struct job *job, qs_task_fn *body, qs_stop *task_stop)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	options.destroy = give_back;
	options.stop = task_stop;
	error = qs_submit_by(&job->future, pool, body, job, &options, QS_NOW, NULL);
	job->accepted = error == 0;
	return error;
}

/* ---- the beginning and the books ---- */

static const struct job empty_job;

static void clear(void)
{
	stop = NULL;
	for (int i = 0; i < TASKS; i++)
		jobs[i] = empty_job;
	qs__atomic_init(&gate, 0);
}

static void begin_bounded(uint32_t workers, size_t max_pending)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	clear();
	options.workers = workers;
	options.max_pending = max_pending;
	SIM_ASSERT(qs_pool_create(&pool, &options) == 0);
}

static void begin(uint32_t workers)
{
	begin_bounded(workers, 0);
}

static bool has_run(int state)
{
	return state == QS_DONE || state == QS_FAILED || state == QS_STOPPED;
}

static void check_job(struct job *job)
{
	int state;

	if (!job->accepted) {
		SIM_ASSERT(job->runs == 0 && job->destroyed == 0);
		return;
	}
	state = qs_future_state(job->future);
	SIM_ASSERT(qs_future_is_ended(job->future) == 1);
	SIM_ASSERT(job->destroyed == 1);
	SIM_ASSERT(job->runs == (has_run(state) ? 1 : 0));
	qs_future_release(job->future);
}

/* Submitted is the sum of the ends. */
static void check_sum(const qs_report *report)
{
	uint64_t ends = 0;

	for (int state = 0; state < QS_STATES; state++)
		ends += report->ends[state];
	SIM_ASSERT(report->submitted == ends);
}

static void join(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	SIM_ASSERT(qs_pool_join(pool, QS_NEVER, NULL, &report) == 0);
	SIM_ASSERT(report.stragglers == 0);
	check_sum(&report);
}

/* Joins, checks, frees. */
static void end(void)
{
	join(NULL);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	for (int i = 0; i < TASKS; i++)
		check_job(&jobs[i]);
	qs_stop_release(stop);
}

/* ---- threads ---- */

static void submit_job(void *arg)
{
	const int error = submit_body(arg, do_job, NULL);

	SIM_ASSERT(error == 0 || error == -ESHUTDOWN || error == -ECANCELED || error == -ETIMEDOUT);
}

static void submit_with_stop(void *arg)
{
	(void)submit_body(arg, do_job, stop);
}

static void submit_patiently(void *arg)
{
	struct job *job = arg;
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.destroy = give_back;
	job->accepted = qs_submit_by(&job->future, pool, do_job, job, &options, QS_NEVER, NULL) == 0;
}

static void shut_down(void *arg)
{
	SIM_ASSERT(qs_pool_shutdown(pool, *(const qs_shutdown_mode *)arg) == 0);
}

static void cancel_job(void *arg)
{
	struct job *job = arg;
	const int cancelled = qs_future_cancel(job->future);

	SIM_ASSERT(cancelled == 0 || cancelled == 1);
	if (cancelled)
		SIM_ASSERT(qs_future_state(job->future) == QS_CANCELLED);
}

static void stop_job(void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(qs_future_stop(job->future, 0, NULL) >= 0);
}

static void await_job(void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(qs_wait(job->future, QS_NEVER, NULL) == 0);
	SIM_ASSERT(QS_PLAIN_READ(job->runs) == (has_run(qs_future_state(job->future)) ? 1 : 0));
}

static void ask_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

static void ask_pool_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(qs_pool_stop(pool), 0, NULL);
}

static const qs_shutdown_mode drain = QS_DRAIN;
static const qs_shutdown_mode cancel = QS_CANCEL;
static const qs_shutdown_mode stop_all = QS_STOP;

/* ---- submit against shutdown and join ---- */

static void submit_against_shutdown_setup(void)
{
	static const qs_shutdown_mode modes[] = { QS_DRAIN, QS_CANCEL, QS_STOP };

	begin(1);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("shutter", shut_down, (void *)&modes[sim_choose(3)]);
}

static const struct sim_case submit_against_shutdown = {
	.name = "submit-against-shutdown",
	.setup = submit_against_shutdown_setup,
	.finish = end,
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
	begin(2);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("joiner", join, NULL);
}

static const struct sim_case submit_against_join = {
	.name = "submit-against-join",
	.setup = submit_against_join_setup,
	.finish = end,
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

/* ---- the books are whole when the last hold has gone, whoever counted ---- */

static void books_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("canceller", cancel_job, &jobs[0]);
	sim_thread("joiner", join, NULL);
}

static const struct sim_case books = {
	.name = "books",
	.setup = books_setup,
	.finish = end,
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

/* ---- cancel against claim ---- */

static void cancel_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("canceller", cancel_job, &jobs[0]);
	sim_thread("waiter", await_job, &jobs[0]);
}

static const struct sim_case cancel_against_claim = {
	.name = "cancel-against-claim",
	.setup = cancel_setup,
	.finish = end,
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

static void stop_running_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], sleep_until_stop, NULL) == 0);
	sim_thread("stopper", stop_job, &jobs[0]);
	sim_thread("pool stopper", shut_down, (void *)&stop_all);
}

static const struct sim_case stop_against_claim = {
	.name = "stop-against-claim",
	.setup = stop_running_setup,
	.finish = end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_task_is_stopped_while_it_begins(void **state)
{
	(void)state;
	assert_true(sim_verify(&stop_against_claim));
}

/* ---- the task's own token is asked while it is submitted, claimed, run ---- */

static void task_stop_setup(void)
{
	begin(1);
	stop = NULL;
	stop = qs__stop_new(NULL, NULL);
	sim_thread("submitter", submit_with_stop, &jobs[0]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case task_stop_against_submit = {
	.name = "task-stop-against-submit",
	.setup = task_stop_setup,
	.finish = end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "callback.c:run:exchange_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/* The only worker is busy until the task has ended: so it is the ask that must end it, or the submit that comes after. */
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
	begin(1);
	stop = qs__stop_new(NULL, NULL);
	SIM_ASSERT(submit_body(&jobs[0], wait_at_gate, NULL) == 0);
	sim_thread("submitter", submit_with_stop_and_await, &jobs[1]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case task_stop_while_busy = {
	.name = "task-stop-while-busy",
	.setup = busy_setup,
	.finish = end,
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
	begin(1);
	stop = qs__stop_new(NULL, NULL);
	sim_thread("submitter", submit_with_stop_and_forget, &jobs[0]);
	sim_thread("stopper", ask_stop, NULL);
}

static void forget_finish(void)
{
	join(NULL);
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

/* The one worker stands at the gate; behind it is a task that is governed by the token, through the pool or by itself. */
static void handler_setup(bool is_of_pool)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	clear();
	stop = make_for_handlers();
	options.workers = 1;
	options.stop = is_of_pool ? stop : NULL;
	SIM_ASSERT(qs_pool_create(&pool, &options) == 0);
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
	end();
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

/* ---- the pool's token is asked while tasks are pending: everyone who waits is told ---- */

static void pool_stop_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], sleep_until_stop, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("stopper", ask_pool_stop, NULL);
	sim_thread("waiter", await_job, &jobs[1]);
}

static const struct sim_case pool_stop = {
	.name = "pool-stop",
	.setup = pool_stop_setup,
	.finish = end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void shutdown_cancel_setup(void)
{
	begin(1);
	for (int i = 0; i < TASKS; i++)
		SIM_ASSERT(submit_body(&jobs[i], do_job, NULL) == 0);
	sim_thread("shutter", shut_down, (void *)&cancel);
	sim_thread("waiter", await_job, &jobs[2]);
}

static const struct sim_case shutdown_cancel = {
	.name = "shutdown-cancel",
	.setup = shutdown_cancel_setup,
	.finish = end,
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

/* ---- room in a bounded queue is waited for while the pool is shut down ---- */

static void bounded_setup(void)
{
	begin_bounded(1, 1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("submitter", submit_patiently, &jobs[1]);
	sim_thread("submitter 2", submit_patiently, &jobs[2]);
	sim_thread("shutter", shut_down, (void *)&drain);
}

static const struct sim_case room_against_shutdown = {
	.name = "room-against-shutdown",
	.setup = bounded_setup,
	.finish = end,
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

/* ---- two shut down, two join ---- */

static void two_joins_setup(void)
{
	begin(1);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("joiner", join, NULL);
	sim_thread("joiner 2", join, NULL);
}

static const struct sim_case two_joins = {
	.name = "two-joins",
	.setup = two_joins_setup,
	.finish = end,
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
	begin(1);
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
static void join_a_while_and_look(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	(void)qs_pool_join(pool, qs_after_s(1), NULL, &report);
	check_sum(&report);
}

/* Both were submitted before: a join that has returned leaves neither without an end. */
static void join_a_while_and_see_both_ended(void *arg)
{
	join_a_while_and_look(arg);
	SIM_ASSERT(qs_future_is_ended(jobs[0].future) == 1);
	SIM_ASSERT(qs_future_is_ended(jobs[1].future) == 1);
}

static void destroy_after_join(void)
{
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	for (int i = 0; i < TASKS; i++) {
		if (jobs[i].accepted) {
			SIM_ASSERT(qs_future_is_ended(jobs[i].future) == 1);
			qs_future_release(jobs[i].future);
		}
	}
}

static void cancel_while_joined_setup(void)
{
	begin(1);
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
	begin(2);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("joiner", join_a_while_and_look, NULL);
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
	begin(1);
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
	begin(2);
	SIM_ASSERT(submit_body(&jobs[0], submit_and_shut_down, NULL) == 0);
	sim_thread("joiner", join, NULL);
	sim_thread("submitter", submit_job, &jobs[2]);
}

static const struct sim_case task_shuts_down = {
	.name = "task-shuts-down",
	.setup = inside_setup,
	.finish = end,
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

/* ---- a thread is brought as a worker while the pool is shut down; a host brings all of them ---- */

static void work_here(void *arg)
{
	const int error = qs_pool_work(arg != NULL ? arg : pool);

	SIM_ASSERT(error == 0 || error == -ESHUTDOWN);
}

/* Three places: one for the pool's first worker, one for the task, one to be brought. */
static void brought_setup(void)
{
	begin(3);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	sim_thread("brought", work_here, NULL);
	sim_thread("shutter", shut_down, (void *)&drain);
}

static const struct sim_case brought_against_shutdown = {
	.name = "brought-against-shutdown",
	.setup = brought_setup,
	.finish = end,
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

	clear();
	options.workers = 2;
	options.start = bring_worker;
	SIM_ASSERT(qs_pool_create(&pool, &options) == 0);
	sim_thread("submitter", submit_job, &jobs[0]);
	sim_thread("submitter 2", submit_job, &jobs[1]);
	sim_thread("shutter", shut_down, (void *)&drain);
}

static const struct sim_case host_brings_workers = {
	.name = "host-brings-workers",
	.setup = host_setup,
	.finish = end,
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

/* ---- all kinds of waiting against the ends ---- */

static void two_jobs_setup(void (*waiter)(void *arg))
{
	begin(2);
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
	.finish = end,
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
	.finish = end,
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
	.finish = end,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

/* A stop interrupts the handing out, and nothing is lost by it: the rest comes when asked for without the stop. */
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
	begin(1);
	stop = qs__stop_new(NULL, NULL);
	SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
	SIM_ASSERT(submit_body(&jobs[1], do_job, NULL) == 0);
	sim_thread("collector", collect_under_stop, NULL);
	sim_thread("asker", ask_stop, NULL);
}

static const struct sim_case as_completed_against_stop = {
	.name = "as-completed-against-stop",
	.setup = collect_under_stop_setup,
	.finish = end,
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

	clear();
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
		end();
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
		cmocka_unit_test(test_sim_a24_submit_against_shutdown_and_join),
		cmocka_unit_test(test_sim_a24_books_are_whole_after_the_last_hold),
		cmocka_unit_test(test_sim_a8_cancel_against_claim),
		cmocka_unit_test(test_sim_a27_task_is_stopped_while_it_begins),
		cmocka_unit_test(test_sim_a24_task_token_is_asked_while_it_is_submitted),
		cmocka_unit_test(test_sim_a6_task_token_is_asked_while_its_future_goes),
		cmocka_unit_test(test_sim_c2_nothing_is_claimed_after_a_handler_asked),
		cmocka_unit_test(test_sim_a4_stop_tells_those_who_wait_for_pending_tasks),
		cmocka_unit_test(test_sim_a24_submit_waits_for_room_against_shutdown),
		cmocka_unit_test(test_sim_a23_two_join_at_once),
		cmocka_unit_test(test_sim_a26_join_against_the_end_of_what_overstays),
		cmocka_unit_test(test_sim_a26_join_gives_up_while_others_cancel_and_start),
		cmocka_unit_test(test_sim_a26_hard_token_ends_the_join),
		cmocka_unit_test(test_sim_a23_task_shuts_its_own_pool_down),
		cmocka_unit_test(test_sim_brought_workers_against_shutdown),
		cmocka_unit_test(test_sim_a16_waits_against_ends),
		cmocka_unit_test(test_sim_b2_threads_cannot_be_started),
		cmocka_unit_test(test_sim_b1_memory_cannot_be_had),
	};

	return cmocka_run_group_tests_name("sim pool", tests, NULL, NULL);
}
