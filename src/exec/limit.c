/* SPDX-License-Identifier: MIT */
/*
 * limit.c - the time limits of one task, by the attendant's clock.
 *
 *	PENDING --> TIMED_OUT		begin_by comes: the token is asked, and its callback cancels as any
 *					other would
 *	PENDING --> RUNNING		the worker moves the deadline; if that had gone off already, it
 *					cancels instead
 *	RUNNING --> TIMED_OUT		the token was asked, and the body returned -ECANCELED
 *
 * The cause is kept in the token itself and not among the general ones: so that it is this task's
 * time that was over, and not that of one whose token this one's is below, is told by the cause's
 * address (qs__future_is_own_limit).
 */
#include "exec/limit.h"

#include <errno.h>

#include "bridge/attendant.h"
#include "platform/clock.h"

int qs__limit_set(qs_future *future, const qs_task_options *options, qs_stop *pool_stop)
{
	const qs_time begin_by = options->begin_by != 0 ? options->begin_by : QS_NEVER;
	qs_stop *limit = NULL;
	int error;

	if (begin_by == QS_NEVER && options->run_ns == 0)
		return 0;
	error = qs__attended_stop_new(&limit, future->stop, pool_stop);
	if (error != 0)
		return error;
	qs_stop_release(future->stop);
	future->stop = limit;
	future->has_limit = true;
	future->run_ns = options->run_ns;
	(void)qs__attended_move_deadline(limit->attended, begin_by, "it had not begun when its time was over");
	return 0;
}

bool qs__limit_begin(qs_future *future)
{
	qs_stop *limit = future->stop;
	const qs_time until = future->run_ns != 0 ? qs_after_ns(future->run_ns) : QS_NEVER;

	if (!future->has_limit || qs__attended_move_deadline(limit->attended, until, "it ran for longer than it may"))
		return true;
	/* The attendant is about to do the same. */
	(void)qs__stop_ask_for(limit, &limit->own);
	return false;
}

void qs__limit_end(qs_future *future)
{
	/* If it has gone off, its cause stays what it is. */
	if (future->has_limit)
		(void)qs__attended_move_deadline(future->stop->attended, QS_NEVER, "its time does not matter any more");
}
