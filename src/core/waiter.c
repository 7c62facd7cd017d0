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
 * The waiting thread may go only when each of its nodes is loose or told.  It cannot see which
 * nodes are told, but it can count: the word holds how many are.
 *
 * Lock order: one event's lock at a time; only a depot's is taken inside it (core/future.h).
 *
 * Nothing is lost: the word changes with every event told, and a thread parks only on the value
 * that it has judged.  Who tells need not wake it if that value does not reach the goal; a thread
 * with another wish says so by EAGER, in the same word.
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

/* The node may not be touched once it was pushed, nor the waiter after the compare-and-swap. */
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

	/*
	 * What is always urgent is not among the things collected: it ends the wait, and its
	 * node is no entry of theirs.
	 */
	if (waiter->collector != NULL && node->urgency != QS__ALWAYS_URGENT)
		qs__collector_push(waiter->collector, &node->collected);
	do {
		next = ((seen + 1) & EVENTS) | (seen & URGENT) | (is_urgent ? URGENT : 0);
		/*
		 * The last touch: the frame may be gone after it.  Publishes the event, and
		 * the node in the collector.  Pairs with load_acquire in is_over(),
		 * settle(), qs__waiter_told() and qs__waiter_leave(), and with
		 * compare_exchange_acquire in be_eager().
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

void qs__waiter_init(struct qs__waiter *waiter, uint32_t goal, struct qs__collector *collector)
{
	qs__atomic_init(&waiter->word, 0);
	waiter->goal = goal;
	waiter->collector = collector;
	waiter->linked = 0;
	waiter->foregone = 0;
}

/* True if the node was linked; false if its event has happened. */
static bool link_node(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event,
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
	return is_open;
}

bool qs__waiter_attach(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event,
		       enum qs__urgency urgency)
{
	const bool is_linked = link_node(waiter, node, event, urgency);

	if (is_linked)
		waiter->linked++;
	return is_linked;
}

bool qs__waiter_attach_urgent(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event)
{
	return link_node(waiter, node, event, QS__ALWAYS_URGENT);
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
	/*
	 * One event less.  relaxed: tells nobody but this thread, and the lock
	 * has shown it the telling.
	 */
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
	/*
	 * Either it comes after an event and sees it, or the event sees the mark.
	 * Pairs with qs__waiter_tell().
	 */
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

uint32_t qs__waiter_told(struct qs__waiter *waiter)
{
	/*
	 * Sees what these events stand for.  Pairs with
	 * compare_exchange_acq_rel in qs__waiter_tell().
	 */
	return qs__load_acquire(&waiter->word) & EVENTS;
}

bool qs__waiter_park_beyond(struct qs__waiter *waiter, uint32_t told)
{
	uint32_t seen;

	while (!is_over(waiter, &seen)) {
		if ((seen & EVENTS) != told)
			return true;
		if ((seen & EAGER) != 0)
			(void)qs__park(&waiter->word, seen, QS_NEVER);
		else
			(void)be_eager(waiter, seen);
	}
	return false;
}

int qs__waiter_park_collecting(struct qs__waiter *waiter, qs_time deadline)
{
	uint32_t seen;

	for (;;) {
		/*
		 * Before the look at the collector: an event that comes between changes the
		 * word, and nobody parks on it.
		 */
		const bool is_urgent = is_over(waiter, &seen);

		if (is_urgent || qs__collector_has_more(waiter->collector))
			return 0;
		if ((seen & EAGER) == 0) {
			(void)be_eager(waiter, seen);
			continue;
		}
		if (qs__park(&waiter->word, seen, deadline) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
}

/* Parks until the word, masked, has this value: all that is under way has told. */
static void settle(struct qs__waiter *waiter, uint32_t mask, uint32_t value)
{
	for (;;) {
		/*
		 * The tellers' last touch has happened.  Pairs with
		 * compare_exchange_acq_rel in qs__waiter_tell().
		 */
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

/* What the word holds when each node is loose or told. */
static uint32_t settled_sum(const struct qs__waiter *waiter)
{
	return (waiter->linked + waiter->foregone) & EVENTS;
}

void qs__waiter_detach(struct qs__waiter *waiter, struct qs__wait_node *node)
{
	if (node->event != NULL && unlink_node(node))
		waiter->linked--;
}

void qs__waiter_end(struct qs__waiter *waiter)
{
	settle(waiter, EVENTS, settled_sum(waiter));
	qs__atomic_fini(&waiter->word);
}

void qs__waiter_leave(struct qs__waiter *waiter, struct qs__wait_node *nodes, size_t count)
{
	/*
	 * All have told: nothing to unlink.  Pairs with
	 * compare_exchange_acq_rel in qs__waiter_tell().
	 */
	const bool is_settled = (qs__load_acquire(&waiter->word) & EVENTS) == settled_sum(waiter);

	for (size_t i = 0; i < count && !is_settled; i++)
		qs__waiter_detach(waiter, &nodes[i]);
	qs__waiter_end(waiter);
}

/* One event less, and nothing urgent. */
static void forget_urgent(struct qs__waiter *waiter)
{
	/* relaxed: a guess, which the compare-and-swap checks. */
	uint32_t seen = qs__load_relaxed(&waiter->word);
	uint32_t next;

	do {
		next = ((seen - 1) & EVENTS) | (seen & EAGER);
		/* relaxed: tells nobody but this thread. */
	} while (!qs__compare_exchange_relaxed(&waiter->word, &seen, next));
}

void qs__waiter_leave_urgent(struct qs__waiter *waiter, struct qs__wait_node *node)
{
	if (unlink_node(node))
		return;
	settle(waiter, URGENT, URGENT);
	forget_urgent(waiter);
}
