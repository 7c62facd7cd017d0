/* SPDX-License-Identifier: MIT */
/*
 * test_as_completed.c - futures in the order in which they end, each of them once, and
 * more of them added (A16).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	/* Each has ended; that the set is told of the first one comes a moment after its state. */
	while (seen < 3) {
		const int result = qs_as_completed_next(set, &future, QS_NOW, stop);

		assert_true(result == 1 || result == -ECANCELED);
		seen += result == 1;
	}
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

static int body_result(qs_task *task, void *arg)
{
	return qs_task_set_result(task, arg, destroy_count);
}

/* ------------------------------------------------------------------------------------- one more */

static void check_add(qs_as_completed *set, qs_future *future, int is_new)
{
	assert_int_equal(qs_as_completed_add(set, future), is_new);
}

/* A future that has ended. */
static qs_future *ended_make(qs_pool *pool)
{
	qs_future *future = task_submit(pool, body_return, NULL);

	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	return future;
}

static void test_as_completed_a16_added_ones_come_as_they_end(void **state)
{
	struct hold holds[2] = { HOLD_INIT, HOLD_INIT };
	qs_pool *pool = pool_make(3);
	qs_future *held[2];
	qs_future *ended = ended_make(pool);
	qs_as_completed *set = set_make(NULL, 0);

	(void)state;
	for (int i = 0; i < 2; i++) {
		held[i] = task_submit(pool, body_hold, &holds[i]);
		check_add(set, held[i], 1);
	}
	check_add(set, ended, 1);
	check_next(set, ended);
	gate_raise(&holds[1].leave);
	check_next(set, held[1]);
	gate_raise(&holds[0].leave);
	check_next(set, held[0]);
	check_over(set);
	qs_as_completed_destroy(set);
	task_end(held[0], QS_DONE);
	task_end(held[1], QS_DONE);
	task_end(ended, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_a16_one_that_is_in_is_not_added_until_it_was_handed_out(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(2);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_future *ended = ended_make(pool);
	qs_as_completed *set = set_make(&held, 1);

	(void)state;
	check_add(set, held, 0);
	check_add(set, ended, 1);
	check_add(set, ended, 0);
	check_next(set, ended);
	/* Again, also while it is still borrowed; and an empty set is not over for good. */
	check_add(set, ended, 1);
	check_next(set, ended);
	gate_raise(&hold.leave);
	check_next(set, held);
	check_over(set);
	check_add(set, held, 1);
	check_next(set, held);
	check_over(set);
	qs_as_completed_destroy(set);
	task_end(held, QS_DONE);
	task_end(ended, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_a16_one_future_in_two_sets_comes_from_both(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_as_completed *sets[2] = { set_make(NULL, 0), set_make(&held, 1) };

	(void)state;
	check_add(sets[0], held, 1);
	check_add(sets[1], held, 0);
	gate_raise(&hold.leave);
	for (int i = 0; i < 2; i++) {
		check_next(sets[i], held);
		check_over(sets[i]);
		qs_as_completed_destroy(sets[i]);
	}
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

struct waiting {
	qs_as_completed *set;
	struct gate is_there;
	pid_t thread;
	qs_future *got;
};

static void *wait_for_next(void *arg)
{
	struct waiting *waiting = arg;

	waiting->thread = gettid();
	gate_raise(&waiting->is_there);
	return qs_as_completed_next(waiting->set, &waiting->got, patience(), NULL) == 1 ? waiting : NULL;
}

static bool is_asleep(void *thread)
{
	char path[64], text[256] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *(pid_t *)thread);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	(void)fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	return strstr(text, ") S ") != NULL;
}

/*
 * A thread sleeps in next for a future that does not end; one that is added wakes it,
 * when it ends or if it has.
 */
static void wake_by_adding(bool has_ended)
{
	struct hold holds[2] = { HOLD_INIT, HOLD_INIT };
	qs_pool *pool = pool_make(2);
	qs_future *held = task_submit(pool, body_hold, &holds[0]);
	qs_future *added = has_ended ? ended_make(pool) : task_submit(pool, body_hold, &holds[1]);
	struct waiting waiting = { set_make(&held, 1), GATE_INIT, 0, NULL };
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, wait_for_next, &waiting), 0);
	gate_await(&waiting.is_there, 1);
	assert_true(eventually(is_asleep, &waiting.thread));
	check_add(waiting.set, added, 1);
	gate_raise(&holds[1].leave);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_ptr_equal(waiting.got, added);
	gate_raise(&holds[0].leave);
	check_next(waiting.set, held);
	qs_as_completed_destroy(waiting.set);
	task_end(held, QS_DONE);
	task_end(added, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_a16_added_while_another_thread_waits_wakes_it(void **state)
{
	(void)state;
	wake_by_adding(true);
	wake_by_adding(false);
}

static bool is_one(void *count)
{
	return atomic_load((atomic_uint *)count) == 1;
}

/* The reference is given back by the next call, whatever that one comes to. */
static void test_as_completed_future_is_borrowed_until_the_next_call(void **state)
{
	struct hold hold = HOLD_INIT;
	atomic_uint destroyed = 0;
	qs_pool *pool = pool_make(2);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_future *future = task_submit(pool, body_result, &destroyed);
	qs_as_completed *set = set_make((qs_future *[]){ held, future }, 2);

	(void)state;
	qs_future_release(future);
	check_next(set, future);
	assert_ptr_equal(qs_future_result(future), &destroyed);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NOW, NULL), -ETIMEDOUT);
	assert_true(eventually(is_one, &destroyed));	/* its worker may be the last owner */
	gate_raise(&hold.leave);
	check_next(set, held);
	qs_as_completed_destroy(set);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

#define ADDERS 3
#define EACH 2000

/* Hands tasks over, and their futures to the set, of which it keeps none. */
struct adder {
	qs_pool *pool;
	qs_as_completed *set;
	atomic_uint *runs;
	unsigned added;
};

static void *submit_and_add(void *arg)
{
	struct adder *adder = arg;

	for (int i = 0; i < EACH; i++) {
		qs_future *future = NULL;

		if (qs_submit(&future, adder->pool, body_count, adder->runs) == 0)
			adder->added += qs_as_completed_add(adder->set, future) == 1;
		qs_future_release(future);
	}
	return NULL;
}

/* Two workers end what three threads add, and a fourth hands out: each once, and none is lost. */
static void test_as_completed_a16_many_add_while_one_hands_out(void **state)
{
	struct hold hold = HOLD_INIT;
	atomic_uint runs = 0;
	qs_pool *pool = pool_make(3);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_as_completed *set = set_make(&held, 1);
	struct adder adders[ADDERS];
	pthread_t threads[ADDERS];
	qs_future *future;

	(void)state;
	for (int i = 0; i < ADDERS; i++) {
		adders[i] = (struct adder){ pool, set, &runs, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, submit_and_add, &adders[i]), 0);
	}
	/* The held one keeps the set from being empty before all were added. */
	for (int i = 0; i < ADDERS * EACH; i++) {
		assert_int_equal(qs_as_completed_next(set, &future, patience(), NULL), 1);
		assert_int_equal(qs_future_state(future), QS_DONE);
		assert_ptr_not_equal(future, held);
	}
	for (int i = 0; i < ADDERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(adders[i].added, EACH);
	}
	assert_int_equal(runs, ADDERS * EACH);
	gate_raise(&hold.leave);
	check_next(set, held);
	check_over(set);
	qs_as_completed_destroy(set);
	task_end(held, QS_DONE);
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
	assert_int_equal(qs_as_completed_add(set, NULL), -EINVAL);
	assert_int_equal(qs_as_completed_add(NULL, NULL), -EINVAL);
	assert_int_equal(qs_as_completed_fd(NULL), -EINVAL);
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
		test(test_as_completed_a16_added_ones_come_as_they_end),
		test(test_as_completed_a16_one_that_is_in_is_not_added_until_it_was_handed_out),
		test(test_as_completed_a16_one_future_in_two_sets_comes_from_both),
		test(test_as_completed_a16_added_while_another_thread_waits_wakes_it),
		test(test_as_completed_future_is_borrowed_until_the_next_call),
		test(test_as_completed_a16_many_add_while_one_hands_out),
		test(test_as_completed_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
