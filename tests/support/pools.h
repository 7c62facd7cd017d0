/* SPDX-License-Identifier: MIT */
/*
 * pools.h - pools for tests, bodies for their tasks, and the account that must be even at the end.
 *
 * The functions that check fail the test; call them from its own thread.
 */
#ifndef TEST_POOLS_H
#define TEST_POOLS_H

#include "quiesce.h"
#include "support/gate.h"

/* A pool of so many workers. */
qs_pool *pool_make(uint32_t workers);

/*
 * Shuts down and joins with patience; checks that nothing was lost and nobody left behind;
 * destroys.  Returns the report.
 */
qs_report pool_end(qs_pool *pool, qs_shutdown_mode mode);

/* Nothing was lost: submitted = the sum of the ends. */
void report_check(const qs_report *report);

/* Submits, and gives back the future: the caller's to release. */
qs_future *task_submit(qs_pool *pool, qs_task_fn *fn, void *arg);
qs_future *task_submit_with(qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options);

/* Waits for the end with patience, checks the state and releases. */
void task_end(qs_future *future, qs_state state);

/* A body that returns *(int *)arg, 0 without one. */
qs_task_fn body_return;

/* A body that says it has come, and stays until it is let go. */
struct hold {
	struct gate entered;
	struct gate leave;
	int value;	/* what it returns */
};
#define HOLD_INIT { GATE_INIT, GATE_INIT, 0 }
qs_task_fn body_hold;

/* A body that says it has come (arg: a struct gate), and sleeps until it is asked to stop. */
qs_task_fn body_until_stop;

/* A body that submits nothing and counts itself (arg: atomic_uint). */
qs_task_fn body_count;

/* A destructor that counts itself (arg: atomic_uint). */
qs_destroy_fn destroy_count;

#endif
