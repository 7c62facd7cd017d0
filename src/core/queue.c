/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the plain one: a list under a lock, and two lists of parked threads.
 *
 * A wake-up costs more than all else here, so one is in flight at a time: a push wakes a taker only if none is on its way,
 * and a taker that comes back and leaves more behind wakes the next one.  So a burst of pushes makes one wake-up call, and
 * nothing is left lying while somebody is parked:
 *
 *	invariant	there are items, and takers are parked  =>  is_waking
 *
 * A taker that was woken always comes back to the lock.  It may find nothing, for one that was awake was faster; then it
 * parks again.
 *
 * Givers are woken one per item that leaves.  A giver that was woken may find the room gone, and parks again; one that
 * leaves because of its deadline or stop passes the wake-up on:
 *
 *	invariant	there is room, and givers are parked  =>  a giver is on its way
 *
 * Who wakes writes into the parked thread's frame under the lock and unparks by address after it; a thread that was woken
 * takes the lock before it goes, so the frame is there.
 *
 * Lock order: the queue's lock is the innermost.
 */
#include "core/queue.h"

#include <errno.h>

#include "base/debug.h"
#include "core/wait_event.h"
#include "platform/park.h"

/* A thread that is parked for an item. */
struct taker {
	struct qs__list link;
	qs__atomic(uint32_t) is_woken;
};

/* A thread that is parked for room. */
struct giver {
	struct qs__list link;
	struct qs__wait_node node;
};

/* Whom to unpark when the lock is free again; NULL = nobody. */
struct wakes {
	const qs__atomic(uint32_t) *taker;
	const qs__atomic(uint32_t) *giver;
};

static void wake(const struct wakes *wakes)
{
	if (wakes->taker != NULL)
		qs__unpark_one(wakes->taker);
	if (wakes->giver != NULL)
		qs__unpark_one(wakes->giver);
}

void qs__queue_init(struct qs__queue *queue, size_t limit)
{
	qs__mutex_init(&queue->lock, QS__RANK_QUEUE);
	qs__list_init(&queue->items);
	queue->count = 0;
	queue->limit = limit;
	queue->pushed = 0;
	queue->is_closed = false;
	queue->is_waking = false;
	qs__list_init(&queue->takers);
	queue->parked = 0;
	qs__list_init(&queue->givers);
}

void qs__queue_fini(struct qs__queue *queue)
{
	QS__ASSERT(qs__list_is_empty(&queue->items));
	QS__ASSERT(qs__list_is_empty(&queue->takers));
	QS__ASSERT(qs__list_is_empty(&queue->givers));
	qs__mutex_fini(&queue->lock);
}

static bool has_room_locked(const struct qs__queue *queue)
{
	return queue->limit == 0 || queue->count < queue->limit;
}

/* Keeps the takers' invariant. */
static void call_taker_locked(struct qs__queue *queue, struct wakes *wakes)
{
	struct qs__list *link;
	struct taker *taker;

	if (queue->is_waking || qs__list_is_empty(&queue->items))
		return;
	link = qs__list_take_first(&queue->takers);
	if (link == NULL)
		return;
	taker = QS__ENTRY(link, struct taker, link);
	queue->parked--;
	queue->is_waking = true;
	/* relaxed: what it woke for is under the lock. */
	qs__store_relaxed(&taker->is_woken, 1);
	wakes->taker = &taker->is_woken;
}

/* Keeps the givers' invariant. */
static void call_giver_locked(struct qs__queue *queue, struct wakes *wakes)
{
	struct qs__list *link;

	if (!has_room_locked(queue) && !queue->is_closed)
		return;
	link = qs__list_take_first(&queue->givers);
	if (link != NULL)
		wakes->giver = qs__waiter_tell(&QS__ENTRY(link, struct giver, link)->node, false);
}

/* ---------------------------------------------------------------------------------------------------------- giving */

static int push_locked(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended, struct wakes *wakes)
{
	if (queue->is_closed)
		return -ESHUTDOWN;
	if (!has_room_locked(queue))
		return -EAGAIN;
	qs__list_append(&queue->items, link);
	queue->count++;
	/* Each taker that is parked or on its way attends to one item; who is awake besides may be long about its own. */
	*out_is_unattended = queue->count > queue->parked + (queue->is_waking ? 1 : 0);
	queue->pushed++;
	call_taker_locked(queue, wakes);
	return 0;
}

int qs__queue_push(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended)
{
	struct wakes wakes = { NULL, NULL };
	int error;

	qs__mutex_lock(&queue->lock);
	error = push_locked(queue, link, out_is_unattended, &wakes);
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return error;
}

/* Pushes, or parks the giver if there is no room. */
static int push_or_park(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended,
			struct qs__waiter *waiter, struct giver *giver)
{
	struct wakes wakes = { NULL, NULL };
	int error;

	qs__list_init(&giver->link);
	qs__mutex_lock(&queue->lock);
	error = push_locked(queue, link, out_is_unattended, &wakes);
	if (error == -EAGAIN) {
		qs__waiter_link(waiter, &giver->node);
		qs__list_append(&queue->givers, &giver->link);
	}
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return error;
}

/* Takes the giver off the list; one that was called already and gives up passes the call on. */
static void unpark_giver(struct qs__queue *queue, struct qs__waiter *waiter, struct giver *giver, bool gives_up)
{
	struct wakes wakes = { NULL, NULL };

	qs__mutex_lock(&queue->lock);
	if (qs__list_is_linked(&giver->link)) {
		qs__list_remove(&giver->link);
		qs__waiter_unlink(waiter);
	} else if (gives_up) {
		call_giver_locked(queue, &wakes);
	}
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
}

static bool is_asked(const qs_stop *stop)
{
	return stop != NULL && qs__stop_cause(stop) != NULL;
}

/* One turn: pushes, or waits until that is worth another try (-EAGAIN), the deadline or a stop. */
static int push_turn(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended, qs_time deadline,
		     qs_stop *stop, qs_stop *also)
{
	struct qs__wait_node nodes[2] = { { .event = NULL }, { .event = NULL } };
	struct qs__waiter waiter;
	struct giver giver;
	int error;

	qs__waiter_init(&waiter, 1, false);
	error = push_or_park(queue, link, out_is_unattended, &waiter, &giver);
	if (error == -EAGAIN) {
		if (qs__waiter_attach_stop(&waiter, &nodes[0], stop) &&
		    qs__waiter_attach_stop(&waiter, &nodes[1], also) &&
		    qs__waiter_park(&waiter, deadline) == -ETIMEDOUT)
			error = -ETIMEDOUT;
		if (is_asked(stop) || is_asked(also))
			error = -ECANCELED;
		unpark_giver(queue, &waiter, &giver, error != -EAGAIN);
	}
	qs__waiter_leave(&waiter, nodes, 2);
	return error;
}

int qs__queue_push_by(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended, qs_time deadline,
		      qs_stop *stop, qs_stop *also)
{
	int error;

	do {
		error = push_turn(queue, link, out_is_unattended, deadline, stop, also);
	} while (error == -EAGAIN);
	return error;
}

int qs__queue_pass(struct qs__queue *queue)
{
	int error;

	qs__mutex_lock(&queue->lock);
	error = queue->is_closed ? -ESHUTDOWN : 0;
	if (error == 0)
		queue->pushed++;
	qs__mutex_unlock(&queue->lock);
	return error;
}

/* ---------------------------------------------------------------------------------------------------------- taking */

static struct qs__list *take_locked(struct qs__queue *queue, struct wakes *wakes)
{
	struct qs__list *link = qs__list_take_first(&queue->items);

	if (link != NULL) {
		queue->count--;
		call_giver_locked(queue, wakes);
	}
	return link;
}

struct qs__list *qs__queue_try_take(struct qs__queue *queue)
{
	struct wakes wakes = { NULL, NULL };
	struct qs__list *link;

	qs__mutex_lock(&queue->lock);
	link = take_locked(queue, &wakes);
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return link;
}

/* One turn: a link, or NULL with the taker parked, or NULL because there will be none any more. */
static struct qs__list *take_or_park(struct qs__queue *queue, struct taker *taker, bool was_woken, bool *out_is_over)
{
	struct wakes wakes = { NULL, NULL };
	struct qs__list *link;

	qs__mutex_lock(&queue->lock);
	if (was_woken)
		queue->is_waking = false;
	link = take_locked(queue, &wakes);
	*out_is_over = link == NULL && queue->is_closed;
	if (link == NULL && !queue->is_closed) {
		/* relaxed: set again under this lock only. */
		qs__store_relaxed(&taker->is_woken, 0);
		qs__list_append(&queue->takers, &taker->link);
		queue->parked++;
	}
	call_taker_locked(queue, &wakes);
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return link;
}

struct qs__list *qs__queue_take(struct qs__queue *queue)
{
	struct taker self;
	struct qs__list *link;
	bool was_woken = false;
	bool is_over = false;

	qs__atomic_init(&self.is_woken, 0);
	qs__list_init(&self.link);
	while ((link = take_or_park(queue, &self, was_woken, &is_over)) == NULL && !is_over) {
		/* relaxed: what it was woken for is under the lock. */
		while (qs__load_relaxed(&self.is_woken) == 0)
			(void)qs__park(&self.is_woken, 0, QS_NEVER);
		was_woken = true;
	}
	qs__atomic_fini(&self.is_woken);
	return link;
}

bool qs__queue_remove(struct qs__queue *queue, struct qs__list *link)
{
	struct wakes wakes = { NULL, NULL };
	bool was_there;

	qs__mutex_lock(&queue->lock);
	was_there = qs__list_is_linked(link);
	if (was_there) {
		qs__list_remove(link);
		queue->count--;
		call_giver_locked(queue, &wakes);
	}
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return was_there;
}

bool qs__queue_has(struct qs__queue *queue, const struct qs__list *link)
{
	bool is_there;

	qs__mutex_lock(&queue->lock);
	is_there = qs__list_is_linked(link);
	qs__mutex_unlock(&queue->lock);
	return is_there;
}

static struct qs__queue_counts look_locked(const struct qs__queue *queue)
{
	return (struct qs__queue_counts){ queue->pushed, queue->count, queue->parked, queue->is_closed };
}

struct qs__queue_counts qs__queue_look(struct qs__queue *queue)
{
	struct qs__queue_counts counts;

	qs__mutex_lock(&queue->lock);
	counts = look_locked(queue);
	qs__mutex_unlock(&queue->lock);
	return counts;
}

bool qs__queue_try_look(struct qs__queue *queue, struct qs__queue_counts *out)
{
	if (!qs__mutex_try_lock(&queue->lock))
		return false;
	*out = look_locked(queue);
	qs__mutex_end_try(&queue->lock);
	return true;
}

/* --------------------------------------------------------------------------------------------------------- closing */

/* Wakes one parked thread of each kind; false if none is left. */
static bool dismiss(struct qs__queue *queue)
{
	struct wakes wakes = { NULL, NULL };
	struct qs__list *link;
	bool is_any_left;

	qs__mutex_lock(&queue->lock);
	queue->is_closed = true;
	link = qs__list_take_first(&queue->takers);
	if (link != NULL) {
		struct taker *taker = QS__ENTRY(link, struct taker, link);

		queue->parked--;
		/* relaxed: that the queue is closed is under the lock. */
		qs__store_relaxed(&taker->is_woken, 1);
		wakes.taker = &taker->is_woken;
	}
	call_giver_locked(queue, &wakes);
	is_any_left = !qs__list_is_empty(&queue->takers) || !qs__list_is_empty(&queue->givers);
	qs__mutex_unlock(&queue->lock);
	wake(&wakes);
	return is_any_left;
}

void qs__queue_close(struct qs__queue *queue)
{
	while (dismiss(queue))
		continue;
}
