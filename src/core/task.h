/* SPDX-License-Identifier: MIT */
/*
 * task.h - the handle that a body is given; part of the worker that runs it.
 */
#ifndef QS__CORE_TASK_H
#define QS__CORE_TASK_H

#include "core/future.h"
#include "platform/atomic.h"

struct qs_task {
	qs_future *future;			/* whose body runs; the worker's own reference */
	qs_stop *pool_stop;			/* borrowed from the pool */
	qs__atomic(const char *) checkpoint;	/* static text; read by the joiner */
};

#endif
