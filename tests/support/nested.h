/* SPDX-License-Identifier: MIT */
/*
 * nested.h - tasks that wait for other tasks, in any of the ways that there are.
 *
 *	struct waiter parent = WAITER_INIT(qs_wait_all);
 *
 *	waiter_begin(&parent, pool, "parent");		its body runs,
 *	waiter_add(&parent, task_submit(...));
 *	gate_raise(&parent.go);				and waits for what was added
 *	waiter_end(&parent, QS_DONE);
 */
#ifndef TEST_NESTED_H
#define TEST_NESTED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/pools.h"

#define OTHERS_MAX 4

/*
 * Each returns what the wait does; that of as-completed 0 when it was handed one.
 * The fifth is qs_wait_all().
 */
typedef int wait_fn(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop);
wait_fn wait_one;
wait_fn wait_any;
wait_fn wait_first_failure;
wait_fn wait_next_completed;

/* A task that waits for others when it is let go, and what came of it. */
struct waiter {
	wait_fn *wait;
	qs_future *others[OTHERS_MAX];
	size_t count;
	qs_time deadline;
	qs_stop *stop;			/* of the wait */
	qs_stop *token;			/* its own, from when it has entered */
	struct gate entered;
	struct gate go;
	struct gate left;		/* it does not look at the others any more */
	qs_future *future;		/* its own */
	pthread_t thread;
	int result;			/* of the wait, and of the body */
	char words[256];
};
#define WAITER_INIT(how) { .wait = (how), .deadline = QS_NEVER, .entered = GATE_INIT, .go = GATE_INIT, .left = GATE_INIT }

/* The body; its argument is the waiter. */
qs_task_fn body_wait;

void waiter_submit(struct waiter *it, qs_pool *pool, const char *name);

/* The same; its body runs when this returns. */
void waiter_begin(struct waiter *it, qs_pool *pool, const char *name);

void waiter_add(struct waiter *it, qs_future *other);

/*
 * Waits for its end with patience, checks the state and releases; the others
 * are the test's to release.
 */
void waiter_end(struct waiter *it, qs_state state);

/* A task that notes where it ran; its argument is the place. */
struct place {
	pthread_t thread;
	atomic_uint runs;
};
qs_task_fn body_note_place;

qs_future *submit_named(qs_pool *pool, qs_task_fn *fn, void *arg, const char *name);

/* Until a worker of the pool is in this hold's body, and does nothing else before `leave` is raised. */
void hold_worker(qs_pool *pool, struct hold *hold);

#endif
