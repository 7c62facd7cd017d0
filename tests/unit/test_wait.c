/* SPDX-License-Identifier: MIT */
/*
 * test_wait.c - one, any, all, first failure: what ends each wait, and what it says.
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

/* The four waits under one form: each returns what its call does. */
typedef int wait_fn(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop);

static int wait_one(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	*out_index = 0;
	return count == 0 ? 0 : qs_wait(futures[0], deadline, stop);
}

static int wait_all(size_t *out_index, qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	*out_index = 0;
	return qs_wait_all(futures, count, deadline, stop);
}

static wait_fn *const waits[] = { wait_one, qs_wait_any, wait_all, qs_wait_first_failure };

#define WAITS (sizeof(waits) / sizeof(waits[0]))

/* A pool with one task that runs until it is let go. */
struct scene {
	qs_pool *pool;
	struct hold hold;
	qs_future *held;
};

static void scene_begin(struct scene *scene)
{
	*scene = (struct scene){ .pool = pool_make(1), .hold = HOLD_INIT };
	scene->held = task_submit(scene->pool, body_hold, &scene->hold);
	gate_await(&scene->hold.entered, 1);
}

static void scene_end(struct scene *scene)
{
	gate_raise(&scene->hold.leave);
	qs_future_release(scene->held);
	(void)pool_end(scene->pool, QS_DRAIN);
}

/* A future whose body returned this. */
static qs_future *returned(int value)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, body_return, &value);

	(void)pool_end(pool, QS_DRAIN);
	return future;
}

/* Two futures of a pool that was stopped: one ran, the other was pending.  The wanted one. */
static qs_future *ended_by_stop(qs_state wanted)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_future *running = task_submit(pool, body_until_stop, &entered);
	qs_future *pending = task_submit(pool, body_return, NULL);

	gate_await(&entered, 1);
	(void)pool_end(pool, QS_STOP);
	qs_future_release(wanted == QS_STOPPED ? pending : running);
	return wanted == QS_STOPPED ? running : pending;
}

/* A future that has ended in this state. */
static qs_future *ended(qs_state wanted)
{
	qs_future *future;

	if (wanted == QS_STOPPED || wanted == QS_CANCELLED)
		future = ended_by_stop(wanted);
	else
		future = returned(wanted == QS_FAILED ? -EIO : 0);
	assert_int_equal(qs_future_state(future), wanted);
	return future;
}

static void test_wait_a5_on_any_end_returns_at_once_in_every_mode(void **state)
{
	static const qs_state ends[] = { QS_DONE, QS_FAILED, QS_STOPPED, QS_CANCELLED };
	qs_stop *stop;

	(void)state;
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	(void)qs_stop_ask(stop, 0, NULL);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		qs_future *future = ended(ends[i]);

		for (size_t k = 0; k < WAITS; k++) {
			const int expected = waits[k] == qs_wait_first_failure && ends[i] == QS_FAILED ? 1 : 0;
			size_t index = 9;

			/* An end beats the stop and the deadline. */
			assert_int_equal(waits[k](&index, &future, 1, QS_NEVER, NULL), expected);
			assert_int_equal(waits[k](&index, &future, 1, QS_NOW, NULL), expected);
			assert_int_equal(waits[k](&index, &future, 1, QS_NOW, stop), expected);
		}
		qs_future_release(future);
	}
	qs_stop_release(stop);
}

static void test_wait_deadline_ends_every_mode_never_early(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	for (size_t k = 0; k < WAITS; k++) {
		const qs_time deadline = qs_after_ms(5);
		size_t index = 9;

		assert_int_equal(waits[k](&index, &scene.held, 1, QS_NOW, NULL), -ETIMEDOUT);
		assert_int_equal(waits[k](&index, &scene.held, 1, -1, NULL), -ETIMEDOUT);
		assert_int_equal(waits[k](&index, &scene.held, 1, deadline, NULL), -ETIMEDOUT);
		assert_true(qs_now() >= deadline);
	}
	scene_end(&scene);
}

static void test_wait_stop_beats_the_deadline_in_every_mode(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	for (size_t k = 0; k < WAITS; k++) {
		qs_stop_options options = QS_STOP_OPTIONS_INIT;
		size_t index = 9;
		qs_stop *stop;

		options.deadline = qs_after_ms(5);
		assert_int_equal(qs_stop_create(&stop, &options), 0);
		assert_int_equal(waits[k](&index, &scene.held, 1, patience(), stop), -ECANCELED);
		assert_int_equal(waits[k](&index, &scene.held, 1, QS_NOW, stop), -ECANCELED);
		qs_stop_release(stop);
	}
	scene_end(&scene);
}

static void test_wait_a16_empty_set_is_no_wait(void **state)
{
	size_t index = 9;

	(void)state;
	assert_int_equal(qs_wait_any(&index, NULL, 0, QS_NEVER, NULL), 0);
	assert_int_equal(index, 0);
	assert_int_equal(qs_wait_all(NULL, 0, QS_NEVER, NULL), 0);
	assert_int_equal(qs_wait_first_failure(&index, NULL, 0, QS_NEVER, NULL), 0);
}

static void *open_soon(void *arg)
{
	gate_raise(&((struct scene *)arg)->hold.leave);
	return NULL;
}

static void test_wait_a16_duplicates_and_two_sets_share_a_future(void **state)
{
	(void)state;
	for (size_t k = 1; k < WAITS; k++) {
		struct scene scene;
		qs_future *futures[40];
		pthread_t opener;
		size_t index = 9;

		scene_begin(&scene);
		for (size_t i = 0; i < 40; i++)
			futures[i] = scene.held;
		/* The end comes while they are attached, or before: both must do. */
		assert_int_equal(pthread_create(&opener, NULL, open_soon, &scene), 0);
		assert_int_equal(waits[k](&index, futures, 40, patience(), NULL), 0);
		assert_int_equal(waits[k](&index, futures, 2, patience(), NULL), 0);
		(void)pthread_join(opener, NULL);
		scene_end(&scene);
	}
}

static void test_wait_any_names_the_first_that_has_ended(void **state)
{
	struct scene scene;
	qs_future *futures[3];
	size_t index = 9;

	(void)state;
	scene_begin(&scene);
	futures[0] = scene.held;
	futures[1] = ended(QS_CANCELLED);
	futures[2] = ended(QS_DONE);
	assert_int_equal(qs_wait_any(&index, futures, 3, QS_NEVER, NULL), 0);
	assert_int_equal(index, 1);
	assert_int_equal(qs_wait_any(NULL, futures, 3, QS_NEVER, NULL), 0);
	index = 9;
	assert_int_equal(qs_wait_any(&index, futures, 1, QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(index, 9);	/* outputs are written on success only */
	qs_future_release(futures[2]);
	qs_future_release(futures[1]);
	scene_end(&scene);
}

static void test_wait_first_failure_does_not_wait_for_the_others(void **state)
{
	struct scene scene;
	qs_future *futures[4];
	size_t index = 9;

	(void)state;
	scene_begin(&scene);
	futures[0] = ended(QS_DONE);
	futures[1] = scene.held;
	futures[2] = ended(QS_CANCELLED);	/* no failure */
	futures[3] = ended(QS_FAILED);
	assert_int_equal(qs_wait_first_failure(&index, futures, 4, QS_NEVER, NULL), 1);
	assert_int_equal(index, 3);
	index = 9;
	assert_int_equal(qs_wait_first_failure(&index, futures, 3, QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(index, 9);
	for (int i = 0; i < 4; i++) {
		if (i != 1)
			qs_future_release(futures[i]);
	}
	scene_end(&scene);
}

static void test_wait_first_failure_that_comes_later_ends_the_wait(void **state)
{
	qs_pool *pool = pool_make(2);
	struct hold good = HOLD_INIT;
	struct hold bad = { GATE_INIT, GATE_INIT, -EIO };
	qs_future *futures[2] = { task_submit(pool, body_hold, &good), task_submit(pool, body_hold, &bad) };
	size_t index = 9;

	(void)state;
	gate_await(&bad.entered, 1);
	gate_raise(&bad.leave);
	assert_int_equal(qs_wait_first_failure(&index, futures, 2, patience(), NULL), 1);
	assert_int_equal(index, 1);
	assert_int_equal(qs_future_is_ended(futures[0]), 0);
	gate_raise(&good.leave);
	task_end(futures[0], QS_DONE);
	task_end(futures[1], QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

#define MANY 3000

static void test_wait_all_of_many_while_they_end(void **state)
{
	static qs_future *futures[MANY];
	qs_pool *pool = pool_make(2);

	(void)state;
	for (int i = 0; i < MANY; i++)
		futures[i] = task_submit(pool, body_return, NULL);
	assert_int_equal(qs_wait_all(futures, MANY, patience(), NULL), 0);
	for (int i = 0; i < MANY; i++)
		task_end(futures[i], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------- many waiters of one future, some leave */

#define WAITERS 8

struct leavers {
	qs_future *future;
	struct gate about;
	atomic_uint ended;
	atomic_uint left;
};

static void *wait_for_ever(void *arg)
{
	struct leavers *it = arg;

	gate_raise(&it->about);
	if (qs_wait(it->future, patience(), NULL) == 0)
		(void)atomic_fetch_add(&it->ended, 1);
	return NULL;
}

static void *wait_a_moment(void *arg)
{
	struct leavers *it = arg;
	int result;

	gate_raise(&it->about);
	do {
		result = qs_wait(it->future, qs_after_ns(20000), NULL);
	} while (result == -ETIMEDOUT);
	(void)atomic_fetch_add(&it->left, 1);
	return NULL;
}

/*
 * A14: waiters that leave by their deadline just when the end comes must not swallow
 * what is meant for others.
 */
static void test_wait_a14_those_who_time_out_take_nothing_from_those_who_wait(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct scene scene;
		struct leavers it = { .about = GATE_INIT };
		pthread_t threads[WAITERS];

		scene_begin(&scene);
		it.future = scene.held;
		for (int i = 0; i < WAITERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, i % 2 ? wait_a_moment : wait_for_ever, &it), 0);
		gate_await(&it.about, WAITERS);
		gate_raise(&scene.hold.leave);
		for (int i = 0; i < WAITERS; i++)
			(void)pthread_join(threads[i], NULL);
		assert_int_equal(it.ended, WAITERS / 2);
		assert_int_equal(it.left, WAITERS / 2);
		scene_end(&scene);
	}
}

static void test_wait_bad_arguments_are_refused(void **state)
{
	struct scene scene;
	qs_future *futures[2] = { NULL, NULL };
	size_t index = 9;

	(void)state;
	scene_begin(&scene);
	futures[0] = scene.held;
	assert_int_equal(qs_wait(NULL, QS_NOW, NULL), -EINVAL);
	for (size_t k = 1; k < WAITS; k++) {
		assert_int_equal(waits[k](&index, NULL, 1, QS_NOW, NULL), -EINVAL);
		assert_int_equal(waits[k](&index, futures, 2, QS_NOW, NULL), -EINVAL);
		assert_int_equal(waits[k](&index, futures, SIZE_MAX, QS_NOW, NULL), -EINVAL);
	}
	scene_end(&scene);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_wait_a5_on_any_end_returns_at_once_in_every_mode),
		test(test_wait_deadline_ends_every_mode_never_early),
		test(test_wait_stop_beats_the_deadline_in_every_mode),
		test(test_wait_a16_empty_set_is_no_wait),
		test(test_wait_a16_duplicates_and_two_sets_share_a_future),
		test(test_wait_any_names_the_first_that_has_ended),
		test(test_wait_first_failure_does_not_wait_for_the_others),
		test(test_wait_first_failure_that_comes_later_ends_the_wait),
		test(test_wait_all_of_many_while_they_end),
		test(test_wait_a14_those_who_time_out_take_nothing_from_those_who_wait),
		test(test_wait_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
