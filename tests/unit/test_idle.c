/* SPDX-License-Identifier: MIT */
/*
 * test_idle.c - qs_pool_options.idle: what a worker lets go of before it sleeps.
 *
 * The worker here has a runtime with one lock, as the interpreters of some languages do: a body
 * takes it, the worker keeps it from task to task, and lets it go when there is no more to do.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define MANY 200

/* The runtime; what is not atomic is guarded by its lock. */
struct runtime {
	pthread_mutex_t lock;
	unsigned runs;
	atomic_uint takes;		/* how often a worker has taken the lock */
	atomic_uint idles;
};

/* A worker's own. */
struct resident {
	struct runtime *runtime;
	bool has_lock;
};

static _Thread_local struct resident resident;

static int move_in(void **out_data, void *arg)
{
	resident = (struct resident){ arg, false };
	*out_data = &resident;
	return 0;
}

static void let_go(void *data, void *arg)
{
	struct resident *here = data;

	(void)atomic_fetch_add(&((struct runtime *)arg)->idles, 1);
	if (here->has_lock)
		(void)pthread_mutex_unlock(&here->runtime->lock);
	here->has_lock = false;
}

static int move_out(void *data, void *arg)
{
	struct resident *here = data;

	(void)arg;
	if (here->has_lock)
		(void)pthread_mutex_unlock(&here->runtime->lock);
	return 0;
}

static int body_in_runtime(qs_task *task, void *arg)
{
	struct resident *here = qs_task_worker_data(task);

	(void)arg;
	if (!here->has_lock) {
		(void)pthread_mutex_lock(&here->runtime->lock);
		(void)atomic_fetch_add(&here->runtime->takes, 1);
	}
	here->has_lock = true;
	here->runtime->runs++;
	return 0;
}

static qs_pool *pool_of(struct runtime *runtime, uint32_t workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)pthread_mutex_init(&runtime->lock, NULL);
	options.workers = workers;
	options.init = move_in;
	options.idle = let_go;
	options.finish = move_out;
	options.worker_arg = runtime;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	return pool;
}

static uint32_t workers_of(qs_pool *pool)
{
	qs_stats stats = QS_STATS_INIT;

	assert_int_equal(qs_pool_stats(pool, &stats), 0);
	return stats.workers;
}

static void end_in_runtime(struct runtime *runtime, qs_future *future)
{
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	(void)pthread_mutex_lock(&runtime->lock);
	assert_int_equal(qs_future_state(future), QS_DONE);
	qs_future_release(future);
}

/*
 * The submitter has the lock, too, as a thread of such a language has it: he submits when the
 * worker is in the line again, not a moment before.  So the one worker is always found.
 */
static void test_idle_lets_go_of_the_lock_when_the_worker_can_be_found(void **state)
{
	static struct runtime runtime;
	qs_pool *pool = pool_of(&runtime, 4);

	(void)state;
	runtime.runs = 0;
	(void)pthread_mutex_lock(&runtime.lock);
	for (unsigned i = 0; i < MANY; i++) {
		qs_future *future = task_submit(pool, body_in_runtime, NULL);

		(void)pthread_mutex_unlock(&runtime.lock);
		end_in_runtime(&runtime, future);
	}
	assert_int_equal(runtime.runs, MANY);
	assert_int_equal(workers_of(pool), 1);
	(void)pthread_mutex_unlock(&runtime.lock);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(pthread_mutex_destroy(&runtime.lock), 0);
}

/* A worker that always finds another task does not let go in between. */
static void test_idle_is_not_called_between_tasks(void **state)
{
	static struct runtime runtime;
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_of(&runtime, 1);

	(void)state;
	runtime.runs = runtime.takes = 0;
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	for (unsigned i = 0; i < MANY; i++)
		qs_future_release(task_submit(pool, body_in_runtime, NULL));
	runtime.idles = 0;
	/* Nothing more comes, so that the worker leaves after the last one. */
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	gate_raise(&hold.leave);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(runtime.runs, MANY);
	assert_int_equal(runtime.takes, 1);
	assert_int_equal(runtime.idles, 0);
	assert_int_equal(pthread_mutex_destroy(&runtime.lock), 0);
}

static struct hold idle_hold;

static void stay(void *data, void *arg)
{
	(void)data;
	(void)arg;
	(void)body_hold(NULL, &idle_hold);
}

/* It is the user's code: a join that waits no longer leaves the worker behind in it. */
static void test_idle_that_does_not_return_is_left_behind(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool = NULL;

	(void)state;
	idle_hold = (struct hold)HOLD_INIT;
	options.workers = 1;
	options.idle = stay;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	gate_await(&idle_hold.entered, 1);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(1), NULL, &report), -ETIMEDOUT);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_destroy(pool), 0);
	gate_raise(&idle_hold.leave);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_idle_lets_go_of_the_lock_when_the_worker_can_be_found),
		test(test_idle_is_not_called_between_tasks),
		test(test_idle_that_does_not_return_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
