/* SPDX-License-Identifier: MIT */
/*
 * test_map_nested.c - a map in a task of the pool that runs it (P5): there is one
 * worker, and it is the consumer.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/feed.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

/* A task that maps over the pool that runs it. */
struct outer {
	qs_pool *pool;
	struct feed feed;
	uint32_t flags;
	qs_time deadline;
	struct gate entered;
	struct gate go_on;
	size_t handed;
	bool is_disordered;
	int result;
};

/* Not in the test's thread: what is wrong is noted here and checked there. */
static int map_in_task(qs_task *task, void *arg)
{
	struct outer *outer = arg;
	const qs_map_options options = feed_options(outer->flags, 4);
	qs_future *future;
	qs_map *map = NULL;

	(void)task;
	gate_raise(&outer->entered);
	gate_await(&outer->go_on, 1);
	outer->result = qs_map_create(&map, outer->pool, feed_body, feed_source, &outer->feed, &options);
	if (outer->result != 0)
		return outer->result;
	while ((outer->result = qs_map_next(map, &future, outer->deadline, NULL)) == 1) {
		if (feed_index(&outer->feed, map) != outer->handed++)
			outer->is_disordered = true;
	}
	qs_map_destroy(map);
	return 0;
}

/* One worker; `others` tasks come between the outer one and its items. */
static int map_nested(uint32_t flags, size_t max_pending, unsigned others, qs_time deadline)
{
	struct outer outer = { .flags = flags, .deadline = deadline, .entered = GATE_INIT, .go_on = GATE_INIT };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	atomic_uint runs = 0;
	qs_future *future;
	qs_report report;

	options.workers = 1;
	options.max_pending = max_pending;
	assert_int_equal(qs_pool_create(&outer.pool, &options), 0);
	feed_init(&outer.feed, 20);
	future = task_submit(outer.pool, map_in_task, &outer);
	gate_await(&outer.entered, 1);
	for (unsigned i = 0; i < others; i++)
		qs_future_release(task_submit(outer.pool, body_count, &runs));
	gate_raise(&outer.go_on);
	task_end(future, QS_DONE);
	report = pool_end(outer.pool, QS_DRAIN);
	assert_int_equal(runs, others);
	assert_false(flags == 0 && outer.is_disordered);
	assert_int_equal(outer.handed, outer.result == 0 ? outer.feed.count : 0);
	report.submitted -= 1 + others;
	feed_fini(&outer.feed, &report);
	return outer.result;
}

static void test_map_nested_p5_works_in_order(void **state)
{
	(void)state;
	assert_int_equal(map_nested(0, 0, 0, QS_NEVER), 0);
	assert_int_equal(map_nested(0, 0, 3, QS_NEVER), 0);
	assert_int_equal(map_nested(0, 1, 0, QS_NEVER), 0);
	assert_int_equal(map_nested(0, 3, 0, QS_NEVER), 0);
}

/* No room for a single item, ever: the worker runs them itself, in either order, deadline or not. */
static void test_map_nested_p5_runs_them_itself_when_there_is_no_room(void **state)
{
	(void)state;
	assert_int_equal(map_nested(0, 2, 2, QS_NEVER), 0);
	assert_int_equal(map_nested(0, 2, 2, patience()), 0);
	assert_int_equal(map_nested(QS_MAP_AS_COMPLETED, 2, 2, QS_NEVER), 0);
	assert_int_equal(map_nested(QS_MAP_AS_COMPLETED, 2, 2, patience()), 0);
	assert_int_equal(map_nested(0, 2, 2, QS_NOW), -ETIMEDOUT);
}

/*
 * As completed no task is the one that is needed, so none is run here; and nobody
 * else is there to run one.
 */
static void test_map_nested_p5_as_completed_says_that_it_cannot_end(void **state)
{
	(void)state;
	assert_int_equal(map_nested(QS_MAP_AS_COMPLETED, 0, 0, QS_NEVER), -EDEADLK);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_map_nested_p5_works_in_order),
		test(test_map_nested_p5_runs_them_itself_when_there_is_no_room),
		test(test_map_nested_p5_as_completed_says_that_it_cannot_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
