/* SPDX-License-Identifier: MIT */
/*
 * wait_graph.h - which task waits for which, so that a wait that could never end is refused.
 *
 * Known to the graph are the waits without a deadline of threads that are workers.  A worker
 * that waits *is blocked*; its task, and every task that is suspended below that on the same
 * stack, cannot end before.  A wait is *stuck* if what it waits for can only come from workers
 * that are stuck themselves.
 */
#ifndef QS__EXEC_WAIT_GRAPH_H
#define QS__EXEC_WAIT_GRAPH_H

#include "base/list.h"
#include "core/future.h"

struct qs__worker;

/* When a wait ends. */
enum qs__need {
	QS__NEEDS_ONE,		/* when one has ended */
	QS__NEEDS_ALL,		/* when all have */
	QS__NEEDS_FAILURE,	/* when one has failed, or all have ended */
};

/* Looks at one future; true = that is the one, look no further. */
typedef bool qs__is_it_fn(void *context, qs_future *future);

/*
 * What a wait waits for.  `find` goes through the set's futures, in whatever thread and perhaps
 * under a lock of the set's, and returns the first for which is_it() is true, or NULL.
 */
struct qs__awaited {
	qs_future *(*find)(const struct qs__awaited *awaited, qs__is_it_fn *is_it, void *context);
	void *set;
	size_t count;
	enum qs__need need;
};

/* I = set when it enters, G = under the graph's lock. */
struct qs__blocked {
	struct qs__list link;			/* G */
	struct qs__worker *worker;		/* I  NULL = it did not enter */
	qs_future *future;			/* I  whose end needs this wait's; NULL = nobody's */
	struct qs__blocked *outer;		/* G  the same future's wait before this one */
	const struct qs__awaited *awaited;	/* I */
	bool is_parking;			/* G  its worker does nothing else meanwhile */
	bool is_stuck;				/* G  true but while others are judged */
};

/* An array of futures, borrowed as long as the wait. */
struct qs__awaited qs__await_array(qs_future *const *futures, size_t count, enum qs__need need);

/*
 * The worker begins a wait that has no deadline.
 *
 *   awaited   borrowed until it leaves
 *   may_run   until it parks, the worker runs what is pending of its own pool's
 *
 * Returns 0; or -EDEADLK: then it did not enter, and the words are in the task's handle.
 */
int qs__wait_graph_enter(struct qs__blocked *blocked, struct qs__worker *worker, const struct qs__awaited *awaited,
			 bool may_run);

/* It is about to park, perhaps again.  0 or -EDEADLK; in both cases it leaves later. */
int qs__wait_graph_park(struct qs__blocked *blocked);

/*
 * What this thread works on, if it is a worker, is suspended until these have
 * ended, but not in a wait.
 */
void qs__wait_graph_suspend(struct qs__blocked *blocked, const struct qs__awaited *awaited);

/* Nothing is done for one that did not enter. */
void qs__wait_graph_leave(struct qs__blocked *blocked);

#endif
