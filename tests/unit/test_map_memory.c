/* SPDX-License-Identifier: MIT */
/*
 * test_map_memory.c - each allocation of a map fails, once, often or from then on: it says so, and
 * nothing is lost (B1, A17).
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/object.h"
#include "quiesce.h"
#include "support/feed.h"
#include "support/leftovers.h"
#include "support/memory.h"
#include "support/patience.h"
#include "support/pools.h"

#define MOST_CALLS 1000 /* more than a life makes */

/* ------------------------------------------------------------------------------------- one life */

#define ITEMS 12
#define WINDOW 5

struct life {
	long failing;		/* allocations, one after the other */
	uint32_t flags;
	size_t max_pending;
	bool has_failure;	/* a task fails, and ends the map */
	qs_pool *pool;
	qs_map *map;
	struct feed feed;
};

/*
 * -ENOMEM is said, and the same call again does what it should when there is memory;
 * without, it is given up.
 */
static int take_all(struct life *life)
{
	int result;

	do {
		result = feed_next(&life->feed, life->map, NULL, patience(), NULL);
		if (result == -ENOMEM && life->failing > ITEMS)
			return result;
	} while (result == 1 || result == -ENOMEM);
	return result;
}

static int live(struct life *life)
{
	const qs_map_options options = feed_options(life->flags, WINDOW);
	const int error =
		qs_map_create(&life->map, life->pool, feed_body, feed_source, &life->feed, &options);

	if (error == 0)
		return take_all(life);
	assert_null(life->map);
	return error;
}

/* Returns how many allocations have failed. */
static long live_with(struct life *life, long granted)
{
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_report report;
	long failed;
	int result;

	life->map = NULL;
	pool_options.workers = 2;
	pool_options.max_pending = life->max_pending;
	assert_int_equal(qs_pool_create(&life->pool, &pool_options), 0);
	feed_init(&life->feed, ITEMS);
	if (life->has_failure)
		life->feed.items[ITEMS / 2].returns = -EIO;
	memory_fail(granted, life->failing);
	result = live(life);
	failed = memory_failures();
	if (result != -ENOMEM)
		assert_int_equal(result, life->has_failure ? -ECANCELED : 0);
	else
		assert_true(failed > 0);
	qs_map_destroy(life->map);
	memory_fail_none();
	report = pool_end(life->pool, QS_DRAIN);
	if (life->map != NULL)
		feed_fini(&life->feed, &report);
	else
		feed_free(&life->feed, false);
	qs__object_empty_quarantine();
	assert_int_equal(memory_pieces(), 0);
	return failed;
}

/* Lives with failures from the n-th allocation on, for each n, until a life needs fewer. */
static void fail_each(long failing)
{
	for (int kind = 0; kind < 8; kind++) {
		struct life life = { .failing = failing,
				     .flags = kind & 1 ? QS_MAP_AS_COMPLETED : 0,
				     .max_pending = kind & 2 ? 1 : 0,
				     .has_failure = (kind & 4) != 0 };
		long failed;
		long n = 0;

		do {
			failed = live_with(&life, n);
			assert_true(n++ < MOST_CALLS);
		} while (failed > 0);
		assert_true(n > ITEMS);
	}
}

static void test_map_memory_b1_each_allocation_fails_once(void **state)
{
	(void)state;
	fail_each(1);
}

static void test_map_memory_b1_each_allocation_fails_and_some_after_it(void **state)
{
	(void)state;
	fail_each(3);
	fail_each(ITEMS);
}

static void test_map_memory_b1_each_allocation_fails_and_all_after_it(void **state)
{
	(void)state;
	fail_each(LONG_MAX);
}

/* So that no thread has to be started later. */
static void bring_both_workers(qs_pool *pool)
{
	struct hold hold = HOLD_INIT;
	qs_future *futures[2] = { task_submit(pool, body_hold, &hold), task_submit(pool, body_hold, &hold) };

	gate_await(&hold.entered, 2);
	gate_raise(&hold.leave);
	task_end(futures[0], QS_DONE);
	task_end(futures[1], QS_DONE);
}

/*
 * The first item's body stays.  If there was no memory to wait for the second one, that is
 * made good when there is.
 */
static long take_second(long granted)
{
	qs_pool *pool = pool_make(2);
	qs_report report;
	struct feed feed;
	long failed;
	qs_map *map;
	int result;

	bring_both_workers(pool);
	feed_init(&feed, 2);
	feed.items[0].is_held = true;
	map = feed_map(&feed, pool, QS_MAP_AS_COMPLETED, 2);
	memory_fail(granted, 1);
	result = feed_next(&feed, map, NULL, QS_NOW, NULL);
	failed = memory_failures();
	memory_fail_none();
	if (result != 1)
		assert_int_equal(feed_next(&feed, map, NULL, patience(), NULL), 1);
	assert_int_equal(feed_index(&feed, map), 1);
	gate_raise(&feed.items[0].leave);
	assert_int_equal(feed_drain(&feed, map), 0);
	qs_map_destroy(map);
	report = pool_end(pool, QS_DRAIN);
	report.submitted -= 2;
	feed_fini(&feed, &report);
	return failed;
}

static void test_map_memory_b1_one_that_could_not_be_waited_for_is_handed_out_in_time(void **state)
{
	long n = 0;

	(void)state;
	while (take_second(n) > 0)
		assert_true(n++ < MOST_CALLS);
	assert_true(n > 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_map_memory_b1_each_allocation_fails_once),
		test(test_map_memory_b1_each_allocation_fails_and_some_after_it),
		test(test_map_memory_b1_each_allocation_fails_and_all_after_it),
		test(test_map_memory_b1_one_that_could_not_be_waited_for_is_handed_out_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
