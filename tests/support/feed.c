/* SPDX-License-Identifier: MIT */
/*
 * feed.c - items with gates, counted wherever they pass.
 */
#include "support/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/patience.h"

void feed_init(struct feed *feed, size_t count)
{
	const struct gate shut = GATE_INIT;

	*feed = (struct feed){ .count = count };
	feed->items = calloc(count + 1, sizeof(*feed->items));
	assert_non_null(feed->items);
	for (size_t i = 0; i < count; i++)
		feed->items[i].entered = feed->items[i].leave = shut;
}

int feed_source(void **out_item, void *arg)
{
	struct feed *feed = arg;

	assert_int_equal(feed->closed, 0);
	assert_false(feed->has_ended);
	feed->has_ended = feed->pulled == feed->count;
	if (feed->has_ended)
		return feed->ends_with;
	*out_item = &feed->items[feed->pulled++];
	return 1;
}

static void close_feed(void *arg)
{
	((struct feed *)arg)->closed++;
}

static void destroy_item(void *arg)
{
	(void)atomic_fetch_add(&((struct feed_item *)arg)->destroyed, 1);
}

int feed_body(qs_task *task, void *arg)
{
	struct feed_item *item = arg;
	int returns;

	(void)atomic_fetch_add(&item->runs, 1);
	gate_raise(&item->entered);
	if (item->is_held)
		gate_await(&item->leave, 1);
	returns = item->returns;
	if (item->is_patient)
		returns = qs_sleep(QS_NEVER, qs_task_stop(task));
	(void)atomic_fetch_add(&item->left, 1);
	return returns;
}

qs_map_options feed_options(uint32_t flags, size_t window)
{
	qs_map_options options = QS_MAP_OPTIONS_INIT;

	options.flags = flags;
	options.name = "feed";
	options.window = window;
	options.destroy = destroy_item;
	options.close = close_feed;
	return options;
}

qs_map *feed_map(struct feed *feed, qs_pool *pool, uint32_t flags, size_t window)
{
	const qs_map_options options = feed_options(flags, window);
	qs_map *map = NULL;

	assert_int_equal(qs_map_create(&map, pool, feed_body, feed_source, feed, &options), 0);
	assert_non_null(map);
	return map;
}

/* What is handed out has ended, and its body has run unless it was cancelled. */
static void check_handed(const struct feed_item *item, const qs_future *future)
{
	const int state = qs_future_state(future);

	assert_int_equal(qs_future_is_ended(future), 1);
	assert_string_equal(qs_future_name(future), "feed");
	assert_int_equal(item->runs, state == QS_CANCELLED ? 0 : 1);
	assert_int_equal(item->left, item->runs);
	assert_int_equal(item->handed, 1);
	assert_int_equal(item->destroyed, 0);
	if (state == QS_DONE || state == QS_FAILED)
		assert_int_equal(qs_future_value(future), item->returns);
}

int feed_next(struct feed *feed, qs_map *map, qs_future **out, qs_time deadline, qs_stop *stop)
{
	qs_future *future = NULL;
	const int result = qs_map_next(map, &future, deadline, stop);
	struct feed_item *item = qs_map_item(map);

	assert_int_equal(qs_map_pulled(map), feed->pulled);
	if (result != 1) {
		assert_null(future);
		assert_null(item);
		return result;
	}
	item->handed++;
	check_handed(item, future);
	if (out != NULL)
		*out = future;
	return 1;
}

int feed_drain(struct feed *feed, qs_map *map)
{
	int result;

	while ((result = feed_next(feed, map, NULL, patience(), NULL)) == 1)
		continue;
	assert_int_equal(feed_handed(feed), feed->pulled);
	for (int again = 0; again < 2; again++)
		assert_int_equal(feed_next(feed, map, NULL, QS_NEVER, NULL), result);
	assert_int_equal(feed->closed, 1);
	return result;
}

size_t feed_index(const struct feed *feed, const qs_map *map)
{
	return (size_t)((const struct feed_item *)qs_map_item(map) - feed->items);
}

size_t feed_handed(const struct feed *feed)
{
	size_t handed = 0;

	for (size_t i = 0; i < feed->count; i++)
		handed += feed->items[i].handed;
	return handed;
}

/* Returns how many bodies have begun. */
static uint64_t check_items(const struct feed *feed)
{
	uint64_t runs = 0;

	for (size_t i = 0; i < feed->count; i++) {
		const struct feed_item *item = &feed->items[i];

		assert_int_equal(item->destroyed, i < feed->pulled ? 1 : 0);
		assert_true(item->runs <= 1);
		assert_true(item->handed <= 1);
		runs += item->runs;
	}
	return runs;
}

void feed_free(struct feed *feed, bool was_mapped)
{
	assert_int_equal(feed->closed, was_mapped ? 1 : 0);
	(void)check_items(feed);
	free(feed->items);
}

void feed_fini(struct feed *feed, const qs_report *report)
{
	const uint64_t runs = check_items(feed);

	/* At most the one that was aside was not accepted. */
	assert_true(report->submitted <= feed->pulled && report->submitted + 1 >= feed->pulled);
	assert_int_equal(report->submitted - report->ends[QS_CANCELLED], runs);
	feed_free(feed, true);
}
