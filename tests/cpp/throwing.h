/* SPDX-License-Identifier: MIT */
/*
 * throwing.h - what C cannot do itself: throw, and catch.  The tests are C;
 * nothing is thrown through them.
 */
#ifndef TEST_THROWING_H
#define TEST_THROWING_H

#include <stdbool.h>

#include "quiesce.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Throws; what it has on its stack counts in *arg (an int) when it is unwound. */
int body_throw(qs_task *task, void *arg);

/* Throws and catches it inside; succeeds. */
int body_throw_inside(qs_task *task, void *arg);

/*
 * Submits body_throw to the pool, waits for it, and catches what comes; succeeds if
 * something did.  arg: struct nest.
 */
struct nest {
	qs_pool *pool;
	qs_future *inner;	/* receives it */
	int unwound;
};
int body_wait_and_catch(qs_task *task, void *arg);

/* qs_pool_work(); true if it was left by an exception. */
bool work_and_catch(qs_pool *pool);

/* Submits body_throw, which the caller runs if there is no room; true if an exception came back. */
bool submit_and_catch(qs_pool *pool, int *unwound);

/*
 * From now on std::terminate() ends the process: with `expected` if body_throw's exception is the
 * reason and nothing was unwound.
 */
void exit_on_terminate(int expected, const int *unwound);

#ifdef __cplusplus
}
#endif

#endif
