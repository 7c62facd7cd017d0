/* SPDX-License-Identifier: MIT */
/*
 * test_faults_pool.c - pools and tasks while the system refuses what they ask for (B1, B2, B4).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"
#include "support/pools.h"

#define WORKERS 3
#define TASKS 8

/*
 * Submits until it is refused, or until there are `count`; returns the error.  The
 * futures are to be ended.
 */
static int submit_many(qs_pool *pool, qs_future **futures, size_t count, qs_task_fn *fn, void *arg)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++)
		error = qs_submit(&futures[i], pool, fn, arg);
	return error;
}

/* Those that were accepted have this end. */
static void end_many(qs_future *const *futures, size_t count, qs_state state)
{
	for (size_t i = 0; i < count && futures[i] != NULL; i++)
		task_end(futures[i], state);
}

/*
 * A thread that cannot be had is no error but for the first: the others' work is done
 * by those that are there.
 */
static int use_life(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *futures[TASKS] = { NULL };
	atomic_uint runs = 0;
	unsigned accepted = 0;
	qs_pool *pool = NULL;
	int error;

	options.workers = WORKERS;
	options.name = "faulty";
	error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = submit_many(pool, futures, TASKS, body_count, &runs);
	while (accepted < TASKS && futures[accepted] != NULL)
		accepted++;
	end_many(futures, TASKS, QS_DONE);
	assert_int_equal(runs, accepted);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* The usable CPUs are asked for. */
static int use_defaults(void)
{
	qs_pool *pool = NULL;
	const int error = qs_pool_create(&pool, NULL);

	assert_true(qs_cpu_count() >= 1);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* What is only asked, and asks for nothing itself. */
static int ask_questions(void)
{
	const qs_time now = qs_now();

	assert_string_not_equal(qs_version(), "");
	assert_string_equal(qs_state_name(QS_DONE), "done");
	assert_true(qs_after_ns(1) > now && qs_after_ms(1) > now && qs_after_s(1) > now);
	return 0;
}

/* --------------------------------------------------------------------------- what a body can do */

static atomic_uint results;

static void destroy_result(void *result)
{
	(void)result;
	(void)atomic_fetch_sub(&results, 1);
}

/*
 * Without memory for a token of its own it gets the pool's; without memory for the
 * words it fails all the same.
 */
static int say_all(qs_task *task, void *arg)
{
	qs_task_checkpoint(task, "here");
	if (strcmp(qs_task_name(task), "talker") != 0 || qs_stop_is_asked(qs_task_stop(task)) != 0)
		return -EPROTO;
	(void)atomic_fetch_add(&results, 1);
	if (qs_task_set_result(task, arg, destroy_result) != 0)
		return -EPROTO;
	return qs_task_fail(task, -EIO, "number %u", 5u);
}

static void check_talker(qs_future *future, void *arg, bool takes_result)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_state(future), QS_FAILED);
	assert_int_equal(qs_future_is_ended(future), 1);
	assert_int_equal(qs_future_value(future), -EIO);
	assert_string_not_equal(qs_future_message(future), "");
	assert_string_equal(qs_future_name(future), "talker");
	assert_ptr_equal(qs_future_arg(future), arg);
	assert_int_equal(qs_future_cause(future, &cause), 0);
	assert_ptr_equal(qs_future_result(future), arg);
	if (takes_result) {
		assert_ptr_equal(qs_future_take_result(future), arg);
		destroy_result(arg);
	}
	qs_future_release(qs_future_retain(future));
	task_end(future, QS_FAILED);
}

static int use_bodies(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_task_options task = QS_TASK_OPTIONS_INIT;
	atomic_uint destroyed = 0;
	unsigned accepted = 0;
	qs_pool *pool = NULL;
	int error;

	options.workers = 1;
	task.name = "talker";
	task.destroy = destroy_count;
	error = qs_pool_create(&pool, &options);
	for (; accepted < 2 && error == 0; accepted += error == 0) {
		qs_future *future;

		error = qs_submit_by(&future, pool, say_all, &destroyed, &task, QS_NOW, NULL);
		if (error == 0)
			check_talker(future, &destroyed, accepted == 0);
	}
	workload_end_pool(pool, QS_DRAIN);
	assert_int_equal(destroyed, accepted);
	assert_int_equal(results, 0);
	return error;
}

/* ------------------------------------------------------------------------ those that do not run */

/* While a task runs and another waits; the dump writes, and needs nothing else. */
static int use_inspection(void)
{
	struct hold hold = HOLD_INIT;
	qs_stats stats = QS_STATS_INIT;
	qs_future *pending = NULL;
	qs_pool *pool = NULL;
	const int error = workload_hold_up(&pool, &hold, &pending, NULL, NULL);
	int fd;

	sites_pause();
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sites_resume();
	if (pool != NULL) {
		assert_int_equal(qs_pool_stats(pool, &stats), 0);
		assert_int_equal(stats.pending, pending != NULL);
		assert_int_equal(qs_pool_dump(pool, fd), 0);
	}
	qs_future_release(pending);
	gate_raise(&hold.leave);
	(void)close(fd);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

static int use_cancelling(void)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	struct hold hold = HOLD_INIT;
	qs_future *pending = NULL;
	atomic_uint destroyed = 0;
	qs_pool *pool = NULL;
	int error;

	options.destroy = destroy_count;
	error = workload_hold_up(&pool, &hold, &pending, &options, &destroyed);
	if (pending != NULL) {
		assert_int_equal(qs_future_cancel(pending), 1);
		assert_int_equal(destroyed, 1);
		task_end(pending, QS_CANCELLED);
	}
	gate_raise(&hold.leave);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* Without memory for the reason it is cancelled without one. */
static int use_stopping_one(void)
{
	struct hold hold = HOLD_INIT;
	qs_cause cause = QS_CAUSE_INIT;
	qs_future *pending = NULL;
	qs_pool *pool = NULL;
	const int error = workload_hold_up(&pool, &hold, &pending, NULL, NULL);

	if (pending != NULL) {
		assert_int_equal(qs_future_stop(pending, -EPIPE, "no reader"), 1);
		assert_int_equal(qs_future_cause(pending, &cause), 1);
		assert_true(cause.kind == QS_CAUSE_CANCELLED || cause.code == -EPIPE);
		task_end(pending, QS_CANCELLED);
	}
	gate_raise(&hold.leave);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* A token above the task reaches what is pending, and a full queue does not wait for the pool's own. */
static int use_tokens(void)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	struct hold hold = HOLD_INIT;
	qs_future *pending = NULL;
	qs_pool *pool = NULL;
	int error = qs_stop_create(&options.stop, NULL);

	if (error == 0)
		error = workload_hold_up(&pool, &hold, &pending, &options, NULL);
	if (pending != NULL) {
		const int refused = qs_submit_by(NULL, pool, body_return, NULL, NULL, qs_after_ns(1), NULL);

		assert_true(refused == -ETIMEDOUT || refused == -ENOMEM);
		error = refused == -ENOMEM ? refused : error;
		assert_int_equal(qs_stop_ask(options.stop, 0, NULL), 1);
		task_end(pending, QS_CANCELLED);
	}
	if (pool != NULL)
		assert_int_equal(qs_stop_ask(qs_pool_stop(pool), 0, NULL), 1);
	gate_raise(&hold.leave);
	workload_end_pool(pool, QS_STOP);
	qs_stop_release(options.stop);
	return error;
}

/* One above the pool reaches a body that has no memory for a token of its own, too. */
static int use_token_above(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct gate entered = GATE_INIT;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error = qs_stop_create(&options.stop, NULL);

	options.workers = 1;
	if (error == 0)
		error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = qs_submit(&future, pool, body_until_stop, &entered);
	if (future != NULL) {
		gate_await(&entered, 1);
		assert_int_equal(qs_stop_ask(options.stop, 0, NULL), 1);
		task_end(future, QS_STOPPED);
	}
	workload_end_pool(pool, QS_STOP);
	qs_stop_release(options.stop);
	return error;
}

/* --------------------------------------------------------------------------------- the way down */

static int use_shutdown(void)
{
	struct hold hold = HOLD_INIT;
	qs_future *pending = NULL;
	qs_pool *pool = NULL;
	const int error = workload_hold_up(&pool, &hold, &pending, NULL, NULL);
	qs_report report = QS_REPORT_INIT;

	gate_raise(&hold.leave);
	if (pool == NULL)
		return error;
	assert_int_equal(qs_pool_shutdown(pool, QS_CANCEL), 0);
	assert_int_equal(qs_pool_join(pool, patience(), NULL, &report), 0);
	report_check(&report);
	for (qs_future *each = NULL; (each = qs_pool_next_unstarted(pool, each)) != NULL;)
		assert_ptr_equal(each, pending);
	qs_future_release(pending);
	assert_int_equal(qs_pool_destroy(pool), 0);
	return error;
}

/* A body that overstays is named and left behind, whatever is lacking; it comes back later. */
static int use_stragglers(void)
{
	static struct hold hold;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error;

	hold = (struct hold)HOLD_INIT;
	options.workers = 1;
	error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = qs_submit(&future, pool, body_hold, &hold);
	if (error == 0)
		gate_await(&hold.entered, 1);
	if (pool != NULL) {
		assert_int_equal(qs_pool_join(pool, error == 0 ? QS_NOW : patience(), NULL, &report),
				 error == 0 ? -ETIMEDOUT : 0);
		report_check(&report);
		assert_int_equal(report.stragglers, error == 0);
		assert_int_equal(qs_pool_straggler(pool, 0, &straggler), error == 0 ? 0 : -EINVAL);
		assert_int_equal(qs_pool_destroy(pool), 0);
	}
	gate_raise(&hold.leave);
	if (future != NULL)
		task_end(future, QS_ABANDONED);
	return error;
}

/* ------------------------------------------------------------------------------ brought workers */

static void *work(void *pool)
{
	(void)qs_pool_work(pool);
	return NULL;
}

static int start_detached(qs_pool *pool, void *arg)
{
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	(void)arg;
	sites_pause();
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sites_resume();
	error = pthread_create(&thread, &detached, work, pool);
	(void)pthread_attr_destroy(&detached);
	return -error;
}

static int use_brought_workers(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *futures[2] = { NULL };
	qs_pool *pool = NULL;
	int error;

	options.workers = 2;
	options.start = start_detached;
	error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = submit_many(pool, futures, 2, body_return, NULL);
	end_many(futures, 2, QS_DONE);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "questions", ask_questions, 0 },
		{ "life", use_life, NEEDS_MEMORY | NEEDS_THREADS },
		{ "defaults", use_defaults, NEEDS_MEMORY | NEEDS_THREADS | NEEDS_DESCRIPTORS },
		{ "inspection", use_inspection, NEEDS_MEMORY | NEEDS_THREADS },
		{ "bodies", use_bodies, NEEDS_MEMORY | NEEDS_THREADS },
		{ "cancelling", use_cancelling, NEEDS_MEMORY | NEEDS_THREADS },
		{ "stopping_one", use_stopping_one, NEEDS_MEMORY | NEEDS_THREADS },
		{ "tokens", use_tokens, NEEDS_MEMORY | NEEDS_THREADS },
		{ "token_above", use_token_above, NEEDS_MEMORY | NEEDS_THREADS },
		{ "shutdown", use_shutdown, NEEDS_MEMORY | NEEDS_THREADS },
		{ "stragglers", use_stragglers, NEEDS_MEMORY | NEEDS_THREADS },
		{ "brought_workers", use_brought_workers, NEEDS_MEMORY | NEEDS_THREADS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
