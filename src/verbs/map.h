/* SPDX-License-Identifier: MIT */
/*
 * map.h - a map from inside: a source, a window of entries, and the order in which they leave it.
 *
 * An *entry* is one item on its way:
 *
 *	made --> aside		it has an item, which was pulled (map.c)
 *	made --> gone		the source had no more
 *	aside --> in the window	the pool has accepted it; or the map has ended, and it is cancelled
 *				(map_entry.c)
 *	in the window --> handed out	its turn has come (map_order.c)
 *	handed out --> gone	the next one was asked for
 *
 * At most one entry is aside, and while one is, nothing is pulled: so an item that finds no room in
 * the pool, or no memory, stays where it is, and the next attempt is with the same item.
 */
#ifndef QS__VERBS_MAP_H
#define QS__VERBS_MAP_H

#include "base/list.h"
#include "base/object.h"
#include "platform/atomic.h"
#include "quiesce.h"

/*
 * One item.  Owners: the map, until the one after it was asked for; and the task, until its body
 * has ended or never will begin.  The last one frees the item.
 *
 * I = set before the task is submitted, C = the consumer's, T = the task's: of who runs it, then
 * of who frees its argument.
 */
struct qs__map_entry {
	struct qs__object object;
	qs_map *map;			/* I  counted: it outlives qs_map_destroy() for the sake
					   of bodies that still run */
	void *item;			/* I */
	struct qs__list in_window;	/* C */
	qs_future *future;		/* C  counted; NULL = not accepted yet */
	int failure;			/* T  what the body failed with, and the map's
					   token does not know yet; or 0 */
};

/*
 * I = set at creation, A = atomic, C = the consumer's: the thread that calls
 * qs_map_next() or qs_map_destroy().
 */
struct qs_map {
	struct qs__object object;	/* owners: the user, and each entry */
	qs_pool *pool;			/* I  borrowed until qs_map_destroy() */
	qs_task_fn *fn;			/* I */
	qs_map_options options;		/* I  `window` is not 0; `name` and `stop` are not kept here */
	char name[QS_NAME_SIZE];	/* I */
	qs_stop *stop;			/* I  counted; below the user's and the pool's, above each task's */
	qs_source_fn *source;		/* I  not called any more once is_closed */
	void *source_arg;		/* I */
	uint64_t pulled;		/* C */
	bool is_closed;			/* C  nothing more is pulled, and the source knows */
	bool is_over;			/* C  everything was handed out, and `reason` is final */
	int reason;			/* C  what comes after the last item */
	struct qs__map_entry *aside;	/* C  pulled, and not in the window yet; or NULL */
	struct qs__map_entry *handed;	/* C  the one that was handed out last; or NULL */
	struct qs__list window;		/* C  of qs__map_entry.in_window, in the order of the items */
	size_t count;			/* C  of these */
	qs_as_completed *set;		/* C  of their futures; NULL = handed out in the order of the items */
	struct qs__map_entry *missing;	/* C  the one in the window for which there was no
					   memory in the set; or NULL */
	qs__atomic(qs_stop *) nudge;	/* A  counted; wakes the consumer when there is room:
					   map_room.c; NULL = not wanted */
	qs_stop *own_nudge;		/* C  counted; the consumer's own reference, while it waits
					   for room; NULL = it does not */
};

/*
 * map.c
 */

/* One owner less: the user's, or an entry's. */
void qs__map_release(qs_map *map);

/*
 * map_entry.c
 */

/* Without an item yet; NULL without memory. */
struct qs__map_entry *qs__map_entry_new(qs_map *map);

/* The source had no item for it. */
void qs__map_entry_discard(struct qs__map_entry *entry);

/* One owner less: the map's, or the task's. */
void qs__map_entry_release(struct qs__map_entry *entry);

/*
 * Hand its task to the pool.  As qs_submit_by(); but a worker on its own full pool
 * runs the body here and now.
 */
int qs__map_entry_submit(struct qs__map_entry *entry, qs_time deadline, qs_stop *stop);

/* It will never be accepted: give it a future that is cancelled.  0 or -ENOMEM. */
int qs__map_entry_cancel(struct qs__map_entry *entry);

/*
 * map_order.c
 */

/*
 * False while there is no memory to wait for all that is in the window: then
 * nothing may be put there.
 */
bool qs__map_is_complete(qs_map *map);

/* Put an entry that has a future into the window. */
void qs__map_put(qs_map *map, struct qs__map_entry *entry);

/* Wait for the one whose turn it is, and take it out; the window is not empty.  As qs_wait(). */
int qs__map_take(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop);

/* The oldest one, taken out as it is, or NULL: for the end. */
struct qs__map_entry *qs__map_take_any(qs_map *map);

/*
 * map_room.c
 */

/*
 * Have the token asked when a place in the pool's queue becomes free; once, and
 * until it is wanted no more.
 */
void qs__map_want_room(qs_map *map, qs_stop *nudge);
void qs__map_want_room_no_more(qs_map *map);

/* A worker has begun a task of the map's. */
void qs__map_tell_room(qs_map *map);

#endif
