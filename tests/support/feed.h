/* SPDX-License-Identifier: MIT */
/*
 * feed.h - a source for a map, items that do as they are told, and the
 * account of what became of each.
 *
 *	feed_init(&feed, 3);
 *	feed.items[1].returns = -EIO;
 *	map = feed_map(&feed, pool, 0, 2);
 *	while ((result = feed_next(&feed, map, patience(), NULL)) == 1)
 *		continue;
 *	qs_map_destroy(map);
 *	report = pool_end(pool, QS_DRAIN);
 *	feed_fini(&feed, &report);		checks that nothing was lost
 *
 * The functions fail the test; call them from its own thread.
 */
#ifndef TEST_FEED_H
#define TEST_FEED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "quiesce.h"
#include "support/gate.h"

struct feed_item {
	bool is_held;		/* the body stays until `leave` is raised */
	bool is_patient;	/* the body stays until it is asked to stop */
	int returns;		/* what the body returns otherwise */
	struct gate entered;	/* raised by the body when it begins */
	struct gate leave;
	atomic_uint runs;	/* bodies that have begun */
	atomic_uint left;	/* bodies that are about to return */
	atomic_uint destroyed;
	unsigned handed;	/* how often it was handed out */
};

struct feed {
	struct feed_item *items;
	size_t count;
	size_t pulled;
	int ends_with;		/* what the source returns after the last one */
	bool has_ended;		/* it has */
	unsigned closed;
};

void feed_init(struct feed *feed, size_t count);

/* A map of the feed.  feed_options() are those that it has, for tests that change them. */
qs_map *feed_map(struct feed *feed, qs_pool *pool, uint32_t flags, size_t window);
qs_map_options feed_options(uint32_t flags, size_t window);
qs_source_fn feed_source;
qs_task_fn feed_body;

/* qs_map_next(), with a look at what is handed out.  *out may be NULL. */
int feed_next(struct feed *feed, qs_map *map, qs_future **out, qs_time deadline, qs_stop *stop);

/* Takes what is left, with patience; returns how the map has ended, and that it says so again. */
int feed_drain(struct feed *feed, qs_map *map);

/* The index of the item that was handed out last. */
size_t feed_index(const struct feed *feed, const qs_map *map);

/* How many were handed out. */
size_t feed_handed(const struct feed *feed);

/*
 * After the map was destroyed and the pool has ended.  The source was closed once; each item that
 * was pulled was destroyed once, run and handed out at most once; what the pool was given is what
 * was pulled, but for what it refused.
 */
void feed_fini(struct feed *feed, const qs_report *report);

/* The same without a report; was_mapped: false if there never was a map that could close the source. */
void feed_free(struct feed *feed, bool was_mapped);

#endif
