/* SPDX-License-Identifier: MIT */
/*
 * future.h - a future: the library's, and what Python's people want to see of it.
 */
#ifndef QUIESCE_PYTHON_FUTURE_H
#define QUIESCE_PYTHON_FUTURE_H

#include "core.h"

struct house;

/* All under the GIL. */
struct future {
	PyObject_HEAD
	qs_future *core;		/* NULL = made by hand */
	bool is_by_hand;		/* somebody has set what only its pool should: see future.c */
	PyObject *fn, *args, *kwargs;	/* until it begins */
	PyObject *result;		/* NULL = none yet, or it has failed */
	PyObject *exception;
	/* What the standard library's own code looks at; made when it first does. */
	PyObject *state;		/* by hand only */
	PyObject *condition;
	PyObject *waiters;
	PyObject *callbacks;
	/* In the house's line, while it is pending. */
	struct house *house;		/* borrowed; NULL = in no line */
	struct future *older;
	struct future *newer;
};

/* True for one of ours whose pool says how it is. */
bool future_is_pooled(PyObject *object);

/* A new one for fn(*args, **kwargs); all three are given. */
struct future *future_new(PyObject *fn, PyObject *args, PyObject *kwargs);

/* The body and the argument's destructor of each task; the argument is the future. */
int future_run(qs_task *task, void *arg);
void future_settle(void *arg);

/* Takes a pending one out of its pool: from now on it is by hand.  False if it has begun. */
bool future_take_in_hand(struct future *self);

#endif
