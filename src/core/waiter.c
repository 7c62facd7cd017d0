/* SPDX-License-Identifier: MIT */
/*
 * waiter.c - events, waiters, and how they let go of each other.
 *
 * The life of a node, with who takes each arrow:
 *
 *	loose -> linked		the waiting thread, under the event's lock, if the event is not closed
 *	linked -> loose		the waiting thread, under the event's lock, if the event is not closed
 *	linked -> taken		who makes the event happen, under the event's lock
 *	taken -> told		the same, by one read-modify-write of the waiter's word
 *
 * The waiting thread may go only when each of its nodes is loose or told.  It cannot see which nodes are told, but it can
 * count: the word holds how many are.
 *
 * Lock order: one event's lock at a time; only a depot's is taken inside it (core/future.h).
 *
 * Nothing is lost: the word changes with every event told, and a thread parks only on the value that it has judged.  Who
 * tells need not wake it if that value does not reach the goal; a thread with another wish says so by EAGER, in the same
 * word.
 */
#include "core/waiter.h"

#include <errno.h>

#include "base/debug.h"
#include "platform/park.h"

#define URGENT (UINT32_C(1) << 31)
#define EAGER (UINT32_C(1) << 30)
#define EVENTS QS__WAITER_EVENTS_MAX

void qs__event_init(struct qs__event *event)
{
	qs__mutex_init(&event->lock, QS__RANK_EVENT);
	event->is_closed = false;
	qs__list_init(&event->nodes);
}

void qs__event_fini(struct qs__event *event)
{
	QS__ASSERT(qs__list_is_empty(&event->nodes));
	qs__mutex_fini(&event->lock);
}

void qs__event_close_locked(struct qs__event *event, struct qs__list *taken)
{
	event->is_closed = true;
	qs__list_init(taken);
	qs__list_move_all(taken, &event->nodes);
}

static void push_ready(struct qs__waiter *waiter, struct qs__wait_node *node)
{
	/* relaxed: a guess, which the compare-and-swap checks. */
	struct qs__wait_node *first = qs__load_relaxed(&waiter->ready);

	do {
		QS_PLAIN_WRITE(node->next_ready, first);
		/* Publishes next_ready.  Pairs with exchange_acquire in qs__waiter_take_ready(). */
	} while (!qs__compare_exchange_release(&waiter->ready, &first, node));
}

/* After the compare-and-swap neither the node nor the waiter may be touched. */
const qs__atomic(uint32_t) *qs__waiter_tell(struct qs__wait_node *node, bool is_bad)
{
	struct qs__waiter *waiter = node->waiter;
	qs__atomic(uint32_t) *word = &waiter->word;
	const uint32_t goal = waiter->goal;
	const bool is_urgent =
		node->urgency == QS__ALWAYS_URGENT || (node->urgency == QS__URGENT_IF_BAD && is_bad);
	uint32_t next;
	/* relaxed: a guess, which the compare-and-swap checks. */
	uint32_t seen = qs__load_relaxed(word);

	/* What is always urgent is not among the things collected: it ends the wait, and its node is no entry of theirs. */
	if (waiter->is_collecting && node->urgency != QS__ALWAYS_URGENT)
		push_ready(waiter, node);
	do {
		next = ((seen + 1) & ~EAGER) | (is_urgent ? URGENT : 0);
		/*
		 * The last touch: the frame may be gone after it.  Publishes the event, and the node on `ready`.  Pairs with
		 * load_acquire in is_over(), settle() and qs__waiter_leave_each(), and with compare_exchange_acquire in
		 * be_eager().
		 */
	} while (!qs__compare_exchange_acq_rel(word, &seen, next));
	if ((seen & EAGER) != 0 || (is_urgent && (seen & URGENT) == 0) || (next & EVENTS) == goal)
		return word;
	return NULL;
}

void qs__event_notify(struct qs__list *taken, bool is_bad)
{
	struct qs__list *link;

	/* Taking a link out touches its neighbours, which have not been told yet, and then it. */
	while ((link = qs__list_take_first(taken)) != NULL) {
		const qs__atomic(uint32_t) *word =
			qs__waiter_tell(QS__ENTRY(link, struct qs__wait_node, link), is_bad);

		if (word != NULL)
			qs__unpark_one(word);
	}
}

void qs__event_fire(struct qs__event *event)
{
	struct qs__list taken;

	qs__mutex_lock(&event->lock);
	qs__event_close_locked(event, &taken);
	qs__mutex_unlock(&event->lock);
	qs__event_notify(&taken, false);
}

bool qs__event_has_happened(struct qs__event *event)
{
	bool is_closed;

	qs__mutex_lock(&event->lock);
	is_closed = event->is_closed;
	qs__mutex_unlock(&event->lock);
	return is_closed;
}

void qs__waiter_init(struct qs__waiter *waiter, uint32_t goal, bool is_collecting)
{
	qs__atomic_init(&waiter->word, 0);
	qs__atomic_init(&waiter->ready, NULL);
	waiter->goal = goal;
	waiter->is_collecting = is_collecting;
	waiter->linked = 0;
	waiter->foregone = 0;
}

bool qs__waiter_attach(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event,
		       enum qs__urgency urgency)
{
	bool is_open;

	node->waiter = waiter;
	node->urgency = urgency;
	node->event = NULL;
	qs__mutex_lock(&event->lock);
	is_open = !event->is_closed;
	if (is_open) {
		node->event = event;
		qs__list_append(&event->nodes, &node->link);
	}
	qs__mutex_unlock(&event->lock);
	if (is_open)
		waiter->linked++;
	return is_open;
}

void qs__waiter_link(struct qs__waiter *waiter, struct qs__wait_node *node)
{
	node->waiter = waiter;
	node->urgency = QS__NEVER_URGENT;
	node->event = NULL;
	waiter->linked++;
}

void qs__waiter_unlink(struct qs__waiter *waiter)
{
	waiter->linked--;
}

void qs__waiter_untell(struct qs__waiter *waiter)
{
	waiter->linked--;
	/* One event less.  relaxed: tells nobody but this thread, and the lock has shown it the telling. */
	(void)qs__fetch_add_relaxed(&waiter->word, (uint32_t)-1);
}

void qs__waiter_count(struct qs__waiter *waiter)
{
	waiter->foregone++;
	/* relaxed: tells nobody but this thread; only the sum matters. */
	(void)qs__fetch_add_relaxed(&waiter->word, 1);
}

/* Asks in the word to be woken by the next event; false if the word was not as seen. */
static bool be_eager(struct qs__waiter *waiter, uint32_t seen)
{
	/* Either it comes after an event and sees it, or the event sees the mark.  Pairs with qs__waiter_tell(). */
	return qs__compare_exchange_acquire(&waiter->word, &seen, seen | EAGER);
}

static bool is_over(struct qs__waiter *waiter, uint32_t *out_seen)
{
	/* Sees what the events stand for.  Pairs with compare_exchange_acq_rel in qs__waiter_tell(). */
	*out_seen = qs__load_acquire(&waiter->word);
	return (*out_seen & URGENT) != 0 || (waiter->goal != 0 && (*out_seen & EVENTS) >= waiter->goal);
}

int qs__waiter_park(struct qs__waiter *waiter, qs_time deadline)
{
	uint32_t seen;

	while (!is_over(waiter, &seen)) {
		if (qs__park(&waiter->word, seen, deadline) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

int qs__waiter_park_ready(struct qs__waiter *waiter, qs_time deadline)
{
	uint32_t seen;

	for (;;) {
		const bool is_urgent = is_over(waiter, &seen);

		/* relaxed: only whether there is something; is_over() has seen every node whose event was counted. */
		if (is_urgent || qs__load_relaxed(&waiter->ready) != NULL)
			return 0;
		if ((seen & EAGER) == 0) {
			(void)be_eager(waiter, seen);
			continue;
		}
		if (qs__park(&waiter->word, seen, deadline) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
}

struct qs__wait_node *qs__waiter_take_ready(struct qs__waiter *waiter)
{
	struct qs__wait_node *oldest = NULL;
	/* Sees each node's next_ready.  Pairs with compare_exchange_release in push_ready(). */
	struct qs__wait_node *node = qs__exchange_acquire(&waiter->ready, (struct qs__wait_node *)NULL);

	while (node != NULL) {
		struct qs__wait_node *next = QS_PLAIN_READ(node->next_ready);

		node->next_ready = oldest;
		oldest = node;
		node = next;
	}
	return oldest;
}

/* Parks until the word, masked, has this value: all that is under way has told. */
static void settle(struct qs__waiter *waiter, uint32_t mask, uint32_t value)
{
	for (;;) {
		/* The tellers' last touch has happened.  Pairs with compare_exchange_acq_rel in qs__waiter_tell(). */
		const uint32_t seen = qs__load_acquire(&waiter->word);

		if ((seen & mask) == value)
			return;
		if ((seen & EAGER) != 0)
			(void)qs__park(&waiter->word, seen, QS_NEVER);
		else
			(void)be_eager(waiter, seen);
	}
}

/* True if the node was unlinked; false if its event has happened. */
static bool unlink_node(struct qs__wait_node *node)
{
	struct qs__event *event = node->event;
	bool was_linked;

	qs__mutex_lock(&event->lock);
	was_linked = !event->is_closed;
	if (was_linked)
		qs__list_remove(&node->link);
	qs__mutex_unlock(&event->lock);
	node->event = NULL;
	return was_linked;
}

void qs__waiter_leave_each(struct qs__waiter *waiter, struct qs__wait_node *first, size_t count, size_t stride)
{
	uint32_t told = waiter->linked + waiter->foregone;
	/* All have told: nothing to unlink.  Pairs with compare_exchange_acq_rel in qs__waiter_tell(). */
	const bool is_settled = (qs__load_acquire(&waiter->word) & EVENTS) == told;

	for (size_t i = 0; i < count && !is_settled; i++) {
		struct qs__wait_node *node = (struct qs__wait_node *)(void *)((char *)first + i * stride);

		if (node->event != NULL && unlink_node(node))
			told--;
	}
	settle(waiter, EVENTS, told);
	qs__atomic_fini(&waiter->word);
	qs__atomic_fini(&waiter->ready);
}

void qs__waiter_leave(struct qs__waiter *waiter, struct qs__wait_node *nodes, size_t count)
{
	qs__waiter_leave_each(waiter, nodes, count, sizeof(*nodes));
}

void qs__waiter_leave_urgent(struct qs__waiter *waiter, struct qs__wait_node *node)
{
	waiter->linked--;
	if (unlink_node(node))
		return;
	settle(waiter, URGENT, URGENT);
	/* As if it had not been: one event less, and nothing urgent.  relaxed: tells nobody but this thread. */
	(void)qs__fetch_add_relaxed(&waiter->word, (uint32_t)0 - (URGENT + 1));
}
