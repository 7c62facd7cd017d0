/* SPDX-License-Identifier: MIT */
/*
 * map_entry.c - one item's way through the pool, and what its failure does to the map.
 *
 * The entry is the argument of its task, and the argument's destructor gives back the task's share.
 * That runs when the body has ended or never will begin, in whatever thread; the map's share goes
 * when the next item is asked for.  So an item lives as long as either of them may look at it, also
 * after the map was destroyed.
 *
 * The first failure in time asks the map's token.  It does so at the earliest moment that does
 * not change what the task itself ends with: as the last act of the body, so that no body begins
 * after this one is over, and the cause names the task.  Two failures cannot be told there.  A
 * body that returns -ECANCELED although nobody asked has failed, but if the token were asked
 * before it returns, it would count as stopped.  A body that ends its thread does not come back
 * at all.  These two are told by the argument's destructor: the task's end is decided then, and
 * nobody has heard of it yet.
 */
#include "verbs/map.h"

#include <errno.h>
#include <stdio.h>

#include "core/future.h"
#include "core/task.h"
#include "platform/alloc.h"

/* ------------------------------------------------------------------------ its beginning and end */

struct qs__map_entry *qs__map_entry_new(qs_map *map)
{
	struct qs__map_entry *entry = qs__object_alloc(sizeof(*entry), QS__MAGIC_MAP_ENTRY);

	if (entry == NULL)
		return NULL;
	/* The task's share; the first one is the map's. */
	qs__object_retain(&entry->object);
	qs__object_retain(&map->object);
	entry->map = map;
	qs__list_init(&entry->in_window);
	return entry;
}

/* Frees the entry, not its item. */
static void entry_free(struct qs__map_entry *entry)
{
	qs_map *map = entry->map;

	qs__object_free(&entry->object);
	qs__map_release(map);
}

void qs__map_entry_discard(struct qs__map_entry *entry)
{
	entry_free(entry);
}

void qs__map_entry_release(struct qs__map_entry *entry)
{
	if (!qs__object_release(&entry->object))
		return;
	if (entry->map->options.destroy != NULL)
		entry->map->options.destroy(entry->item);
	entry_free(entry);
}

/* ------------------------------------------------------------------------------------- its task */

/* Asks the map's token, unless somebody has. */
static void tell_failure(struct qs__map_entry *entry, const char *words)
{
	qs_map *map = entry->map;
	char text[QS_TEXT_SIZE];

	if (map->name[0] != '\0')
		(void)snprintf(text, sizeof(text), "'%s' failed: %s", map->name, words);
	else
		(void)snprintf(text, sizeof(text), "a task failed: %s", words);
	(void)qs_stop_ask(map->stop, entry->failure, text);
	entry->failure = 0;
}

/* What the body said of its failure, or what the code says; for the body's own thread. */
static const char *words_of(const qs_task *task, int code)
{
	return task->future->message != NULL ? task->future->message : qs_strerror(code);
}

/* Who returns what he was told to has not failed. */
static bool is_failure(const qs_task *task, int returned)
{
	return returned < 0 && !(returned == -ECANCELED && qs__future_asked_by(task->future) != NULL);
}

static int run_item(qs_task *task, void *arg)
{
	struct qs__map_entry *entry = arg;
	int returned;

	qs__map_tell_room(entry->map);
	/* Until it has returned. */
	entry->failure = -QS_EEXITED;
	returned = entry->map->fn(task, entry->item);
	entry->failure = is_failure(task, returned) ? returned : 0;
	if (entry->failure != 0 && returned != -ECANCELED && (entry->map->options.flags & QS_MAP_KEEP_GOING) == 0)
		tell_failure(entry, words_of(task, returned));
	return returned;
}

/* The argument's destructor. */
static void task_is_over(void *arg)
{
	struct qs__map_entry *entry = arg;

	if (entry->failure != 0 && (entry->map->options.flags & QS_MAP_KEEP_GOING) == 0)
		tell_failure(entry, qs_strerror(entry->failure));
	qs__map_entry_release(entry);
}

static qs_task_options options_of(const struct qs__map_entry *entry)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.name = entry->map->name;
	options.destroy = task_is_over;
	options.stop = entry->map->stop;
	return options;
}

int qs__map_entry_submit(struct qs__map_entry *entry, qs_time deadline, qs_stop *stop)
{
	qs_task_options options = options_of(entry);
	qs_pool *pool = entry->map->pool;
	const int error = qs_submit_by(&entry->future, pool, run_item, entry, &options, deadline, stop);

	if (error != -EDEADLK)
		return error;
	/* Others could make room, but nobody can promise it; this thread is a worker, and free. */
	options.flags = QS_TASK_CALLER_RUNS;
	return qs_submit_by(&entry->future, pool, run_item, entry, &options, deadline, stop);
}

int qs__map_entry_cancel(struct qs__map_entry *entry)
{
	const qs_task_options options = options_of(entry);
	qs_stop *asked = qs__stop_find_asked(entry->map->stop);
	const struct qs__outcome outcome = { QS_CANCELLED, -ECANCELED,
					     asked != NULL ? qs__stop_cause(asked) : &qs__cause_shutdown, asked };
	qs_future *future = qs__future_new(entry->map->pool, run_item, entry, &options);

	if (future == NULL)
		return -ENOMEM;
	qs__future_claim(future);
	(void)qs__future_end(future, &outcome);
	qs__future_destroy_arg(future);
	/* The share that would be the pool's. */
	qs_future_release(future);
	entry->future = future;
	return 0;
}
