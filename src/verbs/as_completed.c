/* SPDX-License-Identifier: MIT */
/*
 * as_completed.c - futures in the order in which they end, each of them once.
 *
 * The set is one collecting waiter that lives as long as the set, with an *entry* per future: a
 * node that is attached to the future's end.  Who ends a future pushes its node on the collector,
 * which keeps the order and the descriptor; the consumer takes what is there.  One that had ended
 * before it was added is told by who adds it, exactly as its end would.  A future costs O(1)
 * however many there are, and nothing is scanned.
 *
 * The life of an entry:
 *
 *	linked -> collected	who ends the future, or who adds one that has ended: waiter.c
 *	collected -> free	the consumer, who hands the future out; its reference is `lent` until the
 *				next call
 *	linked -> free		who destroys the set
 *
 * `members` knows the futures of all entries, so that none is in the set twice; one that was
 * handed out may be added again.
 *
 * The set knows what it was told.  A future's state says that it has ended a moment before: between
 * these two a call of next that does not wait, or is stopped, does not find it.
 *
 * Each call of next that may wait hangs one more node on the waiter, for its
 * stop, and takes it back.
 *
 * Entries lie side by side: through a million of them in the order in which
 * they came, caches go along.
 *
 * Lock order: the set's lock guards `members`, `entries` and which nodes are attached; a future's
 * EVENT is taken inside it, to attach.  Nothing is allocated, freed, told or released under it.
 * The graph of waits looks through a set under its lock, too.
 */
#include <errno.h>

#include "base/hash.h"
#include "base/slab.h"
#include "core/future.h"
#include "exec/nested.h"
#include "platform/alloc.h"
#include "platform/park.h"

struct entry {
	struct qs__wait_node node;
	struct qs__hash_link in_members;	/* L  its key is the future */
	qs_future *future;			/* I  counted */
};

/*
 * L = under the lock, C = the consumer's: the one thread that is in next.
 */
struct qs_as_completed {
	struct qs__object object;
	qs__mutex lock;			/* guards members, entries, waiter.linked */
	struct qs__hash members;	/* L  of struct entry: what was added and not handed out */
	struct qs__slab entries;	/* L  their memory */
	struct qs__waiter waiter;	/* without a goal */
	struct qs__collector collector;	/* the waiter's: what has ended; C takes */
	qs_future *lent;		/* C  counted; what was handed out last; NULL = nothing, or given back */
};

/* --------------------------------------------------------------------------------------- adding */

/* Gets memory for the members, or for an entry.  False if somebody else has meanwhile. */
static bool give(qs_as_completed *set, void *memory, size_t for_members, size_t for_entries)
{
	bool is_given;

	qs__mutex_lock(&set->lock);
	is_given = for_members != 0 ? qs__hash_give(&set->members, memory, for_members) : qs__slab_give(&set->entries, memory, for_entries);
	qs__mutex_unlock(&set->lock);
	return is_given;
}

/* Locks the set, with memory for one more member.  Not locked if it fails. */
static int lock_with_room(qs_as_completed *set)
{
	for (;;) {
		size_t for_members, for_entries;
		void *memory;

		qs__mutex_lock(&set->lock);
		for_members = qs__hash_wants(&set->members);
		for_entries = qs__slab_wants(&set->entries);
		if (for_members == 0 && for_entries == 0)
			return 0;
		qs__mutex_unlock(&set->lock);
		memory = qs__alloc(for_members != 0 ? for_members : for_entries);
		if (memory == NULL)
			return -ENOMEM;
		if (!give(set, memory, for_members, for_entries))
			qs__free(memory);
	}
}

/*
 * Makes the future a member.  Returns its entry if it has ended: it is counted as linked, and the
 * caller tells; else NULL.
 */
static struct entry *enter_locked(qs_as_completed *set, qs_future *future)
{
	struct entry *entry = qs__slab_take(&set->entries);

	qs__object_retain(&future->object);
	entry->future = future;
	qs__hash_insert(&set->members, &entry->in_members, future);
	if (qs__waiter_attach(&set->waiter, &entry->node, &future->ended, QS__NEVER_URGENT))
		return NULL;
	qs__waiter_link(&set->waiter, &entry->node);
	return entry;
}

/* From here on the entry may be gone. */
static void tell(struct entry *entry)
{
	const qs__atomic(uint32_t) *word = qs__waiter_tell(&entry->node, false);

	if (word != NULL)
		qs__unpark_one(word);
}

/* 1; 0 if the future is in the set already, or -ENOMEM: then nothing was changed. */
static int add(qs_as_completed *set, qs_future *future)
{
	struct entry *has_ended = NULL;
	const int error = lock_with_room(set);
	bool is_new;

	if (error != 0)
		return error;
	is_new = qs__hash_find(&set->members, future) == NULL;
	if (is_new)
		has_ended = enter_locked(set, future);
	qs__mutex_unlock(&set->lock);
	if (has_ended != NULL)
		tell(has_ended);
	return is_new ? 1 : 0;
}

int qs_as_completed_add(qs_as_completed *set, qs_future *future)
{
	int error = qs__object_check(set, QS__MAGIC_AS_COMPLETED);

	if (error == 0)
		error = qs__object_check(future, QS__MAGIC_FUTURE);
	return error == 0 ? add(set, future) : error;
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
	qs__mutex_init(&set->lock, QS__RANK_COMPLETED);
	qs__hash_init(&set->members, sizeof(qs_future));
	qs__slab_init(&set->entries, sizeof(struct entry));
	qs__collector_init(&set->collector);
	qs__waiter_init(&set->waiter, 0, &set->collector);
	for (size_t i = 0; i < count && error >= 0; i++)
		error = add(set, futures[i]);
	if (error < 0) {
		qs_as_completed_destroy(set);
		return error;
	}
	*out = set;
	return 0;
}

/* ---------------------------------------------------------------------------------- handing out */

/* The future that was handed out is the caller's no more.  Frees it if nobody else owns it. */
static void take_back(qs_as_completed *set)
{
	qs_future *lent = set->lent;

	set->lent = NULL;
	qs_future_release(lent);
}

/* Takes out of the set the next one that has ended, or NULL. */
static qs_future *hand_out(qs_as_completed *set)
{
	struct qs__collected *collected = qs__collector_take(&set->collector);
	struct entry *entry;
	void *buckets, *chunk;

	if (collected == NULL)
		return NULL;
	entry = QS__ENTRY(collected, struct entry, node.collected);
	set->lent = entry->future;
	qs__mutex_lock(&set->lock);
	buckets = qs__hash_remove(&set->members, &entry->in_members);
	chunk = qs__slab_put(&set->entries, entry);
	qs__mutex_unlock(&set->lock);
	qs__free(buckets);
	qs__free(chunk);
	return set->lent;
}

static bool is_empty(qs_as_completed *set)
{
	size_t count;

	qs__mutex_lock(&set->lock);
	count = set->members.count;
	qs__mutex_unlock(&set->lock);
	return count == 0;
}

static struct entry *next_member(qs_as_completed *set, struct entry *previous)
{
	struct qs__hash_link *link = qs__hash_next(&set->members, previous != NULL ? &previous->in_members : NULL);

	return link != NULL ? QS__ENTRY(link, struct entry, in_members) : NULL;
}

/* For the graph of waits. */
static qs_future *find_member(const struct qs__awaited *awaited, qs__is_it_fn *is_it, void *context)
{
	qs_as_completed *set = awaited->set;
	struct entry *entry;

	qs__mutex_lock(&set->lock);
	entry = next_member(set, NULL);
	while (entry != NULL && !is_it(context, entry->future))
		entry = next_member(set, entry);
	qs__mutex_unlock(&set->lock);
	return entry != NULL ? entry->future : NULL;
}

/* Waits until there may be something to hand out: 0; or -ECANCELED, or -ETIMEDOUT. */
static int park(qs_as_completed *set, qs_time deadline, qs_stop *stop)
{
	struct qs__wait_node node;
	int result;

	if (stop != NULL && qs__stop_cause(stop) != NULL)
		return -ECANCELED;
	if (deadline <= QS_NOW)
		return -ETIMEDOUT;
	if (stop != NULL && !qs__waiter_attach_urgent(&set->waiter, &node, &stop->asked))
		return -ECANCELED;
	result = qs__waiter_park_collecting(&set->waiter, deadline);
	if (stop != NULL)
		qs__waiter_leave_urgent(&set->waiter, &node);
	return stop != NULL && qs__stop_cause(stop) != NULL ? -ECANCELED : result;
}

/* The same; in a worker, -EDEADLK if nothing could ever come. */
static int wait_more(qs_as_completed *set, qs_time deadline, qs_stop *stop)
{
	const struct qs__awaited awaited = { find_member, set, 0, QS__NEEDS_ONE };
	struct qs__nested nested;
	int error = qs__nested_begin(&nested, &awaited, deadline, stop);

	if (error != 0)
		return error;
	error = park(set, deadline, stop);
	qs__nested_end(&nested);
	return error;
}

int qs_as_completed_next(qs_as_completed *set, qs_future **out, qs_time deadline, qs_stop *stop)
{
	int error = qs__object_check(set, QS__MAGIC_AS_COMPLETED);
	qs_future *future;

	if (error == 0)
		error = qs__stop_check_optional(stop);
	if (error == 0 && out == NULL)
		error = -EINVAL;
	if (error != 0)
		return error;
	take_back(set);
	/*
	 * What ends the wait is said only after one more look: an end beats a stop, and a
	 * stop beats the deadline.
	 */
	while ((future = hand_out(set)) == NULL) {
		if (error != 0)
			return error;
		if (is_empty(set))
			return 0;
		error = wait_more(set, deadline, stop);
	}
	*out = future;
	return 1;
}

int qs_as_completed_fd(qs_as_completed *set)
{
	const int error = qs__object_check(set, QS__MAGIC_AS_COMPLETED);

	return error == 0 ? qs__collector_fd(&set->collector) : error;
}

/* ------------------------------------------------------------------------------------------ end */

void qs_as_completed_destroy(qs_as_completed *set)
{
	if (!qs__object_is_ours(set, QS__MAGIC_AS_COMPLETED))
		return;
	for (struct entry *entry = next_member(set, NULL); entry != NULL; entry = next_member(set, entry))
		qs__waiter_detach(&set->waiter, &entry->node);
	qs__waiter_end(&set->waiter);
	/* From here on nobody who ended a future knows the set. */
	qs__collector_fini(&set->collector);
	for (struct entry *entry = next_member(set, NULL); entry != NULL;) {
		struct entry *next = next_member(set, entry);

		qs_future_release(entry->future);
		qs__free(qs__slab_put(&set->entries, entry));
		entry = next;
	}
	take_back(set);
	qs__slab_fini(&set->entries);
	qs__hash_fini(&set->members);
	qs__mutex_fini(&set->lock);
	qs__object_free(&set->object);
}
