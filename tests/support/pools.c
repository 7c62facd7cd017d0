/* SPDX-License-Identifier: MIT */
/*
 * pools.c - what most tests of the pool begin and end with.
 */
#include "support/pools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/patience.h"

qs_pool *pool_make(uint32_t workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = workers;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	return pool;
}

void report_check(const qs_report *report)
{
	uint64_t sum = 0;

	for (int state = 0; state < QS_STATES; state++)
		sum += report->ends[state];
	assert_int_equal(sum, report->submitted);
	assert_int_equal(report->ends[QS_PENDING], 0);
	assert_int_equal(report->ends[QS_RUNNING], 0);
}

qs_report pool_end(qs_pool *pool, qs_shutdown_mode mode)
{
	qs_report report = QS_REPORT_INIT;

	assert_int_equal(qs_pool_shutdown(pool, mode), 0);
	assert_int_equal(qs_pool_join(pool, patience(), NULL, &report), 0);
	report_check(&report);
	assert_int_equal(report.stragglers, 0);
	assert_int_equal(qs_pool_destroy(pool), 0);
	return report;
}

qs_future *task_submit(qs_pool *pool, qs_task_fn *fn, void *arg)
{
	return task_submit_with(pool, fn, arg, NULL);
}

qs_future *task_submit_with(qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options)
{
	qs_future *future = NULL;

	assert_int_equal(qs_submit_by(&future, pool, fn, arg, options, patience(), NULL), 0);
	assert_non_null(future);
	return future;
}

void task_end(qs_future *future, qs_state state)
{
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_state(future), state);
	qs_future_release(future);
}

int body_return(qs_task *task, void *arg)
{
	(void)task;
	return arg != NULL ? *(int *)arg : 0;
}

int body_hold(qs_task *task, void *arg)
{
	struct hold *hold = arg;

	(void)task;
	gate_raise(&hold->entered);
	gate_await(&hold->leave, 1);
	return hold->value;
}

int body_until_stop(qs_task *task, void *arg)
{
	gate_raise(arg);
	return qs_sleep(QS_NEVER, qs_task_stop(task));
}

int body_count(qs_task *task, void *arg)
{
	(void)task;
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
	return 0;
}

void destroy_count(void *arg)
{
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
}
