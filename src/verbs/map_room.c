/* SPDX-License-Identifier: MIT */
/*
 * map_room.c - a consumer whose pool is full waits for results, and hears of room all the same.
 *
 * It waits for one of its futures, whose end makes room; but a place in the queue is free as soon
 * as a worker has *begun* one of the map's tasks, and if nobody filled it, workers would be idle
 * until that future ends.  So the wait is given a token below the caller's, the *nudge*, which the
 * body of any of the map's tasks asks when it begins.
 *
 * The token is handed over by an exchange: whoever gets it out of `nudge` gives it back.
 *
 *	consumer			worker
 *	nudge = token			takes a task out of the queue
 *	tries once more to submit	looks at `nudge`
 *	waits with the token		asks what it finds
 *
 * Nothing is lost: both go through the queue's lock.  If the second submit still found no room, the
 * task was taken after it, and its body sees the token.  Room that others' tasks leave is not told;
 * the wait for the future is then what it would be without all this.
 */
#include "core/stop.h"
#include "platform/atomic.h"
#include "verbs/map.h"

void qs__map_want_room(qs_map *map, qs_stop *nudge)
{
	/* Hands over the token whole.  Pairs with exchange_acq_rel in take_nudge(). */
	(void)qs__exchange_acq_rel(&map->nudge, qs_stop_retain(nudge));
}

/* The token, which is the caller's then, or NULL: somebody else was faster. */
static qs_stop *take_nudge(qs_map *map)
{
	/* Of consumer and workers one gets it.  Pairs with exchange_acq_rel in qs__map_want_room(). */
	return qs__exchange_acq_rel(&map->nudge, (qs_stop *)NULL);
}

void qs__map_want_room_no_more(qs_map *map)
{
	qs_stop_release(take_nudge(map));
}

void qs__map_tell_room(qs_map *map)
{
	qs_stop *nudge = NULL;

	/* relaxed: that it was set before is what the queue's lock tells; see above. */
	if (qs__load_relaxed(&map->nudge) != NULL)
		nudge = take_nudge(map);
	if (nudge != NULL)
		(void)qs_stop_ask(nudge, 0, "there is room in the pool");
	qs_stop_release(nudge);
}
