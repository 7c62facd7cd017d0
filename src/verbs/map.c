/* SPDX-License-Identifier: MIT */
/*
 * map.c - from a source through the window to whoever asks for results.
 *
 * There is no thread of the map's own: each call of qs_map_next() pulls and hands over until the
 * window is full, then waits.
 *
 * What comes in the way is one of three things.  *Not now*: no room in the pool, no memory, the
 * caller's deadline or stop while items are pulled.  Then the window stays less than full, and the
 * wait is for what is in it, whose end makes room; only if it is empty, the call waits for room, or
 * says what is wrong, and the next call tries again.  *Not any more*: the source has ended or
 * failed, the map's token was asked, the pool takes no more.  Then the source is closed, what was
 * pulled is handed out, and after it the reason is said, for ever.  *No more of it*: the consumer
 * leaves; then the token is asked, and what runs keeps its item.
 *
 * An item that was pulled when the pool took no more, or the map was stopped, was not accepted; it
 * gets a future that is cancelled, and is handed out like the others.
 *
 * The map's token hangs below the user's and the pool's, so its cause says why the map ended in
 * these cases as well; when the reason is another one, the token is asked at the end, when nothing
 * is left that it could stop.
 *
 * No locks: the consumer is one thread at a time, and what it shares with others are entries
 * (map_entry.c) and the token.
 */
#include "verbs/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/stop.h"
#include "exec/pool.h"
#include "platform/clock.h"

#define FLAGS_KNOWN (QS_MAP_AS_COMPLETED | QS_MAP_KEEP_GOING)
#define WINDOW_PER_WORKER 2u	/* one that runs, and one that waits its turn */

/* ---------------------------------------------------------------------------- beginning and end */

static int check_create(qs_map **out, const qs_pool *pool, qs_task_fn *fn, qs_source_fn *source,
			const qs_map_options *options)
{
	int error;

	if (out == NULL || fn == NULL || source == NULL || options->size != sizeof(*options) ||
	    (options->flags & ~FLAGS_KNOWN) != 0)
		return -EINVAL;
	error = qs__object_check(pool, QS__MAGIC_POOL);
	return error == 0 ? qs__stop_check_optional(options->stop) : error;
}

static void give_up_nudge(qs_map *map)
{
	qs__map_want_room_no_more(map);
	qs_stop_release(map->own_nudge);
	map->own_nudge = NULL;
}

static void map_free(qs_map *map)
{
	qs_stop_release(map->stop);
	/* One is left if a body that the consumer ran itself has ended the consumer's thread. */
	give_up_nudge(map);
	qs__atomic_fini(&map->nudge);
	qs__object_free(&map->object);
}

void qs__map_release(qs_map *map)
{
	if (qs__object_release(&map->object))
		map_free(map);
}

/* With its token and its set, or NULL. */
static qs_map *map_new(qs_pool *pool, const qs_map_options *options)
{
	qs_map *map = qs__object_alloc(sizeof(*map), QS__MAGIC_MAP);
	int error;

	if (map == NULL)
		return NULL;
	qs__atomic_init(&map->nudge, NULL);
	map->stop = qs__stop_new(options->stop, pool->stop);
	error = map->stop != NULL ? 0 : -ENOMEM;
	if (error == 0 && (options->flags & QS_MAP_AS_COMPLETED) != 0)
		error = qs_as_completed_create(&map->set, NULL, 0);
	if (error == 0)
		return map;
	map_free(map);
	return NULL;
}

int qs_map_create(qs_map **out, qs_pool *pool, qs_task_fn *fn, qs_source_fn *source, void *source_arg,
		  const qs_map_options *options)
{
	const qs_map_options defaults = QS_MAP_OPTIONS_INIT;
	qs_map *map;
	int error;

	if (options == NULL)
		options = &defaults;
	error = check_create(out, pool, fn, source, options);
	if (error != 0)
		return error;
	map = map_new(pool, options);
	if (map == NULL)
		return -ENOMEM;
	map->pool = pool;
	map->fn = fn;
	map->source = source;
	map->source_arg = source_arg;
	map->options = *options;
	map->options.name = NULL;
	map->options.stop = NULL;
	if (options->window == 0)
		map->options.window = (size_t)WINDOW_PER_WORKER * pool->options.workers;
	if (options->name != NULL)
		(void)strncpy(map->name, options->name, sizeof(map->name) - 1);
	qs__list_init(&map->window);
	*out = map;
	return 0;
}

/* Nothing more will be pulled; the first reason counts. */
static void close_source(qs_map *map, int reason)
{
	if (map->is_closed)
		return;
	map->is_closed = true;
	map->reason = reason;
	if (map->options.close != NULL)
		map->options.close(map->source_arg);
}

/* The consumer is done with it. */
static void let_go(struct qs__map_entry *entry)
{
	if (entry == NULL)
		return;
	qs_future_release(entry->future);
	qs__map_entry_release(entry);
}

void qs_map_destroy(qs_map *map)
{
	struct qs__map_entry *entry;

	if (!qs__object_is_ours(map, QS__MAGIC_MAP))
		return;
	/* First of all, so that what runs hears of it before user's code runs here. */
	if (map->count > 0)
		(void)qs_stop_ask(map->stop, 0, "the map was destroyed");
	close_source(map, 0);
	let_go(map->handed);
	while ((entry = qs__map_take_any(map)) != NULL)
		let_go(entry);
	if (map->aside != NULL) {
		/* No task has come of it: its share goes, too. */
		qs__map_entry_release(map->aside);
		let_go(map->aside);
	}
	qs_as_completed_destroy(map->set);
	qs__map_release(map);
}

/* -------------------------------------------------------------------------------------- pulling */

/* Pulls one item, which is aside then; or closes the source. */
static int pull(qs_map *map)
{
	struct qs__map_entry *entry;
	int result;

	if (qs__stop_find_asked(map->stop) != NULL) {
		close_source(map, -ECANCELED);
		return 0;
	}
	/* Before the item, which without it would be nobody's. */
	entry = qs__map_entry_new(map);
	if (entry == NULL)
		return -ENOMEM;
	result = map->source(&entry->item, map->source_arg);
	if (result == 1) {
		map->pulled++;
		map->aside = entry;
		return 0;
	}
	qs__map_entry_discard(entry);
	close_source(map, result <= 0 ? result : -EINVAL);
	return 0;
}

/* True if a submit was refused with this for good: not by a stop that ends the caller's wait alone. */
static bool is_end(const qs_map *map, int error)
{
	return error == -ESHUTDOWN || (error == -ECANCELED && qs__stop_find_asked(map->stop) != NULL);
}

/* Hands what is aside, if anything is, to the pool, waiting for room. */
static int hand_over(qs_map *map, qs_time deadline, qs_stop *stop)
{
	int error;

	if (map->aside == NULL)
		return 0;
	error = qs__map_entry_submit(map->aside, deadline, stop);
	if (is_end(map, error)) {
		close_source(map, error);
		error = qs__map_entry_cancel(map->aside);
	}
	if (error != 0)
		return error;
	qs__map_put(map, map->aside);
	map->aside = NULL;
	return 0;
}

static bool is_asked(const qs_stop *stop)
{
	return stop != NULL && qs__stop_cause(stop) != NULL;
}

/*
 * The caller's own limits, between two items.  A deadline that had passed from the beginning
 * forbids to wait, not to pull.
 */
static int look_at_limits(qs_time deadline, qs_stop *stop)
{
	if (is_asked(stop))
		return -ECANCELED;
	return deadline != QS_NOW && deadline != QS_NEVER && deadline <= qs__clock_now() ? -ETIMEDOUT : 0;
}

static bool has_room(qs_map *map)
{
	return !map->is_closed && map->count < map->options.window && qs__map_is_complete(map);
}

/*
 * Pulls and hands over until the window is full or the source closed; or says
 * what is in the way, for now.
 */
static int fill(qs_map *map, qs_time deadline, qs_stop *stop)
{
	int error = hand_over(map, QS_NOW, NULL);

	while (error == 0 && has_room(map)) {
		error = look_at_limits(deadline, stop);
		if (error == 0)
			error = pull(map);
		if (error == 0)
			error = hand_over(map, QS_NOW, NULL);
	}
	return error;
}

/* ---------------------------------------------------------------------------------- handing out */

/* Everything was handed out.  What is said now is said for ever. */
static int say_reason(qs_map *map)
{
	char text[QS_TEXT_SIZE];

	if (map->is_over)
		return map->reason;
	map->is_over = true;
	if (map->reason == 0 && qs__stop_find_asked(map->stop) != NULL)
		map->reason = -ECANCELED;
	if (map->reason < 0) {
		(void)snprintf(text, sizeof(text), "no more items: %s", qs_strerror(map->reason));
		(void)qs_stop_ask(map->stop, map->reason, text);
	}
	return map->reason;
}

/*
 * What is aside has found no room.  Waits for the one whose turn it is; or for
 * room, then *out stays NULL.
 */
static int take_or_hand_over(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop)
{
	int error;

	give_up_nudge(map);
	map->own_nudge = deadline != QS_NOW ? qs__stop_new(stop, NULL) : NULL;
	if (map->own_nudge == NULL)
		return qs__map_take(map, out, deadline, stop);
	qs__map_want_room(map, map->own_nudge);
	/* Once more, for there may have been room before it was wanted. */
	error = hand_over(map, QS_NOW, NULL);
	if (error != 0)
		error = qs__map_take(map, out, deadline, map->own_nudge);
	give_up_nudge(map);
	return error == -ECANCELED && !is_asked(stop) ? 0 : error;
}

/* 1 and the entry whose turn it is; 0 or a negative code if there is none. */
static int next(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop)
{
	while (*out == NULL) {
		int error = fill(map, deadline, stop);

		if (map->count == 0 && map->aside == NULL)
			return error != 0 ? error : say_reason(map);
		if (map->count == 0)
			error = hand_over(map, deadline, stop);
		else if (map->aside == NULL)
			error = qs__map_take(map, out, deadline, stop);
		else
			error = take_or_hand_over(map, out, deadline, stop);
		if (error != 0)
			return error;
	}
	return 1;
}

int qs_map_next(qs_map *map, qs_future **out, qs_time deadline, qs_stop *stop)
{
	int result = qs__object_check(map, QS__MAGIC_MAP);

	if (result == 0)
		result = qs__stop_check_optional(stop);
	if (result == 0 && out == NULL)
		result = -EINVAL;
	if (result != 0)
		return result;
	if (deadline != QS_NEVER && deadline <= qs__clock_now())
		deadline = QS_NOW;
	let_go(map->handed);
	map->handed = NULL;
	result = next(map, &map->handed, deadline, stop);
	if (result == 1)
		*out = map->handed->future;
	return result;
}

/* -------------------------------------------------------------------------------------- looking */

void *qs_map_item(const qs_map *map)
{
	return map != NULL && map->handed != NULL ? map->handed->item : NULL;
}

qs_stop *qs_map_stop(qs_map *map)
{
	return map != NULL ? map->stop : NULL;
}

uint64_t qs_map_pulled(const qs_map *map)
{
	return map != NULL ? map->pulled : 0;
}
