/* SPDX-License-Identifier: MIT */
/*
 * gil.h - who holds the interpreter, in a worker and elsewhere.
 *
 * A worker keeps the GIL from task to task (docs/design/python.md).  A *grip* makes sure of it
 * around code that touches Python's objects, in whatever thread the library calls us.
 */
#ifndef QUIESCE_PYTHON_GIL_H
#define QUIESCE_PYTHON_GIL_H

#include "core.h"

struct house;

/* One thread while it works for a pool, on its stack.  All but `is_gone` under the GIL. */
struct resident {
	struct house *house;
	PyThreadState *state;	/* while it does not hold the GIL */
	bool holds;
	bool is_gone;		/* it has asked for the GIL and may never come back: nothing of Python's
				   is touched any more.  Its own */
	unsigned waits;		/* in how many waits it is, which run other tasks inside */
	qs_time since;		/* when it took the GIL */
	qs_task *task;		/* what it runs, the innermost; NULL = nothing */
	PyObject *running;	/* the future of that; borrowed */
	PyObject *fn;		/* what was called; borrowed */
	qs_time begun;		/* when that began */
	struct resident *next;	/* in the house */
};

/* This thread as a worker; NULL = it is none. */
struct resident *resident_here(void);
void resident_enter(struct resident *resident, struct house *house);
void resident_leave(struct resident *resident);

/* In a child that a task has forked there is no pool, and this thread is no worker. */
void resident_forget(void);

void gil_take(struct resident *resident);
void gil_let_go(struct resident *resident);

/* Between two tasks: gives others a turn, if it has had the GIL for long. */
void gil_breathe(struct resident *resident);

struct grip {
	struct resident *resident;
	bool is_ours;		/* taken here */
	PyGILState_STATE state;
};

/* False if Python must not be touched: this thread is on its way out of an interpreter that ends. */
bool grip_begin(struct grip *grip);
void grip_end(struct grip *grip);

/* Calls fn(arg) without the GIL, in a worker or elsewhere; other tasks may run inside. */
int gil_wait(int (*fn)(void *arg), void *arg);

#endif
