/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - what becomes of tasks that will not run.
 *
 * Telling comes first and runs no code of the user's; callbacks and the destructors of the
 * arguments run in dispose.
 */
#ifndef QS__EXEC_CANCEL_H
#define QS__EXEC_CANCEL_H

#include "core/future.h"
#include "exec/pool.h"

/*
 * Take a pending task out of its pool's queue, whichever that is: the caller owns it.  Returns the
 * pool, with a reference for the caller, or NULL: it is too late.
 *
 *   above    what the task's own token is to hang below, if it has none yet; NULL = the pool's
 */
qs_pool *qs__task_take(qs_future *future, qs_stop *above);

/*
 * End a claimed task, which the caller owns, as cancelled or as timed out, and tell.  Returns
 * which, for the caller to count.
 */
qs_state qs__task_cancel(qs_future *future, const struct qs__cause *cause, qs_stop *cause_owner);

/*
 * The user's code that is due for a task that was cancelled: its callbacks, then its argument's
 * destructor.  Once, by the task's owner.
 */
void qs__task_dispose(qs_future *future);

/* The callbacks alone, of a task whose body was left behind with its argument. */
void qs__task_call_back(qs_future *future);

/*
 * Take what is pending, and end and tell it all; `cancelled` is initialized here.
 * Returns how many those are.
 */
uint32_t qs__pool_cancel_all(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner,
			     struct qs__list *cancelled);

/* All of that, and what follows it here. */
void qs__pool_cancel_rest(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner);

/* Dispose of those, note them as never started, and give back their holds. */
void qs__pool_dispose(qs_pool *pool, struct qs__list *cancelled, uint32_t count);

/*
 * Note them as never started, which takes the pool's references; what is due for them is
 * destroy's.  If the pool has been destroyed meanwhile, nothing is due any more, and the
 * references are given back.
 */
void qs__pool_note_unstarted(qs_pool *pool, struct qs__list *cancelled);

/* The callback of the pool's token. */
void qs__pool_stopped(void *pool);

/* The callback of the submitter's token. */
void qs__task_stopped(void *future);

#endif
