/* SPDX-License-Identifier: MIT */
/*
 * task.h - the handle that a body is given; on the stack of the worker that runs it.
 */
#ifndef QS__CORE_TASK_H
#define QS__CORE_TASK_H

#include "core/future.h"
#include "platform/atomic.h"

#define QS__DEADLOCK_SIZE 256	/* bytes of the words about a cycle: some five names */

/* I = set before the body is entered, W = the worker's own. */
struct qs_task {
	qs_future *future;			/* I  whose body runs; the worker's own reference */
	qs_stop *above;				/* I  borrowed: the pool's token, or that of the
						   task that waits for this one */
	void *worker_data;			/* I  what the worker's init function made */
	qs__atomic(const char *) checkpoint;	/* static text; read by the joiner */
	char deadlock[QS__DEADLOCK_SIZE];	/* W  the words for the last wait that would never have ended; "" */
};

#endif
