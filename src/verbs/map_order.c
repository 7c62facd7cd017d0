/* SPDX-License-Identifier: MIT */
/*
 * map_order.c - in which order what is in the window is handed out: in that of
 * the items, or as they end.
 *
 * In order the window is a list, and the wait is for the oldest.  As completed it is a
 * list and a set beside it, which tells whose turn it is: a future knows its task's
 * argument, and that is the entry.
 *
 * The set may have no memory for one more, when its task runs already.  Then the entry is *missing*
 * there: each call tries again to add it, and until that succeeds, nothing more comes into the
 * window.  When it is the only one left, it needs no set.
 */
#include <errno.h>

#include "core/future.h"
#include "verbs/map.h"

bool qs__map_is_complete(qs_map *map)
{
	if (map->missing != NULL && qs_as_completed_add(map->set, map->missing->future) >= 0)
		map->missing = NULL;
	return map->missing == NULL;
}

void qs__map_put(qs_map *map, struct qs__map_entry *entry)
{
	qs__list_append(&map->window, &entry->in_window);
	map->count++;
	if (map->set != NULL)
		map->missing = entry;
	(void)qs__map_is_complete(map);
}

static void take_out(qs_map *map, struct qs__map_entry *entry)
{
	qs__list_remove(&entry->in_window);
	map->count--;
	if (map->missing == entry)
		map->missing = NULL;
}

struct qs__map_entry *qs__map_take_any(qs_map *map)
{
	struct qs__map_entry *entry;

	if (map->count == 0)
		return NULL;
	entry = QS__ENTRY(map->window.next, struct qs__map_entry, in_window);
	take_out(map, entry);
	return entry;
}

static int take_oldest(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop)
{
	struct qs__map_entry *oldest = QS__ENTRY(map->window.next, struct qs__map_entry, in_window);
	const int error = qs_wait(oldest->future, deadline, stop);

	if (error == 0)
		*out = qs__map_take_any(map);
	return error;
}

static int take_first_ended(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop)
{
	qs_future *future;
	int result;

	if (!qs__map_is_complete(map) && map->count == 1)
		return take_oldest(map, out, deadline, stop);
	result = qs_as_completed_next(map->set, &future, deadline, stop);
	if (result != 1)
		return result;
	*out = future->arg;
	take_out(map, *out);
	return 0;
}

int qs__map_take(qs_map *map, struct qs__map_entry **out, qs_time deadline, qs_stop *stop)
{
	return map->set != NULL ? take_first_ended(map, out, deadline, stop) : take_oldest(map, out, deadline, stop);
}
