/* SPDX-License-Identifier: MIT */
/*
 * as_completed.c - futures in the order in which they end, each of them once.
 *
 * The set is one collecting waiter with a node per future, attached as long as the set lives.  Who ends a future pushes its
 * node on the waiter's `ready`; the consumer takes what is there and hands it out, oldest first.  A future costs O(1)
 * however many there are, and nothing is scanned.
 *
 * Those that had ended at the beginning never get on `ready`; they stand first in the list of what is to be handed out.
 *
 * Each call of next hangs one more node on the waiter, for its stop, and takes it back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/future.h"
#include "core/wait_event.h"
#include "platform/alloc.h"

/* A node that knows its future. */
struct entry {
	struct qs__wait_node node;
	qs_future *future;	/* counted */
};

struct qs_as_completed {
	struct qs__object object;
	struct qs__waiter waiter;
	struct qs__wait_node *first;	/* to be handed out next: a chain by next_ready; NULL = look at the waiter */
	struct qs__wait_node *last;	/* of that chain */
	size_t left;			/* not handed out yet */
	size_t count;
	struct entry *entries;
};

/* ------------------------------------------------------------------------------------------------------- the set */

struct place {
	qs_future *future;
	size_t index;
};

static int by_future(const void *one, const void *other)
{
	const struct place *a = one;
	const struct place *b = other;

	if (a->future != b->future)
		return (uintptr_t)a->future < (uintptr_t)b->future ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static int by_index(const void *one, const void *other)
{
	const struct place *a = one;
	const struct place *b = other;

	return a->index < b->index ? -1 : 1;
}

/* Leaves the first place of each future, in the order given; returns how many. */
static size_t make_unique(struct place *places, size_t count)
{
	size_t unique = 0;

	qsort(places, count, sizeof(*places), by_future);
	for (size_t i = 0; i < count; i++) {
		if (unique == 0 || places[unique - 1].future != places[i].future)
			places[unique++] = places[i];
	}
	qsort(places, unique, sizeof(*places), by_index);
	return unique;
}

/* Fills the set's entries with each future once. */
static int fill(qs_as_completed *set, qs_future *const *futures, size_t count)
{
	struct place *places = qs__alloc_array(count + 1, sizeof(*places));

	if (places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){ futures[i], i };
	set->count = make_unique(places, count);
	set->left = set->count;
	for (size_t i = 0; i < set->count; i++)
		set->entries[i].future = qs_future_retain(places[i].future);
	qs__free(places);
	return 0;
}

static void append(qs_as_completed *set, struct qs__wait_node *node)
{
	node->next_ready = NULL;
	if (set->first == NULL)
		set->first = node;
	else
		set->last->next_ready = node;
	set->last = node;
}

static void attach_all(qs_as_completed *set)
{
	qs__waiter_init(&set->waiter, 0, true);
	for (size_t i = 0; i < set->count; i++) {
		struct entry *entry = &set->entries[i];

		if (!qs__waiter_attach(&set->waiter, &entry->node, &entry->future->ended, QS__NEVER_URGENT))
			append(set, &entry->node);
	}
}

static int check(qs_future *const *futures, size_t count)
{
	int error = (futures == NULL && count != 0) || count >= QS__WAITER_EVENTS_MAX ? -EINVAL : 0;

	for (size_t i = 0; i < count && error == 0; i++)
		error = qs__object_check(futures[i], QS__MAGIC_FUTURE);
	return error;
}

int qs_as_completed_create(qs_as_completed **out, qs_future *const *futures, size_t count)
{
	qs_as_completed *set;
	int error = out == NULL ? -EINVAL : check(futures, count);

	if (error != 0)
		return error;
	set = qs__object_alloc(sizeof(*set), QS__MAGIC_AS_COMPLETED);
	if (set == NULL)
		return -ENOMEM;
	set->entries = qs__alloc_array(count + 1, sizeof(*set->entries));
	error = set->entries != NULL ? fill(set, futures, count) : -ENOMEM;
	if (error != 0) {
		qs__free(set->entries);
		qs__object_free(&set->object);
		return error;
	}
	attach_all(set);
	*out = set;
	return 0;
}

/* --------------------------------------------------------------------------------------------------- handing out */

/* Takes the next one that has ended, or NULL. */
static qs_future *take(qs_as_completed *set)
{
	struct qs__wait_node *node;

	if (set->first == NULL)
		set->first = qs__waiter_take_ready(&set->waiter);
	node = set->first;
	if (node == NULL)
		return NULL;
	set->first = node->next_ready;
	set->left--;
	return QS__ENTRY(node, struct entry, node)->future;
}

/* Parks until there may be something to take. */
static int wait_more(qs_as_completed *set, qs_time deadline, qs_stop *stop)
{
	struct qs__wait_node node;
	int result = -ECANCELED;

	if (!qs__waiter_attach_stop(&set->waiter, &node, stop))
		return result;
	result = qs__waiter_park_ready(&set->waiter, deadline);
	if (node.event != NULL)
		qs__waiter_leave_urgent(&set->waiter, &node);
	return result == 0 && stop != NULL && qs__stop_cause(stop) != NULL ? -ECANCELED : result;
}

int qs_as_completed_next(qs_as_completed *set, qs_future **out, qs_time deadline, qs_stop *stop)
{
	int error = qs__object_check(set, QS__MAGIC_AS_COMPLETED);
	qs_future *future;

	if (error == 0 && stop != NULL)
		error = qs__object_check(stop, QS__MAGIC_STOP);
	if (error == 0 && out == NULL)
		error = -EINVAL;
	if (error != 0)
		return error;
	if (set->left == 0)
		return 0;
	while ((future = take(set)) == NULL) {
		error = wait_more(set, deadline, stop);
		if (error != 0 && (future = take(set)) == NULL)
			return error;
		if (future != NULL)
			break;
	}
	*out = future;
	return 1;
}

void qs_as_completed_destroy(qs_as_completed *set)
{
	if (!qs__object_is_ours(set, QS__MAGIC_AS_COMPLETED))
		return;
	qs__waiter_leave_each(&set->waiter, &set->entries[0].node, set->count, sizeof(set->entries[0]));
	for (size_t i = 0; i < set->count; i++)
		qs_future_release(set->entries[i].future);
	qs__free(set->entries);
	qs__object_free(&set->object);
}
