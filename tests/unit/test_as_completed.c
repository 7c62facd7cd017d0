/* SPDX-License-Identifier: MIT */
/*
 * test_as_completed.c - futures in the order in which they end, each of them once (A16).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static qs_as_completed *set_make(qs_future *const *futures, size_t count)
{
	qs_as_completed *set = NULL;

	assert_int_equal(qs_as_completed_create(&set, futures, count), 0);
	return set;
}

static void check_next(qs_as_completed *set, const qs_future *expected)
{
	qs_future *future = NULL;

	assert_int_equal(qs_as_completed_next(set, &future, patience(), NULL), 1);
	assert_ptr_equal(future, expected);
}

static void check_over(qs_as_completed *set)
{
	qs_future *future = NULL;

	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, NULL), 0);
	assert_null(future);
}

static void test_as_completed_a16_empty_set_is_over_at_once(void **state)
{
	qs_as_completed *set = set_make(NULL, 0);

	(void)state;
	check_over(set);
	check_over(set);
	qs_as_completed_destroy(set);
}

#define HOLDS 3

static void test_as_completed_gives_them_in_the_order_in_which_they_end(void **state)
{
	static const int order[HOLDS] = { 1, 2, 0 };
	struct hold holds[HOLDS] = { HOLD_INIT, HOLD_INIT, HOLD_INIT };
	qs_pool *pool = pool_make(HOLDS);
	qs_future *futures[HOLDS];
	qs_as_completed *set;

	(void)state;
	for (int i = 0; i < HOLDS; i++)
		futures[i] = task_submit(pool, body_hold, &holds[i]);
	set = set_make(futures, HOLDS);
	for (int i = 0; i < HOLDS; i++) {
		gate_raise(&holds[order[i]].leave);
		assert_int_equal(qs_wait(futures[order[i]], patience(), NULL), 0);
	}
	for (int i = 0; i < HOLDS; i++)
		check_next(set, futures[order[i]]);
	check_over(set);
	qs_as_completed_destroy(set);
	for (int i = 0; i < HOLDS; i++)
		task_end(futures[i], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_a16_ended_before_come_first_in_the_order_given_each_once(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *one = task_submit(pool, body_return, NULL);
	qs_future *two = task_submit(pool, body_return, NULL);
	qs_future *held;
	qs_future *given[7];
	qs_as_completed *set;
	qs_as_completed *other;

	(void)state;
	assert_int_equal(qs_wait(two, patience(), NULL), 0);
	held = task_submit(pool, body_hold, &hold);
	memcpy(given, (qs_future *[]){ held, two, one, two, held, held, one }, sizeof(given));
	set = set_make(given, 7);
	other = set_make(given, 2);	/* a future may be in two sets */
	check_next(set, two);
	check_next(set, one);
	check_next(other, two);
	gate_raise(&hold.leave);
	check_next(set, held);
	check_over(set);
	check_next(other, held);
	check_over(other);
	qs_as_completed_destroy(other);
	qs_as_completed_destroy(set);
	task_end(one, QS_DONE);
	task_end(two, QS_DONE);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_deadline_and_stop_leave_the_set_usable(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_as_completed *set = set_make(&held, 1);
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_future *future = NULL;
	qs_stop *stop;

	(void)state;
	options.deadline = qs_after_ms(5);
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(qs_as_completed_next(set, &future, qs_after_ms(2), NULL), -ETIMEDOUT);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, stop), -ECANCELED);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, stop), -ECANCELED);
	assert_null(future);
	gate_raise(&hold.leave);
	check_next(set, held);
	qs_as_completed_destroy(set);
	qs_stop_release(stop);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_hands_out_what_has_ended_even_after_a_stop(void **state)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_future *futures[3];
	qs_as_completed *set;
	qs_stop *stop = qs_stop_retain(qs_pool_stop(pool));
	qs_future *future;
	unsigned seen = 0;

	(void)state;
	futures[0] = task_submit(pool, body_until_stop, &entered);
	futures[1] = task_submit(pool, body_return, NULL);
	futures[2] = task_submit(pool, body_return, NULL);
	gate_await(&entered, 1);
	set = set_make(futures, 3);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_wait(futures[0], patience(), NULL), 0);
	while (qs_as_completed_next(set, &future, QS_NOW, stop) == 1)
		seen++;
	assert_int_equal(seen, 3);
	qs_as_completed_destroy(set);
	task_end(futures[0], QS_STOPPED);
	task_end(futures[1], QS_CANCELLED);
	task_end(futures[2], QS_CANCELLED);
	(void)pool_end(pool, QS_DRAIN);
	qs_stop_release(stop);
}

static void test_as_completed_destroyed_before_the_end_leaves_the_futures(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *futures[2] = { task_submit(pool, body_hold, &hold), task_submit(pool, body_return, NULL) };
	qs_as_completed *set = set_make(futures, 2);

	(void)state;
	qs_as_completed_destroy(set);
	set = set_make(futures, 2);
	gate_raise(&hold.leave);
	check_next(set, futures[0]);
	qs_as_completed_destroy(set);
	task_end(futures[0], QS_DONE);
	task_end(futures[1], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_keeps_the_futures_that_its_user_released(void **state)
{
	qs_pool *pool = pool_make(2);
	qs_future *futures[2];
	qs_as_completed *set;
	qs_future *future;
	int value = 3;

	(void)state;
	futures[0] = task_submit(pool, body_return, &value);
	futures[1] = task_submit(pool, body_return, &value);
	set = set_make(futures, 2);
	qs_future_release(futures[0]);
	qs_future_release(futures[1]);
	(void)pool_end(pool, QS_DRAIN);
	while (qs_as_completed_next(set, &future, patience(), NULL) == 1)
		assert_int_equal(qs_future_value(future), 3);
	check_over(set);
	qs_as_completed_destroy(set);
}

#define ROUNDS 30
#define TASKS 300

/* Each is handed out once, whether it ends before, while or after it is registered. */
static void test_as_completed_a16_completion_while_registering_loses_nothing(void **state)
{
	static qs_future *futures[TASKS];
	qs_pool *pool = pool_make(2);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		atomic_uint runs = 0;
		qs_as_completed *set;
		qs_future *future;
		size_t seen = 0;

		for (int i = 0; i < TASKS; i++)
			futures[i] = task_submit(pool, body_count, &runs);
		set = set_make(futures, TASKS);
		while (qs_as_completed_next(set, &future, patience(), NULL) == 1) {
			assert_int_equal(qs_future_state(future), QS_DONE);
			seen++;
		}
		assert_int_equal(seen, TASKS);
		assert_int_equal(runs, TASKS);
		qs_as_completed_destroy(set);
		for (int i = 0; i < TASKS; i++)
			qs_future_release(futures[i]);
	}
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_bad_arguments_are_refused(void **state)
{
	qs_future *none[1] = { NULL };
	qs_as_completed *set = NULL;

	(void)state;
	assert_int_equal(qs_as_completed_create(NULL, NULL, 0), -EINVAL);
	assert_int_equal(qs_as_completed_create(&set, NULL, 1), -EINVAL);
	assert_int_equal(qs_as_completed_create(&set, none, 1), -EINVAL);
	assert_int_equal(qs_as_completed_create(&set, none, SIZE_MAX), -EINVAL);
	assert_null(set);
	set = set_make(NULL, 0);
	assert_int_equal(qs_as_completed_next(set, NULL, QS_NOW, NULL), -EINVAL);
	assert_int_equal(qs_as_completed_next(NULL, none, QS_NOW, NULL), -EINVAL);
	qs_as_completed_destroy(set);
	qs_as_completed_destroy(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_as_completed_a16_empty_set_is_over_at_once),
		test(test_as_completed_gives_them_in_the_order_in_which_they_end),
		test(test_as_completed_a16_ended_before_come_first_in_the_order_given_each_once),
		test(test_as_completed_deadline_and_stop_leave_the_set_usable),
		test(test_as_completed_hands_out_what_has_ended_even_after_a_stop),
		test(test_as_completed_destroyed_before_the_end_leaves_the_futures),
		test(test_as_completed_keeps_the_futures_that_its_user_released),
		test(test_as_completed_a16_completion_while_registering_loses_nothing),
		test(test_as_completed_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
