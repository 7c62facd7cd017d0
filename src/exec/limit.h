/* SPDX-License-Identifier: MIT */
/*
 * limit.h - a task's own time: when it must have begun, and how long it may run.
 *
 * Both are deadlines of one token, which takes the place of the submitter's and is below it
 * and the pool's: so the task hears of everything even if there is no memory for a token of
 * its own.  While the task is pending the token's deadline is `begin_by`; when its body
 * begins, the present and `run_ns`.
 */
#ifndef QS__EXEC_LIMIT_H
#define QS__EXEC_LIMIT_H

#include "core/future.h"

/*
 * Set the limits of a task that nobody else has seen yet.  Returns 0,
 * -ENOMEM, -EAGAIN (no attendant).
 */
int qs__limit_set(qs_future *future, const qs_task_options *options, qs_stop *pool_stop);

/*
 * The task is claimed, and nothing speaks against it.  False if its time to begin is over;
 * then its token is asked.
 */
bool qs__limit_begin(qs_future *future);

/* The task's time does not matter any more: nobody is woken for it. */
void qs__limit_end(qs_future *future);

#endif
