/* SPDX-License-Identifier: MIT */
/*
 * test_faults_tasks.c - what a task can have besides a body, while the system refuses
 * what that asks for (B1, B2).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"
#include "support/pools.h"

static int make_pool(qs_pool **out, uint32_t workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = workers;
	return qs_pool_create(out, &options);
}

/* The value of the one task that this body makes, and 0 if it was done. */
static int run_one(qs_pool *pool, qs_task_fn *fn, void *arg)
{
	qs_future *future = NULL;
	int error = qs_submit(&future, pool, fn, arg);

	if (error == 0) {
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		error = qs_future_value(future);
	}
	qs_future_release(future);
	return error;
}

/* ------------------------------------------------------------------------------------ callbacks */

static void count_call(qs_future *future, void *arg)
{
	(void)future;
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
}

/* Before the end and after it; each that was accepted is called once. */
static int use_callbacks(void)
{
	struct hold hold = HOLD_INIT;
	qs_future *future = NULL;
	atomic_uint calls = 0;
	unsigned accepted = 0;
	qs_pool *pool = NULL;
	int error = make_pool(&pool, 1);

	if (error == 0)
		error = qs_submit(&future, pool, body_hold, &hold);
	for (; error == 0 && accepted < 3; accepted += error == 0)
		error = qs_future_callback_add(future, count_call, &calls);
	gate_raise(&hold.leave);
	if (future != NULL)
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
	if (error == 0) {
		error = qs_future_callback_add(future, count_call, &calls);
		accepted += error == 0;
	}
	qs_future_release(future);
	workload_end_pool(pool, QS_DRAIN);
	assert_int_equal(calls, accepted);
	return error;
}

/* ---------------------------------------------------------------------------------- time limits */

/* Without memory for a token of its own it hears only of the pool's, and not of its limit. */
static int run_until_asked(qs_task *task, void *pool)
{
	qs_stop *stop = qs_task_stop(task);

	return stop != qs_pool_stop(pool) ? qs_sleep(patience(), stop) : 1;
}

/* One that runs too long. */
static int use_run_limit(void)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error = make_pool(&pool, 1);

	options.run_ns = 1000;
	if (error == 0)
		error = qs_submit_by(&future, pool, run_until_asked, pool, &options, QS_NOW, NULL);
	if (future != NULL) {
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		task_end(future, qs_future_value(future) == 1 ? QS_DONE : QS_TIMED_OUT);
	}
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* One that does not begin in time. */
static int use_begin_limit(void)
{
	struct hold hold = HOLD_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error;

	options.begin_by = qs_after_ns(1000);
	error = workload_hold_up(&pool, &hold, &future, &options, NULL);
	if (future != NULL)
		task_end(future, QS_TIMED_OUT);
	gate_raise(&hold.leave);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* --------------------------------------------------------------------------------------- bounds */

/* In the thread that submits, if there is no room. */
static int use_caller_runs(void)
{
	struct hold hold = HOLD_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *pending = NULL;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error = workload_hold_up(&pool, &hold, &pending, NULL, NULL);

	options.flags = QS_TASK_CALLER_RUNS;
	qs_future_release(pending);
	if (error == 0)
		error = qs_submit_by(&future, pool, body_return, NULL, &options, QS_NEVER, NULL);
	if (future != NULL)
		task_end(future, QS_DONE);
	gate_raise(&hold.leave);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

/* --------------------------------------------------------------------------- a worker's pointer */

static atomic_int begun;

static int begin(void **out_data, void *arg)
{
	*out_data = arg;
	(void)atomic_fetch_add(&begun, 1);
	return 0;
}

static int finish(void *data, void *arg)
{
	(void)atomic_fetch_sub(&begun, 1);
	return data == arg ? 0 : -EPROTO;
}

static int find_data(qs_task *task, void *arg)
{
	return qs_task_worker_data(task) == arg ? 0 : -EPROTO;
}

static int use_worker_data(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	int error;

	options.workers = 2;
	options.init = begin;
	options.finish = finish;
	options.worker_arg = &options;
	error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = run_one(pool, find_data, &options);
	workload_end_pool(pool, QS_DRAIN);
	assert_int_equal(begun, 0);
	return error;
}

/* --------------------------------------------------------------------------------- nested waits */

static int submit_and_wait(qs_task *task, void *pool)
{
	qs_future *future = NULL;
	int error = qs_submit(&future, pool, body_return, NULL);

	if (error == 0)
		error = qs_wait(future, QS_NEVER, qs_task_stop(task));
	qs_future_release(future);
	return error;
}

/* Without a second thread the first one runs what it waits for. */
static int use_nested_waits(void)
{
	qs_pool *pool = NULL;
	int error = make_pool(&pool, 2);

	if (error == 0)
		error = run_one(pool, submit_and_wait, pool);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

struct self {
	struct hold hold;
	qs_future *future;
};

/* The cycle is named, with or without memory for the words in the future. */
static int wait_for_itself(qs_task *task, void *arg)
{
	struct self *self = arg;
	int error;

	gate_await(&self->hold.leave, 1);
	error = qs_wait(self->future, QS_NEVER, NULL);
	return error == -EDEADLK && *qs_task_deadlock(task) == '\0' ? -EPROTO : error;
}

static int use_deadlock(void)
{
	struct self self = { .hold = HOLD_INIT };
	qs_pool *pool = NULL;
	int error = make_pool(&pool, 1);

	if (error == 0)
		error = qs_submit(&self.future, pool, wait_for_itself, &self);
	gate_raise(&self.hold.leave);
	if (error == 0) {
		assert_int_equal(qs_wait(self.future, patience(), NULL), 0);
		assert_int_equal(qs_future_value(self.future), -EDEADLK);
		assert_string_not_equal(qs_future_message(self.future), "");
	}
	qs_future_release(self.future);
	workload_end_pool(pool, QS_DRAIN);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "callbacks", use_callbacks, NEEDS_MEMORY | NEEDS_THREADS },
		{ "run_limit", use_run_limit, NEEDS_MEMORY | NEEDS_THREADS },
		{ "begin_limit", use_begin_limit, NEEDS_MEMORY | NEEDS_THREADS },
		{ "caller_runs", use_caller_runs, NEEDS_MEMORY | NEEDS_THREADS },
		{ "worker_data", use_worker_data, NEEDS_MEMORY | NEEDS_THREADS },
		{ "nested_waits", use_nested_waits, NEEDS_MEMORY | NEEDS_THREADS },
		{ "deadlock", use_deadlock, NEEDS_MEMORY | NEEDS_THREADS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
