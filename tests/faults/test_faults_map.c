/* SPDX-License-Identifier: MIT */
/*
 * test_faults_map.c - maps while the system refuses what they ask for (B1): an item is handed
 * out, or destroyed, once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/feed.h"
#include "support/patience.h"
#include "support/pools.h"

#define ITEMS 20
#define WINDOW 6

/* Takes what there is; what is left when memory gives out is destroyed with the map. */
static int take_all(struct feed *feed, qs_map *map)
{
	qs_future *future;
	int result;

	while ((result = qs_map_next(map, &future, patience(), NULL)) == 1) {
		struct feed_item *item = qs_map_item(map);

		assert_int_equal(qs_future_is_ended(future), 1);
		assert_int_equal(item->destroyed, 0);
		item->handed++;
	}
	if (result != -ENOMEM)
		assert_int_equal(feed_handed(feed), qs_map_pulled(map));
	if (result == -ECANCELED)
		assert_int_equal(qs_stop_is_asked(qs_map_stop(map)), 1);
	return result;
}

static int use_map(uint32_t flags, size_t max_pending, int fails_with)
{
	const qs_map_options options = feed_options(flags, WINDOW);
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	qs_map *map = NULL;
	struct feed feed;
	int error;

	sites_pause();
	feed_init(&feed, ITEMS);
	sites_resume();
	feed.items[ITEMS / 2].returns = fails_with;
	pool_options.workers = 2;
	pool_options.max_pending = max_pending;
	error = qs_pool_create(&pool, &pool_options);
	if (error == 0)
		error = qs_map_create(&map, pool, feed_body, feed_source, &feed, &options);
	if (error == 0)
		error = take_all(&feed, map);
	qs_map_destroy(map);
	workload_end_pool(pool, QS_DRAIN);
	feed_free(&feed, map != NULL);
	/* That a task has failed is no fault of the system. */
	return error == -ECANCELED && fails_with != 0 ? 0 : error;
}

static int use_in_order(void)
{
	return use_map(0, 0, 0);
}

static int use_as_completed(void)
{
	return use_map(QS_MAP_AS_COMPLETED, 0, 0);
}

static int use_full_pool(void)
{
	return use_map(0, 1, 0);
}

static int use_failure(void)
{
	return use_map(QS_MAP_AS_COMPLETED, 0, -EPROTO);
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "in order", use_in_order, NEEDS_MEMORY | NEEDS_THREADS },
		{ "as completed", use_as_completed, NEEDS_MEMORY | NEEDS_THREADS },
		{ "full pool", use_full_pool, NEEDS_MEMORY | NEEDS_THREADS },
		{ "failure", use_failure, NEEDS_MEMORY | NEEDS_THREADS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
