/* SPDX-License-Identifier: MIT */
/*
 * collector.c - a list that is pushed on one end and taken whole; and a bell.
 *
 * Who pushes puts its thing before the others by one compare-and-swap.  The taker takes all of them
 * by one exchange, turns them round, and hands them out one by one; so the order of the pushes is
 * kept, and each thing costs O(1).  As nobody but the taker takes, a thing that comes back while
 * somebody is about to push before it does no harm.
 *
 * The bell tells whether there is a descriptor, and whether it was told of what is there:
 *
 *	NONE -> SILENT		the taker has made a descriptor
 *	SILENT -> RUNG		who pushes, or the taker on its behalf; this one sets the descriptor
 *	RUNG -> SILENT		the taker, who has found nothing
 *
 * Promise: when nobody is in the middle of a push or a take, and there is something, the descriptor
 * is readable.  It may be readable when there is nothing, until the taker has looked.
 *
 * A push against the making.  The pusher pushes, then looks at the bell; the maker makes it SILENT,
 * then takes what was pushed.  Both change `pushed`, so one of them is first there.  The pusher:
 * then the maker takes what it pushed, and rings itself.  The maker: then the pusher, whose change
 * follows, acquires what the maker did before, and does not find NONE.  No fence is needed, since
 * the second step of one is the first step of the other, on one word.
 *
 * A push against the clearing.  The taker clears the descriptor, then makes the bell SILENT, then
 * takes once more.  A pusher that found the bell RUNG before is seen by that exchange, so its thing
 * is taken, and the taker rings for what it holds.  One that comes after it finds SILENT, and sets
 * a descriptor that was cleared before.  The other way round would lose: between SILENT and the
 * clearing a push would ring, and the clearing would leave a bell that says RUNG and a descriptor
 * that nobody is going to set.
 *
 * Who has rung may be late to set the descriptor: the thing is long taken, and the bell SILENT
 * again.  So a taker that finds nothing clears the descriptor whatever the bell says.
 */
#include "core/collector.h"

#include <errno.h>

enum bell {
	NONE,	/* there is no descriptor */
	SILENT,
	RUNG,	/* the descriptor is readable, or is about to be */
};

void qs__collector_init(struct qs__collector *collector)
{
	qs__atomic_init(&collector->pushed, NULL);
	qs__atomic_init(&collector->bell, NONE);
	collector->first = NULL;
	collector->readable = QS__EVENT_FD_NONE;
}

/* The taker made it so itself. */
static bool has_descriptor(struct qs__collector *collector)
{
	/* relaxed: others never change NONE, nor make it. */
	return qs__load_relaxed(&collector->bell) != NONE;
}

void qs__collector_fini(struct qs__collector *collector)
{
	if (has_descriptor(collector))
		qs__event_fd_close(&collector->readable);
	qs__atomic_fini(&collector->pushed);
	qs__atomic_fini(&collector->bell);
}

/* Says that there is something, if there is somebody to hear it. */
static void ring(struct qs__collector *collector)
{
	/* relaxed: who must not find NONE has seen more than this word; see above. */
	if (qs__load_relaxed(&collector->bell) == NONE)
		return;
	/*
	 * Sees the descriptor, and shows what was pushed before.  Pairs with store_release in
	 * qs__collector_fd() and exchange_acq_rel in silence().
	 */
	if (qs__exchange_acq_rel(&collector->bell, RUNG) == SILENT) {
		const struct qs__event_fd readable = QS_PLAIN_READ(collector->readable);

		qs__event_fd_set(&readable);
	}
}

void qs__collector_push(struct qs__collector *collector, struct qs__collected *thing)
{
	/* relaxed: a guess, which the compare-and-swap checks. */
	struct qs__collected *before = qs__load_relaxed(&collector->pushed);

	do {
		QS_PLAIN_WRITE(thing->next, before);
		/*
		 * Publishes the thing; sees a bell that was made before the last take.  Pairs with
		 * exchange_acq_rel in take_pushed().
		 */
	} while (!qs__compare_exchange_acq_rel(&collector->pushed, &before, thing));
	ring(collector);
}

/* All that was pushed, the oldest first. */
static struct qs__collected *take_pushed(struct qs__collector *collector)
{
	struct qs__collected *oldest = NULL;
	/*
	 * Sees the things; shows the bell to those who push after it.  Pairs with
	 * compare_exchange_acq_rel in qs__collector_push().
	 */
	struct qs__collected *thing = qs__exchange_acq_rel(&collector->pushed, (struct qs__collected *)NULL);

	while (thing != NULL) {
		struct qs__collected *next = QS_PLAIN_READ(thing->next);

		thing->next = oldest;
		oldest = thing;
		thing = next;
	}
	return oldest;
}

static void silence(struct qs__collector *collector)
{
	qs__event_fd_clear(&collector->readable);
	/*
	 * Sees what was pushed before the bell was rung; who rings after it comes after the
	 * clearing.  Pairs with exchange_acq_rel in ring().
	 */
	(void)qs__exchange_acq_rel(&collector->bell, SILENT);
}

struct qs__collected *qs__collector_take(struct qs__collector *collector)
{
	struct qs__collected *thing;

	if (collector->first == NULL)
		collector->first = take_pushed(collector);
	if (collector->first == NULL && has_descriptor(collector)) {
		silence(collector);
		collector->first = take_pushed(collector);
		if (collector->first != NULL)
			ring(collector);
	}
	thing = collector->first;
	if (thing != NULL)
		collector->first = thing->next;
	return thing;
}

bool qs__collector_has_more(struct qs__collector *collector)
{
	/* relaxed: only whether there is something; to have it is qs__collector_take()'s. */
	return qs__load_relaxed(&collector->pushed) != NULL;
}

/* Puts all that was pushed behind what the taker has. */
static void gather(struct qs__collector *collector)
{
	struct qs__collected **end = &collector->first;

	while (*end != NULL)
		end = &(*end)->next;
	*end = take_pushed(collector);
}

int qs__collector_fd(struct qs__collector *collector)
{
	struct qs__event_fd made;
	int error;

	if (has_descriptor(collector))
		return collector->readable.fd;
	error = qs__event_fd_open(&made);
	if (error != 0)
		return error;
	QS_PLAIN_WRITE(collector->readable, made);
	/* Publishes the descriptor.  Pairs with exchange_acq_rel in ring(). */
	qs__store_release(&collector->bell, SILENT);
	gather(collector);
	if (collector->first != NULL)
		ring(collector);
	return made.fd;
}
