/* SPDX-License-Identifier: MIT */
/*
 * queue.h - what is to be done: first in, first out, bounded if wished, closable.
 *
 * Many may push and many take.  What is in the queue belongs to it; who takes or removes
 * a link is its only owner.
 */
#ifndef QS__CORE_QUEUE_H
#define QS__CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "core/depot.h"
#include "quiesce.h"

struct qs__queue {
	struct qs__depot depot;		/* its lock guards all below */
	struct qs__list items;		/* the links of what is to be done, the oldest first */
	uint64_t pushed;		/* how many were ever put in */
};

void qs__queue_init(struct qs__queue *queue, size_t limit);
void qs__queue_fini(struct qs__queue *queue);

/*
 * Put a link in.  *out_is_unattended: there are more items than takers that are parked, called
 * or expected, so that somebody may have to be found.  Returns 0, -EAGAIN (full), -ESHUTDOWN (closed).
 */
int qs__queue_push(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended);

/*
 * The same, waiting for room.  Returns -ETIMEDOUT or -ECANCELED (one of the stops; NULL =
 * none) in place of -EAGAIN.
 */
int qs__queue_push_by(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended, qs_time deadline,
		      qs_stop *stop, qs_stop *also);

/*
 * Count one as put in that never is, because its giver sees to it himself.
 * Returns 0, -ESHUTDOWN (closed).
 */
int qs__queue_pass(struct qs__queue *queue);

/* True if this link, which is in no list but this one, is in it. */
bool qs__queue_has(struct qs__queue *queue, const struct qs__list *link);

/* What it holds, at one moment. */
struct qs__queue_counts {
	uint64_t pushed;	/* how many were ever put in */
	size_t pending;		/* how many are in it */
	size_t parked;		/* takers that wait for one */
	bool is_closed;
};

struct qs__queue_counts qs__queue_look(struct qs__queue *queue);

/* The same for a signal handler; false if somebody changes it at that moment. */
bool qs__queue_try_look(struct qs__queue *queue, struct qs__queue_counts *out);

/* Take the oldest link, waiting for one; NULL once the queue is closed and empty. */
struct qs__list *qs__queue_take(struct qs__queue *queue, struct qs__regular *taker);

/* Take the oldest link, or NULL. */
struct qs__list *qs__queue_try_take(struct qs__queue *queue);

/* Take this link out; false if somebody else has. */
bool qs__queue_remove(struct qs__queue *queue, struct qs__list *link);

/* Nothing more comes in; what is there can still be taken.  All parked ones are woken. */
void qs__queue_close(struct qs__queue *queue);

#endif
