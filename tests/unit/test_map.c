/* SPDX-License-Identifier: MIT */
/*
 * test_map.c - order, window, the first failure in time, and how long an item lives.  What ends a
 * map is in test_map_ends.c.
 */
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

#include <cmocka.h>

#include "quiesce.h"
#include "support/feed.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static void finish(struct feed *feed, qs_map *map, qs_pool *pool)
{
	qs_report report;

	qs_map_destroy(map);
	report = pool_end(pool, QS_DRAIN);
	feed_fini(feed, &report);
}

/* ---------------------------------------------------------------------------------------- order */

#define HELD 3

/* All of them have begun, and none may leave. */
static qs_map *map_begin_held(struct feed *feed, qs_pool *pool, uint32_t flags)
{
	qs_map *map;

	feed_init(feed, HELD);
	for (int i = 0; i < HELD; i++)
		feed->items[i].is_held = true;
	map = feed_map(feed, pool, flags, HELD);
	assert_int_equal(feed_next(feed, map, NULL, QS_NOW, NULL), -ETIMEDOUT);
	for (int i = 0; i < HELD; i++)
		gate_await(&feed->items[i].entered, 1);
	return map;
}

static void check_next_is(struct feed *feed, qs_map *map, size_t index)
{
	assert_int_equal(feed_next(feed, map, NULL, patience(), NULL), 1);
	assert_int_equal(feed_index(feed, map), index);
}

static void test_map_in_order_waits_for_the_oldest(void **state)
{
	qs_pool *pool = pool_make(HELD);
	struct feed feed;
	qs_map *map = map_begin_held(&feed, pool, 0);

	(void)state;
	gate_raise(&feed.items[2].leave);
	gate_raise(&feed.items[1].leave);
	assert_int_equal(feed_next(&feed, map, NULL, qs_after_ms(5), NULL), -ETIMEDOUT);
	gate_raise(&feed.items[0].leave);
	for (size_t i = 0; i < HELD; i++)
		check_next_is(&feed, map, i);
	assert_int_equal(feed_drain(&feed, map), 0);
	finish(&feed, map, pool);
}

static void test_map_as_completed_takes_the_first_that_ends(void **state)
{
	static const size_t order[HELD] = { 1, 2, 0 };
	qs_pool *pool = pool_make(HELD);
	struct feed feed;
	qs_map *map = map_begin_held(&feed, pool, QS_MAP_AS_COMPLETED);

	(void)state;
	for (size_t i = 0; i < HELD; i++) {
		assert_int_equal(feed_next(&feed, map, NULL, QS_NOW, NULL), -ETIMEDOUT);
		gate_raise(&feed.items[order[i]].leave);
		check_next_is(&feed, map, order[i]);
	}
	assert_int_equal(feed_drain(&feed, map), 0);
	finish(&feed, map, pool);
}

/* --------------------------------------------------------------------------------------- window */

static int count_up(void **out_item, void *arg)
{
	uintptr_t *number = arg;

	*out_item = (void *)(*number)++;
	return 1;
}

static int do_nothing(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

#define WINDOW 100
#define TAKEN 1000

static void take_from_endless(uint32_t flags, uint64_t window, uint64_t expected_window)
{
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	qs_pool *pool = pool_make(2);
	uintptr_t number = 0;
	qs_future *future;
	qs_map *map;

	options.flags = flags;
	options.window = (size_t)window;
	assert_int_equal(qs_map_create(&map, pool, do_nothing, count_up, &number, &options), 0);
	assert_int_equal(qs_map_pulled(map), 0);
	for (uint64_t i = 0; i < TAKEN; i++) {
		assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
		if (flags == 0)
			assert_int_equal((uintptr_t)qs_map_item(map), i);
		/* Full before the wait, one of it handed out. */
		assert_int_equal(qs_map_pulled(map), i + expected_window);
	}
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_map_a17_endless_source_is_pulled_a_window_ahead(void **state)
{
	(void)state;
	take_from_endless(0, WINDOW, WINDOW);
	take_from_endless(QS_MAP_AS_COMPLETED, WINDOW, WINDOW);
	take_from_endless(0, 1, 1);
	take_from_endless(QS_MAP_AS_COMPLETED, 1, 1);
}

static void test_map_window_is_twice_the_workers_unless_told(void **state)
{
	(void)state;
	take_from_endless(0, 0, 4);
	take_from_endless(QS_MAP_AS_COMPLETED, 0, 4);
}

/* A body that ends when another one, which comes later, has run. */
static struct gate third_has_run = GATE_INIT;

static int first_waits_for_third(qs_task *task, void *arg)
{
	(void)task;
	if ((uintptr_t)arg == 0)
		gate_await(&third_has_run, 1);
	if ((uintptr_t)arg == 2)
		gate_raise(&third_has_run);
	return 0;
}

/*
 * The queue has one place.  While the wait is for the first item, the others are still handed
 * over, one after the other.
 */
static void fill_while_waiting(uint32_t flags)
{
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	uintptr_t number = 0;
	qs_future *future;
	qs_pool *pool;
	qs_map *map;

	gate_reset(&third_has_run);
	pool_options.workers = 2;
	pool_options.max_pending = 1;
	assert_int_equal(qs_pool_create(&pool, &pool_options), 0);
	options.flags = flags;
	options.window = 3;
	assert_int_equal(qs_map_create(&map, pool, first_waits_for_third, count_up, &number, &options), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_map_fills_a_small_queue_while_it_waits(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		fill_while_waiting(0);
		fill_while_waiting(QS_MAP_AS_COMPLETED);
	}
}

/* ---------------------------------------------------------------------------- the first failure */

/*
 * Two workers: the first item's body stays, the second one's fails; from then on no body begins,
 * though a worker is free.
 */
static void fail_beside_a_held_one(uint32_t flags)
{
	qs_cause cause = QS_CAUSE_INIT;
	qs_pool *pool = pool_make(2);
	qs_future *future = NULL;
	struct feed feed;
	qs_map *map;

	feed_init(&feed, 10);
	feed.items[0].is_held = true;
	feed.items[1].is_held = true;
	feed.items[1].returns = -EPIPE;
	map = feed_map(&feed, pool, flags, 5);
	assert_int_equal(feed_next(&feed, map, NULL, QS_NOW, NULL), -ETIMEDOUT);
	gate_await(&feed.items[1].entered, 1);
	gate_raise(&feed.items[1].leave);
	assert_int_equal(qs_sleep(patience(), qs_map_stop(map)), -ECANCELED);
	assert_int_equal(qs_stop_cause(qs_map_stop(map), &cause), 1);
	assert_int_equal(cause.code, -EPIPE);
	assert_string_equal(cause.text, "'feed' failed: Broken pipe");
	assert_string_equal(cause.task, "feed");
	gate_raise(&feed.items[0].leave);
	while (feed_next(&feed, map, &future, patience(), NULL) == 1) {
		const size_t index = feed_index(&feed, map);

		assert_int_equal(qs_future_state(future), index == 0 ? QS_DONE : index == 1 ? QS_FAILED : QS_CANCELLED);
		if (index > 1) {
			assert_int_equal(qs_future_cause(future, &cause), 1);
			assert_int_equal(cause.code, -EPIPE);
		}
	}
	assert_int_equal(feed_drain(&feed, map), -ECANCELED);
	assert_int_equal(feed.pulled, 5);
	finish(&feed, map, pool);
}

static void test_map_no_body_begins_after_the_first_failure(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		fail_beside_a_held_one(0);
		fail_beside_a_held_one(QS_MAP_AS_COMPLETED);
	}
}

static int fail_in_words(qs_task *task, void *arg)
{
	return (uintptr_t)arg == 0 ? qs_task_fail(task, -EIO, "page %d is not there", 7) : 0;
}

/* The cause begins with `before`, and ends with `words`; NULL = those of the code. */
static void check_words(const char *name, qs_task_fn *fn, int code, const char *before, const char *words)
{
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	qs_cause cause = QS_CAUSE_INIT;
	qs_pool *pool = pool_make(1);
	char text[QS_TEXT_SIZE];
	uintptr_t number = 0;
	qs_future *future;
	qs_map *map;

	options.name = name;
	assert_int_equal(qs_map_create(&map, pool, fn, count_up, &number, &options), 0);
	assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
	assert_int_equal(qs_future_state(future), QS_FAILED);
	assert_int_equal(qs_future_value(future), code);
	assert_int_equal(qs_stop_cause(qs_map_stop(map), &cause), 1);
	assert_int_equal(cause.code, code);
	(void)snprintf(text, sizeof(text), "%s failed: %s", before, words != NULL ? words : qs_strerror(code));
	assert_string_equal(cause.text, text);
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_map_cause_has_the_words_of_the_failure(void **state)
{
	(void)state;
	check_words("fetch", fail_in_words, -EIO, "'fetch'", "page 7 is not there");
	check_words(NULL, fail_in_words, -EIO, "a task", "page 7 is not there");
}

/* Nobody asked: that is a failure, and the task's end says so, though it makes the map ask. */
static int cancel_by_itself(qs_task *task, void *arg)
{
	(void)task;
	return (uintptr_t)arg == 0 ? -ECANCELED : 0;
}

static void test_map_body_that_gives_up_unasked_has_failed(void **state)
{
	(void)state;
	check_words("quitter", cancel_by_itself, -ECANCELED, "'quitter'", NULL);
}

static int end_thread(qs_task *task, void *arg)
{
	(void)task;
	if ((uintptr_t)arg == 0)
		pthread_exit(NULL);
	return 0;
}

static void test_map_body_that_ends_its_thread_has_failed(void **state)
{
	(void)state;
	check_words("leaver", end_thread, -QS_EEXITED, "'leaver'", NULL);
}

static void test_map_failure_stays_below(void **state)
{
	qs_map_options options = feed_options(0, 2);
	qs_pool *pool = pool_make(1);
	qs_stop *stop = NULL;
	struct feed feed;
	qs_map *map;

	(void)state;
	feed_init(&feed, 3);
	feed.items[0].returns = -EIO;
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	options.stop = stop;
	assert_int_equal(qs_map_create(&map, pool, feed_body, feed_source, &feed, &options), 0);
	assert_int_equal(feed_drain(&feed, map), -ECANCELED);
	assert_int_equal(qs_stop_is_asked(stop), 0);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(pool)), 0);
	finish(&feed, map, pool);
	qs_stop_release(stop);
}

/* What a map said at its end it says for ever, whatever is asked later. */
static void test_map_that_is_over_stays_over(void **state)
{
	qs_pool *pool = pool_make(1);
	struct feed feed;
	qs_map *map;

	(void)state;
	feed_init(&feed, 3);
	map = feed_map(&feed, pool, 0, 2);
	assert_int_equal(feed_drain(&feed, map), 0);
	assert_int_equal(qs_stop_ask(qs_map_stop(map), 0, NULL), 1);
	assert_int_equal(feed_drain(&feed, map), 0);
	finish(&feed, map, pool);
}

static void test_map_that_was_stopped_before_pulls_nothing(void **state)
{
	qs_pool *pool = pool_make(1);
	struct feed feed;
	qs_map *map;

	(void)state;
	feed_init(&feed, 3);
	map = feed_map(&feed, pool, 0, 2);
	assert_int_equal(qs_stop_ask(qs_map_stop(map), 0, NULL), 1);
	assert_int_equal(feed.closed, 0);
	assert_int_equal(feed_drain(&feed, map), -ECANCELED);
	assert_int_equal(feed.pulled, 0);
	finish(&feed, map, pool);
}

/* Told to stop by its own token: that is no failure. */
static int first_is_stopped(qs_task *task, void *arg)
{
	if ((uintptr_t)arg != 0)
		return 0;
	(void)qs_stop_ask(qs_task_stop(task), -EIO, "not this one");
	return -ECANCELED;
}

static void test_map_goes_on_when_one_task_was_stopped(void **state)
{
	qs_pool *pool = pool_make(1);
	uintptr_t number = 0;
	qs_future *future;
	qs_map *map;

	(void)state;
	assert_int_equal(qs_map_create(&map, pool, first_is_stopped, count_up, &number, NULL), 0);
	assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
	assert_int_equal(qs_future_state(future), QS_STOPPED);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
		assert_int_equal(qs_future_state(future), QS_DONE);
	}
	assert_int_equal(qs_stop_is_asked(qs_map_stop(map)), 0);
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
}

/* ----------------------------------------------------------------------- how long an item lives */

static void test_map_item_is_freed_when_the_next_is_asked_for(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *kept = NULL;
	struct feed feed;
	qs_map *map;

	(void)state;
	feed_init(&feed, 2);
	feed.items[1].is_held = true;
	map = feed_map(&feed, pool, 0, 1);
	assert_null(qs_map_item(map));
	assert_int_equal(feed_next(&feed, map, &kept, patience(), NULL), 1);
	(void)qs_future_retain(kept);
	assert_int_equal(feed.items[0].destroyed, 0);
	assert_int_equal(feed_next(&feed, map, NULL, QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(feed.items[0].destroyed, 1);
	gate_raise(&feed.items[1].leave);
	assert_int_equal(feed_drain(&feed, map), 0);
	finish(&feed, map, pool);
	assert_int_equal(qs_future_state(kept), QS_DONE);
	qs_future_release(kept);
}

/* The map and its token are gone for the user; the bodies have what they need. */
static void test_map_destroyed_leaves_items_to_their_bodies(void **state)
{
	qs_pool *pool = pool_make(HELD);
	qs_report report;
	struct feed feed;
	qs_map *map = map_begin_held(&feed, pool, 0);

	(void)state;
	for (int i = 0; i < HELD; i++)
		feed.items[i].returns = -EIO;	/* and their failures find a token to ask */
	qs_map_destroy(map);
	assert_int_equal(feed.closed, 1);
	for (int i = 0; i < HELD; i++) {
		assert_int_equal(feed.items[i].destroyed, 0);
		gate_raise(&feed.items[i].leave);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], HELD);
	feed_fini(&feed, &report);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_map_in_order_waits_for_the_oldest),
		test(test_map_as_completed_takes_the_first_that_ends),
		test(test_map_a17_endless_source_is_pulled_a_window_ahead),
		test(test_map_window_is_twice_the_workers_unless_told),
		test(test_map_fills_a_small_queue_while_it_waits),
		test(test_map_no_body_begins_after_the_first_failure),
		test(test_map_cause_has_the_words_of_the_failure),
		test(test_map_body_that_gives_up_unasked_has_failed),
		test(test_map_body_that_ends_its_thread_has_failed),
		test(test_map_failure_stays_below),
		test(test_map_that_is_over_stays_over),
		test(test_map_that_was_stopped_before_pulls_nothing),
		test(test_map_goes_on_when_one_task_was_stopped),
		test(test_map_item_is_freed_when_the_next_is_asked_for),
		test(test_map_destroyed_leaves_items_to_their_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
