/* SPDX-License-Identifier: MIT */
/*
 * collector.h - from many who push to one who takes, in order; with a descriptor that says
 * whether there is something.
 */
#ifndef QS__CORE_COLLECTOR_H
#define QS__CORE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "platform/atomic.h"
#include "platform/event_fd.h"

/* The place of a thing in a collector. */
struct qs__collected {
	struct qs__collected *next;	/* published by `pushed`, then the taker's */
};

/*
 * A = atomic, T = the taker's.
 */
struct qs__collector {
	qs__atomic(struct qs__collected *) pushed;	/* A  the newest first */
	struct qs__collected *first;			/* T  taken off `pushed`, the oldest first */
	qs__atomic(uint32_t) bell;			/* A  enum bell, in collector.c */
	struct qs__event_fd readable;			/* T  made before `bell` says that there
							   is one, and never changed */
};

void qs__collector_init(struct qs__collector *collector);

/* Nobody is in the middle of a push any more.  What it holds is left alone. */
void qs__collector_fini(struct qs__collector *collector);

/* Any thread.  Once it has returned, the taker may have the thing, which is not touched any more. */
void qs__collector_push(struct qs__collector *collector, struct qs__collected *thing);

/*
 * The taker: the oldest thing, or NULL if there is none; then the descriptor is not readable, but
 * for a push that comes now.
 */
struct qs__collected *qs__collector_take(struct qs__collector *collector);

/* The taker: has something been pushed since it last found nothing? */
bool qs__collector_has_more(struct qs__collector *collector);

/* The taker: the descriptor, which is made at the first call; -EMFILE, -ENFILE, -ENOMEM. */
int qs__collector_fd(struct qs__collector *collector);

#endif
