/* SPDX-License-Identifier: MIT */
/*
 * waiter.h - how a thread waits for things that happen once.
 *
 * An *event* happens once: a future ends, a stop is asked.  A *waiter* is a word on the
 * waiting thread's stack.  A *node* links one waiter to one event; a waiter may have many
 * nodes and an event many.
 *
 *	qs__waiter_init		goal = after how many events the thread wants to go on
 *	qs__waiter_attach	once per event; false: it has happened
 *	qs__waiter_park		until the goal, or something urgent, or the deadline
 *	qs__waiter_leave	always: afterwards no event knows the waiter, and its memory may go
 *
 * What the wait came to is then read from the things themselves: a future's state, a token's cause.
 *
 * Who makes an event happen calls qs__event_close_locked() together with the change that it stands
 * for, under the event's lock, then unlocks, then qs__event_notify() for the nodes that it took
 * off.  Notifying touches a waiter once, by one read-modify-write of its word; then it uses the
 * word's address alone, for the frame may be gone.
 *
 * Waiter's word:	bit 31		URGENT	something happened that ends the wait whatever the goal
 *			bit 30		EAGER	the thread wants to be woken by the next event, whatever
 *						the goal
 *			bits 0 to 29		events that have happened and were told, modulo 2^30
 *
 * A waiter with a goal lives for one wait.  One without may live for ever, gain nodes and lose
 * them: its sums wrap, and only whether they are equal is asked.
 */
#ifndef QS__CORE_WAITER_H
#define QS__CORE_WAITER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/mutex.h"
#include "core/collector.h"
#include "platform/atomic.h"
#include "quiesce.h"

struct qs__event {
	qs__mutex lock;			/* guards all below, and what the owner says it guards besides */
	bool is_closed;			/* L  it has happened; no node is taken any more */
	struct qs__list nodes;		/* L  of struct qs__wait_node */
};

/* When does an event end a wait that has not reached its goal? */
enum qs__urgency {
	QS__NEVER_URGENT,
	QS__URGENT_IF_BAD,	/* if it is told with is_bad: a future that failed */
	QS__ALWAYS_URGENT,	/* a stop */
};

struct qs__waiter {
	qs__atomic(uint32_t) word;		/* A */
	uint32_t goal;				/* I  0 = none */
	struct qs__collector *collector;	/* I  where nodes go when their event happens, but
						   for ALWAYS_URGENT; NULL = nowhere */
	uint32_t linked;			/* nodes attached, modulo 2^32; who attaches guards
						   it: the waiting thread, or a lock */
	uint32_t foregone;			/* the waiting thread's: events that it counted itself */
};

struct qs__wait_node {
	struct qs__list link;			/* L of the event, while it is not closed */
	struct qs__event *event;		/* the waiting thread's; NULL = not attached */
	struct qs__waiter *waiter;		/* I */
	enum qs__urgency urgency;		/* I */
	struct qs__collected collected;		/* its place in the waiter's collector */
};

#define QS__WAITER_EVENTS_MAX ((UINT32_C(1) << 30) - 1)

void qs__event_init(struct qs__event *event);
void qs__event_fini(struct qs__event *event);

/* The event has happened: no more nodes; those that were there move to `taken`. */
void qs__event_close_locked(struct qs__event *event, struct qs__list *taken);

/* Tell the waiters of these nodes, under no lock. */
void qs__event_notify(struct qs__list *taken, bool is_bad);

/* Lock, close, unlock, notify: for an event that stands for no other change. */
void qs__event_fire(struct qs__event *event);

/* True once it is closed. */
bool qs__event_has_happened(struct qs__event *event);

/* collector: NULL = the thread wants to know how many, not which. */
void qs__waiter_init(struct qs__waiter *waiter, uint32_t goal, struct qs__collector *collector);

/* Link the waiter to an event.  False if it has happened already: nothing is linked. */
bool qs__waiter_attach(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event,
		       enum qs__urgency urgency);

/*
 * For a node that some other list than an event's holds, under a lock of its own: link it, and
 * take it back untold, or, once it was told, as if it had not been; all of them under that lock.
 * Who takes it off that list calls qs__waiter_tell() under that lock, and unparks what it
 * returns, if anything, after it.
 */
void qs__waiter_link(struct qs__waiter *waiter, struct qs__wait_node *node);
void qs__waiter_unlink(struct qs__waiter *waiter);
void qs__waiter_untell(struct qs__waiter *waiter);
const qs__atomic(uint32_t) *qs__waiter_tell(struct qs__wait_node *node, bool is_bad);

/*
 * Count an event that had happened before it could be attached, so that the
 * goal can still be reached.
 */
void qs__waiter_count(struct qs__waiter *waiter);

/* Sleep until the goal or an urgent event (0) or the deadline (-ETIMEDOUT). */
int qs__waiter_park(struct qs__waiter *waiter, qs_time deadline);

/*
 * For a thread that has a look at the things after each event: how many events were told,
 * before it looks; then sleep until there are more than those.  False if that is the
 * goal, or something urgent.
 */
uint32_t qs__waiter_told(struct qs__waiter *waiter);
bool qs__waiter_park_beyond(struct qs__waiter *waiter, uint32_t told);

/* Sleep until the collector has more or an urgent event (0) or the deadline (-ETIMEDOUT). */
int qs__waiter_park_collecting(struct qs__waiter *waiter, qs_time deadline);

/*
 * Unlink these nodes, which are all that are left; wait until the events that
 * have happened have told.
 */
void qs__waiter_leave(struct qs__waiter *waiter, struct qs__wait_node *nodes, size_t count);

/* The same in two steps, for nodes that lie here and there: detach each one that is left, then end. */
void qs__waiter_detach(struct qs__waiter *waiter, struct qs__wait_node *node);
void qs__waiter_end(struct qs__waiter *waiter);

/*
 * One always-urgent node for a while, on a waiter that goes on, as if it had never been
 * there: link it (false: its event has happened); then unlink it, or wait until its event has
 * told and wipe that off the word.  The waiting thread's, also while others attach nodes:
 * `linked` does not count it.
 */
bool qs__waiter_attach_urgent(struct qs__waiter *waiter, struct qs__wait_node *node, struct qs__event *event);
void qs__waiter_leave_urgent(struct qs__waiter *waiter, struct qs__wait_node *node);

#endif
