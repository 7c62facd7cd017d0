/* SPDX-License-Identifier: MIT */
/*
 * house.h - what an executor's threads share, and what outlives the executor.
 *
 * A Python object: the executor has a reference and so has each of its threads.
 */
#ifndef QUIESCE_PYTHON_HOUSE_H
#define QUIESCE_PYTHON_HOUSE_H

#include "future.h"
#include "gil.h"

/* All under the GIL. */
struct house {
	PyObject_HEAD
	qs_pool *pool;
	PyObject *starter;		/* starter(house) starts one thread that calls work(house) */
	PyObject *initializer;		/* NULL = none */
	PyObject *initargs;
	PyObject *broken;		/* why no task can be run; NULL = they can */
	struct future *oldest;		/* the pending futures, in the order of submit; borrowed */
	struct future *newest;
	size_t pending;
	struct resident *residents;	/* the threads at work */
	struct start *starts;		/* threads that are being started */
	struct watcher *waiting;		/* who waits for a change: see house_wait() */
};

#define HOUSE_BROKEN "A thread initializer failed, the thread pool is not usable anymore"

PyObject *house_new(uint32_t workers, size_t max_pending, PyObject *starter, PyObject *initializer, PyObject *initargs);

/* A future comes to the end of the line of those that are pending, or leaves it; twice is no harm. */
void house_add_pending(struct house *house, struct future *future);
void house_remove_pending(struct house *house, struct future *future);

/* How many threads this one is starting: a handler that has interrupted it must not wait for them. */
size_t house_starts_here(const struct house *house);

/*
 * Waits for a change: a pending future or a worker has left, or somebody says so.  1; 0 at the
 * deadline; -1 with an exception.
 */
int house_wait(struct house *house, qs_time deadline);
void house_wake(struct house *house);

#endif
