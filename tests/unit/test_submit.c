/* SPDX-License-Identifier: MIT */
/*
 * test_submit.c - accepted or refused: room, deadlines, stops, shutdown; nothing left
 * behind by what was refused.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

/* A pool of one worker, which is busy, and room for one more task, which is taken. */
struct full {
	qs_pool *pool;
	struct hold hold;
};

static void full_begin(struct full *full)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	*full = (struct full){ .hold = HOLD_INIT };
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&full->pool, &options), 0);
	qs_future_release(task_submit(full->pool, body_hold, &full->hold));
	gate_await(&full->hold.entered, 1);
	qs_future_release(task_submit(full->pool, body_return, NULL));
}

static qs_report full_end(struct full *full)
{
	gate_raise(&full->hold.leave);
	return pool_end(full->pool, QS_DRAIN);
}

static int submit_by(struct full *full, qs_time deadline, qs_stop *stop)
{
	return qs_submit_by(NULL, full->pool, body_return, NULL, NULL, deadline, stop);
}

static void test_submit_to_a_full_queue_never_waits(void **state)
{
	struct full full;
	qs_future *future = NULL;

	(void)state;
	full_begin(&full);
	assert_int_equal(qs_submit(&future, full.pool, body_return, NULL), -EAGAIN);
	assert_int_equal(submit_by(&full, QS_NOW, NULL), -ETIMEDOUT);
	assert_null(future);
	assert_int_equal(full_end(&full).submitted, 2);
}

static void test_submit_by_waits_until_its_deadline(void **state)
{
	struct full full;
	const qs_time deadline = qs_after_ms(10);

	(void)state;
	full_begin(&full);
	assert_int_equal(submit_by(&full, deadline, NULL), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	(void)full_end(&full);
}

static void test_submit_by_gets_the_room_that_comes(void **state)
{
	struct full full;
	qs_future *future = NULL;

	(void)state;
	full_begin(&full);
	gate_raise(&full.hold.leave);
	assert_int_equal(qs_submit_by(&future, full.pool, body_return, NULL, NULL, patience(), NULL), 0);
	task_end(future, QS_DONE);
	assert_int_equal(full_end(&full).submitted, 3);
}

static void *cancel(void *future)
{
	(void)qs_future_cancel(future);
	return NULL;
}

static void test_submit_by_gets_the_room_of_a_cancelled_task(void **state)
{
	struct full full = { .hold = HOLD_INIT };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *pending;
	pthread_t thread;

	(void)state;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&full.pool, &options), 0);
	qs_future_release(task_submit(full.pool, body_hold, &full.hold));
	gate_await(&full.hold.entered, 1);
	pending = task_submit(full.pool, body_return, NULL);
	assert_int_equal(pthread_create(&thread, NULL, cancel, pending), 0);
	assert_int_equal(submit_by(&full, patience(), NULL), 0);
	(void)pthread_join(thread, NULL);
	task_end(pending, QS_CANCELLED);
	assert_int_equal(full_end(&full).submitted, 3);
}

static void test_submit_by_ends_by_its_stop(void **state)
{
	struct full full;
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop;

	(void)state;
	full_begin(&full);
	options.deadline = qs_after_ms(5);
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(submit_by(&full, QS_NEVER, stop), -ECANCELED);
	assert_int_equal(submit_by(&full, QS_NEVER, stop), -ECANCELED);
	qs_stop_release(stop);
	(void)full_end(&full);
}

/* A thread that waits for room, and the one that ends its wait in some other way. */
struct blocked {
	struct full full;
	struct gate about;
	int result;
};

static void *submit_blocked(void *arg)
{
	struct blocked *it = arg;

	gate_raise(&it->about);
	it->result = submit_by(&it->full, patience(), NULL);
	return NULL;
}

static void test_submit_by_ends_by_shutdown(void **state)
{
	struct blocked it = { .about = GATE_INIT };
	pthread_t thread;

	(void)state;
	full_begin(&it.full);
	assert_int_equal(pthread_create(&thread, NULL, submit_blocked, &it), 0);
	gate_await(&it.about, 1);
	assert_int_equal(qs_pool_shutdown(it.full.pool, QS_DRAIN), 0);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, -ESHUTDOWN);
	assert_int_equal(full_end(&it.full).submitted, 2);
}

static void test_submit_by_ends_by_the_pools_stop(void **state)
{
	struct blocked it = { .about = GATE_INIT };
	pthread_t thread;

	(void)state;
	full_begin(&it.full);
	assert_int_equal(pthread_create(&thread, NULL, submit_blocked, &it), 0);
	gate_await(&it.about, 1);
	assert_int_equal(qs_stop_ask(qs_pool_stop(it.full.pool), 0, NULL), 1);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, -ECANCELED);
	assert_int_equal(full_end(&it.full).submitted, 2);
}

static int submit_from_inside(qs_task *task, void *arg)
{
	struct full *full = arg;

	gate_raise(&full->hold.entered);
	gate_await(&full->hold.leave, 1);
	return submit_by(full, QS_NEVER, qs_task_stop(task));
}

static void test_submit_by_from_a_worker_of_a_full_pool_would_deadlock(void **state)
{
	struct full full = { .hold = HOLD_INIT };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *inside;

	(void)state;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&full.pool, &options), 0);
	inside = task_submit(full.pool, submit_from_inside, &full);
	gate_await(&full.hold.entered, 1);
	qs_future_release(task_submit(full.pool, body_return, NULL));
	gate_raise(&full.hold.leave);
	assert_int_equal(qs_wait(inside, patience(), NULL), 0);
	assert_int_equal(qs_future_value(inside), -EDEADLK);
	task_end(inside, QS_FAILED);
	(void)pool_end(full.pool, QS_DRAIN);
}

static void test_submit_from_a_worker_into_room_is_accepted(void **state)
{
	struct full full = { .hold = HOLD_INIT, .pool = pool_make(1) };

	(void)state;
	gate_raise(&full.hold.leave);
	task_end(task_submit(full.pool, submit_from_inside, &full), QS_DONE);
	assert_int_equal(pool_end(full.pool, QS_DRAIN).ends[QS_DONE], 2);
}

static void test_submit_refused_leaves_the_argument_alone(void **state)
{
	struct full full;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	atomic_uint destroyed = 0;
	qs_stop *asked;

	(void)state;
	full_begin(&full);
	options.destroy = destroy_count;
	assert_int_equal(qs_stop_create(&asked, NULL), 0);
	assert_int_equal(qs_submit_by(NULL, full.pool, body_count, &destroyed, &options, QS_NOW, NULL), -ETIMEDOUT);
	options.stop = asked;
	assert_int_equal(qs_submit_by(NULL, full.pool, body_count, &destroyed, &options, QS_NOW, NULL), -ETIMEDOUT);
	(void)qs_stop_ask(asked, 0, NULL);
	assert_int_equal(qs_submit_by(NULL, full.pool, body_count, &destroyed, &options, QS_NEVER, NULL), -ECANCELED);
	options.stop = NULL;
	assert_int_equal(qs_pool_shutdown(full.pool, QS_DRAIN), 0);
	assert_int_equal(qs_submit_by(NULL, full.pool, body_count, &destroyed, &options, QS_NEVER, NULL), -ESHUTDOWN);
	(void)full_end(&full);
	assert_int_equal(destroyed, 0);
	qs_stop_release(asked);
}

static void test_submit_bad_arguments_are_refused(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	(void)state;
	assert_int_equal(qs_submit(NULL, NULL, body_return, NULL), -EINVAL);
	assert_int_equal(qs_submit(NULL, pool, NULL, NULL), -EINVAL);
	options.size += 8;
	assert_int_equal(qs_submit_by(NULL, pool, body_return, NULL, &options, QS_NOW, NULL), -EINVAL);
	options.size = sizeof(options);
	options.flags = 1u << 31;
	assert_int_equal(qs_submit_by(NULL, pool, body_return, NULL, &options, QS_NOW, NULL), -EINVAL);
	options.flags = 0;
	options.run_ns = -1;
	assert_int_equal(qs_submit_by(NULL, pool, body_return, NULL, &options, QS_NOW, NULL), -EINVAL);
	assert_int_equal(pool_end(pool, QS_DRAIN).submitted, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_submit_to_a_full_queue_never_waits),
		test(test_submit_by_waits_until_its_deadline),
		test(test_submit_by_gets_the_room_that_comes),
		test(test_submit_by_gets_the_room_of_a_cancelled_task),
		test(test_submit_by_ends_by_its_stop),
		test(test_submit_by_ends_by_shutdown),
		test(test_submit_by_ends_by_the_pools_stop),
		test(test_submit_by_from_a_worker_of_a_full_pool_would_deadlock),
		test(test_submit_from_a_worker_into_room_is_accepted),
		test(test_submit_refused_leaves_the_argument_alone),
		test(test_submit_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
