/* SPDX-License-Identifier: MIT */
/*
 * depot.h - so many things are there, and room for so many: who waits for
 * one, and who for the other.
 *
 * What the things are and how they are kept is the owner's; it does so under the depot's
 * lock, and keeps the count.
 *
 *	struct qs__turn turn;
 *	int error = qs__depot_begin_take(&depot, &turn, deadline, stop, NULL);
 *
 *	if (error == 0) {
 *		... take one out ...
 *		depot.count--;
 *	}
 *	qs__depot_end(&depot, &turn);		always: the lock is held until here
 */
#ifndef QS__CORE_DEPOT_H
#define QS__CORE_DEPOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/mutex.h"
#include "core/waiter.h"
#include "quiesce.h"

/* Threads that are parked for the same. */
struct qs__line {
	struct qs__list turns;	/* the first come first */
	size_t parked;		/* how many those are */
	size_t expected;	/* regulars that were sent for, and have not come yet */
	bool is_calling;	/* one was called out of the line, and has not come back to the lock yet */
};

struct qs__depot {
	qs__mutex lock;			/* guards all below, and what the owner keeps the things in */
	size_t count;			/* things that are there; the owner's to change */
	size_t limit;			/* I  of things; 0 = none */
	bool is_closed;			/* nothing more comes in */
	struct qs__line takers;		/* for a thing */
	struct qs__line givers;		/* for room */
};

/* Who comes for one thing after the other: a pool's worker. */
struct qs__regular {
	void (*on_idle)(void *arg);	/* NULL, or called before it sleeps: under no lock, and when it
					   can be called out of the line already */
	void *arg;
	bool is_expected;		/* the line counts on it */
};

/* One thread's visit, on its stack. */
struct qs__turn {
	qs_stop *stops[2];			/* borrowed; NULL = none */
	struct qs__regular *regular;		/* whose turn it is; NULL = somebody's */
	bool has_waited;			/* else nothing below was ever touched */
	struct qs__waiter waiter;
	struct qs__list in_line;		/* L */
	struct qs__wait_node call;		/* what is told when the turn is called out of the line */
	struct qs__wait_node stop_nodes[2];	/* attached at the first wait, for the rest of the visit */
};

void qs__depot_init(struct qs__depot *depot, size_t limit);
void qs__depot_fini(struct qs__depot *depot);

/*
 * Take the lock once there is a thing to be taken, or room for one to be given.  The lock is held
 * whatever they return; qs__depot_end() gives it back.
 *
 * Returns 0; -ESHUTDOWN (closed, and nothing is left to take; closed); -ECANCELED (one of the
 * stops; that beats everything); -ETIMEDOUT (things and room beat the deadline).
 */
int qs__depot_begin_take(struct qs__depot *depot, struct qs__turn *turn, qs_time deadline, qs_stop *stop, qs_stop *also);
int qs__depot_begin_give(struct qs__depot *depot, struct qs__turn *turn, qs_time deadline, qs_stop *stop, qs_stop *also);
void qs__depot_end(struct qs__depot *depot, struct qs__turn *turn);

/* The same for a regular, who waits without end and for no stop. */
int qs__depot_begin_next(struct qs__depot *depot, struct qs__turn *turn, struct qs__regular *regular);

/* A regular was sent for, and attends to one thing until it has come; or it will not come. */
void qs__depot_expect(struct qs__depot *depot, struct qs__regular *regular);
void qs__depot_expect_no_more(struct qs__depot *depot, struct qs__regular *regular);

/* There are more things than takers that are parked, called or expected. */
bool qs__depot_is_unattended_locked(const struct qs__depot *depot);

/* For whoever will not wait: the lock, and giving it back after a look or a change. */
void qs__depot_lock(struct qs__depot *depot);
void qs__depot_unlock(struct qs__depot *depot);

/* How many things are there at this moment. */
size_t qs__depot_count(struct qs__depot *depot);

/*
 * Nothing more comes in; what is there can still be taken.  All who are parked are called.  False
 * if it was closed before.
 */
bool qs__depot_close(struct qs__depot *depot);

#endif
