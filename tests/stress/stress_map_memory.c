/* SPDX-License-Identifier: MIT */
/*
 * stress_map_memory.c - a map over an endless source: what the library holds at any moment
 * is what the window holds.
 *
 * In a soak it is 10^7 items, for which the promise was made.
 *
 * ctest: timeout=300
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/object.h"
#include "quiesce.h"
#include "support/leftovers.h"
#include "support/memory.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define ITEMS 200000
#define ITEMS_OF_SOAK 10000000
#define WINDOW 100
#define WORKERS 2
#define PER_ITEM 2	/* an entry and a future */
#define OTHERS 400	/* pool, map, set; a debug build's quarantine has 256 */

/* -------------------------------------------------------------------------------------- endless */

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

static void take(uint32_t flags, long items, size_t max_pending)
{
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	uintptr_t number = 0;
	qs_future *future;
	qs_pool *pool;
	qs_map *map;

	memory_mark();
	pool_options.workers = WORKERS;
	pool_options.max_pending = max_pending;
	assert_int_equal(qs_pool_create(&pool, &pool_options), 0);
	options.flags = flags;
	options.window = WINDOW;
	assert_int_equal(qs_map_create(&map, pool, do_nothing, count_up, &number, &options), 0);
	for (long i = 0; i < items; i++) {
		assert_int_equal(qs_map_next(map, &future, patience(), NULL), 1);
		assert_true(qs_map_pulled(map) <= (uint64_t)i + WINDOW);
	}
	qs_map_destroy(map);
	(void)pool_end(pool, QS_DRAIN);
	qs__object_empty_quarantine();
	assert_int_equal(memory_pieces(), 0);
	print_message("%s, %s: at most %ld pieces of memory at once\n", flags == 0 ? "in order" : "as completed",
		      max_pending == 0 ? "unbounded" : "bounded", memory_most_pieces());
	assert_true(memory_most_pieces() <= PER_ITEM * (WINDOW + WORKERS + 1) + OTHERS);
}

static void test_map_a17_memory_is_what_the_window_holds(void **state)
{
	const long items = soak_or(ITEMS, ITEMS_OF_SOAK);

	(void)state;
	take(0, items, 0);
	take(QS_MAP_AS_COMPLETED, items, 0);
	take(0, items, WINDOW / 2);
	take(QS_MAP_AS_COMPLETED, items, WINDOW / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_map_a17_memory_is_what_the_window_holds, leftovers_note,
						leftovers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
