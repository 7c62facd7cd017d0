/* SPDX-License-Identifier: MIT */
/*
 * test_nested_circle.c - tasks that wait for each other (P5, A21): one is refused with
 * words, never a silent hang.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/nested.h"
#include "support/patience.h"
#include "support/pools.h"

static void check_own_future(wait_fn *wait)
{
	struct waiter it = WAITER_INIT(wait);
	qs_pool *pool = pool_make(1);

	waiter_begin(&it, pool, "hermit");
	waiter_add(&it, it.future);
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -EDEADLK);
	assert_string_equal(it.words, "'hermit' waits for 'hermit'");
	assert_string_equal(qs_future_message(it.future), it.words);
	assert_int_equal(qs_future_value(it.future), -EDEADLK);
	waiter_end(&it, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_own_future_would_deadlock(void **state)
{
	(void)state;
	check_own_future(wait_one);
	check_own_future(qs_wait_all);
	check_own_future(wait_any);
	check_own_future(wait_first_failure);
	check_own_future(wait_next_completed);
}

static void test_nested_own_future_with_a_deadline_times_out(void **state)
{
	struct waiter it = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);

	(void)state;
	waiter_begin(&it, pool, "hermit");
	waiter_add(&it, it.future);
	it.deadline = qs_after_ms(5);
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -ETIMEDOUT);
	assert_string_equal(it.words, "");
	waiter_end(&it, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

/* The words name everybody in the circle, beginning and ending with the one that was refused. */
static void check_circle_words(const struct waiter *refused, const struct waiter *circle, size_t count)
{
	char expected[256] = "";
	const size_t first = (size_t)(refused - circle);

	for (size_t i = 0; i <= count; i++) {
		const size_t length = strlen(expected);

		(void)snprintf(expected + length, sizeof(expected) - length, "%s'%s'", i > 0 ? " waits for " : "",
			       qs_future_name(circle[(first + i) % count].future));
	}
	assert_string_equal(refused->words, expected);
	assert_string_equal(qs_future_message(refused->future), expected);
}

/* Each waits for the next one; the last to come is refused, and the others go on. */
static void check_circle(qs_pool *const *pools, size_t count)
{
	static const char *const names[3] = { "fox", "goose", "grain" };
	struct waiter circle[3] = { WAITER_INIT(wait_one), WAITER_INIT(wait_one), WAITER_INIT(wait_one) };
	size_t refused = 0;

	for (size_t i = 0; i < count; i++)
		waiter_begin(&circle[i], pools[i], names[i]);
	for (size_t i = 0; i < count; i++) {
		waiter_add(&circle[i], circle[(i + 1) % count].future);
		gate_raise(&circle[i].go);
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(qs_wait(circle[i].future, patience(), NULL), 0);
	for (size_t i = 0; i < count; i++) {
		if (circle[i].result == -EDEADLK) {
			refused++;
			check_circle_words(&circle[i], circle, count);
		} else {
			assert_int_equal(circle[i].result, 0);
			assert_string_equal(circle[i].words, "");
		}
	}
	assert_int_equal(refused, 1);
	for (size_t i = 0; i < count; i++)
		waiter_end(&circle[i], circle[i].result == 0 ? QS_DONE : QS_FAILED);
}

static void test_nested_a21_circles_are_refused_and_named(void **state)
{
	(void)state;
	for (size_t count = 2; count <= 3; count++) {
		for (uint32_t spare = 0; spare < 2; spare++) {
			qs_pool *pool = pool_make((uint32_t)count + spare);
			qs_pool *const pools[3] = { pool, pool, pool };

			for (int again = 0; again < 20; again++)
				check_circle(pools, count);
			(void)pool_end(pool, QS_DRAIN);
		}
	}
}

static void test_nested_a21_circle_across_pools_is_refused_and_named(void **state)
{
	(void)state;
	for (int again = 0; again < 20; again++) {
		qs_pool *pools[3] = { pool_make(1), pool_make(1), pool_make(1) };

		check_circle(pools, 2);
		check_circle(pools, 3);
		for (int i = 0; i < 3; i++)
			(void)pool_end(pools[i], QS_DRAIN);
	}
}

/* The inner one waits for the one that runs it. */
static void test_nested_a21_circle_through_an_inner_task(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 2; workers++) {
		struct waiter outer = WAITER_INIT(wait_one);
		struct waiter inner = WAITER_INIT(wait_one);
		struct hold hold = HOLD_INIT;
		qs_pool *pool = pool_make(workers);

		waiter_begin(&outer, pool, "outer");
		if (workers == 2)
			hold_worker(pool, &hold);
		waiter_submit(&inner, pool, "inner");
		waiter_add(&outer, inner.future);
		waiter_add(&inner, outer.future);
		gate_raise(&inner.go);
		gate_raise(&outer.go);
		waiter_end(&outer, QS_DONE);
		assert_int_equal(inner.result, -EDEADLK);
		assert_string_equal(inner.words, "'inner' waits for 'outer' waits for 'inner'");
		waiter_end(&inner, QS_FAILED);
		gate_raise(&hold.leave);
		(void)pool_end(pool, QS_DRAIN);
	}
}

/* What is suspended below an inner task cannot end before it, in the eyes of another pool as well. */
static void test_nested_a21_circle_through_what_is_suspended_below(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct waiter inner = WAITER_INIT(wait_one);
	struct waiter abroad = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);

	(void)state;
	waiter_begin(&outer, pool, "outer");
	waiter_submit(&inner, pool, "inner");
	waiter_begin(&abroad, other, "abroad");
	waiter_add(&outer, inner.future);
	waiter_add(&inner, abroad.future);
	waiter_add(&abroad, outer.future);
	gate_raise(&outer.go);
	gate_await(&inner.entered, 1);
	gate_raise(&inner.go);
	gate_raise(&abroad.go);
	assert_int_equal(qs_wait(outer.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(abroad.future, patience(), NULL), 0);
	/* Whoever of the two came last. */
	assert_int_equal((inner.result == -EDEADLK) + (abroad.result == -EDEADLK), 1);
	if (abroad.result == -EDEADLK)
		assert_string_equal(abroad.words, "'abroad' waits for 'outer' waits for 'inner' waits for 'abroad'");
	else
		assert_non_null(strstr(inner.words, "'inner' waits for 'abroad' waits for 'outer' waits for 'inner'"));
	assert_int_equal(outer.result, 0);
	qs_future_release(outer.future);
	qs_future_release(inner.future);
	qs_future_release(abroad.future);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/*
 * A pending task of a pool whose only worker waits, in a roundabout way, for
 * the one that waits for it.
 */
static void test_nested_a21_pending_in_a_pool_that_waits_for_us(void **state)
{
	struct waiter here = WAITER_INIT(wait_one);
	struct waiter there = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);
	qs_future *pending;

	(void)state;
	waiter_begin(&here, pool, "here");
	waiter_begin(&there, other, "there");
	pending = submit_named(other, body_return, NULL, "pending");
	waiter_add(&here, pending);
	waiter_add(&there, here.future);
	gate_raise(&here.go);
	gate_raise(&there.go);
	assert_int_equal(qs_wait(here.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(there.future, patience(), NULL), 0);
	assert_int_equal((here.result == -EDEADLK) + (there.result == -EDEADLK), 1);
	if (here.result == -EDEADLK)
		assert_string_equal(here.words, "'here' waits for 'pending', which no worker is left to run");
	else
		assert_string_equal(there.words,
				    "'there' waits for 'here' waits for 'pending', which no worker is left to run");
	task_end(pending, QS_DONE);
	qs_future_release(here.future);
	qs_future_release(there.future);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/*
 * One that may fail is hope for a wait for a failure; when it ends well, that is gone, and nobody
 * else is there to see it.
 */
static void check_hope(int value)
{
	struct waiter watcher = WAITER_INIT(wait_first_failure);
	struct waiter watched = WAITER_INIT(wait_one);
	struct hold hope = HOLD_INIT;
	qs_pool *pool = pool_make(3);

	hope.value = value;
	waiter_begin(&watcher, pool, "watcher");
	waiter_begin(&watched, pool, "watched");
	waiter_add(&watcher, task_submit(pool, body_hold, &hope));
	waiter_add(&watcher, watched.future);
	waiter_add(&watched, watcher.future);
	gate_await(&hope.entered, 1);
	gate_raise(&watcher.go);
	gate_raise(&watched.go);
	/* Time enough for both to park; whoever comes later than the end of hope sees it by itself. */
	assert_int_equal(qs_wait(watched.future, qs_after_ms(2), NULL), -ETIMEDOUT);
	gate_raise(&hope.leave);
	assert_int_equal(qs_wait(watcher.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(watched.future, patience(), NULL), 0);
	if (value < 0) {
		assert_int_equal(watcher.result, 1);
		assert_int_equal(watched.result, 0);
	} else if (watcher.result == -EDEADLK) {
		assert_string_equal(watcher.words, "'watcher' waits for 'watched' waits for 'watcher'");
		assert_int_equal(watched.result, 0);
	} else {
		assert_int_equal(watched.result, -EDEADLK);
		assert_int_equal(watcher.result, 1);
	}
	qs_future_release(watcher.others[0]);
	qs_future_release(watcher.future);
	qs_future_release(watched.future);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_wait_for_a_failure_looks_again_when_one_ended_well(void **state)
{
	(void)state;
	check_hope(0);
	check_hope(-EIO);
}

static int fail_in_own_words(qs_task *task, void *future)
{
	return qs_task_fail(task, qs_wait(*(qs_future **)future, QS_NEVER, NULL), "I should have known");
}

static void test_nested_own_words_about_a_deadlock_are_kept(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = NULL;

	(void)state;
	hold_worker(pool, &hold);
	future = task_submit(pool, fail_in_own_words, &future);
	gate_raise(&hold.leave);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), -EDEADLK);
	assert_string_equal(qs_future_message(future), "I should have known");
	task_end(future, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nested_a21_own_future_would_deadlock),
		test(test_nested_own_future_with_a_deadline_times_out),
		test(test_nested_a21_circles_are_refused_and_named),
		test(test_nested_a21_circle_across_pools_is_refused_and_named),
		test(test_nested_a21_circle_through_an_inner_task),
		test(test_nested_a21_circle_through_what_is_suspended_below),
		test(test_nested_a21_pending_in_a_pool_that_waits_for_us),
		test(test_nested_a21_wait_for_a_failure_looks_again_when_one_ended_well),
		test(test_nested_own_words_about_a_deadlock_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
