/* SPDX-License-Identifier: MIT */
/*
 * submit.c - hand a task to the pool: accepted, or refused with nothing left behind.
 *
 * The task's hold is taken before it can be seen, and given back if it is refused.  It counts as
 * submitted when it is in the queue.
 */
#include <errno.h>

#include "core/wait_event.h"
#include "exec/cancel.h"
#include "exec/guest.h"
#include "exec/limit.h"
#include "exec/worker.h"

static int check_options(const qs_task_options *options)
{
	if (options == NULL)
		return 0;
	if (options->size != sizeof(*options) || (options->flags & ~QS_TASK_CALLER_RUNS) != 0 || options->run_ns < 0)
		return -EINVAL;
	return qs__stop_check_optional(options->stop);
}

static int check(qs_pool *pool, qs_task_fn *fn, const qs_task_options *options, qs_stop *stop)
{
	int error = qs__object_check(pool, QS__MAGIC_POOL);

	if (error == 0 && fn == NULL)
		error = -EINVAL;
	if (error == 0)
		error = check_options(options);
	if (error == 0)
		error = qs__stop_check_optional(stop);
	if (error != 0)
		return error;
	if (qs__stop_find_asked(pool->stop) != NULL)
		return -ECANCELED;
	return options != NULL && qs__stop_find_asked(options->stop) != NULL ? -ECANCELED : 0;
}

/* What to do if the queue is full. */
struct patience {
	int refusal;		/* what to say if there is no time to wait */
	bool caller_runs;
	qs_time deadline;
	qs_stop *stop;
};

/* The task's own time to begin was over before there was room; nobody has asked for a stop. */
static bool is_too_late(const qs_future *future)
{
	return future->has_limit && qs__future_is_own_limit(future, qs__stop_cause(future->stop));
}

static int wait_for_room(qs_pool *pool, qs_future *future, bool *out_is_unattended, const struct patience *patience)
{
	int error;

	if (qs__current_is_of(pool))
		return -EDEADLK;
	error = qs__queue_push_by(&pool->queue, &future->in_queue, out_is_unattended, patience->deadline,
				  patience->stop, future->stop);
	if (error == -ECANCELED && qs_stop_is_asked(patience->stop) != 1 && is_too_late(future))
		return -ETIMEDOUT;
	return error;
}

/* The queue is full.  Runs the task here, or waits for room, as that is wished and allowed. */
static int be_patient(qs_pool *pool, qs_future *future, bool *out_is_unattended, const struct patience *patience)
{
	if (qs_stop_is_asked(patience->stop) == 1)
		return -ECANCELED;
	if (patience->caller_runs)
		return qs__guest_run(pool, future);
	if (patience->deadline <= 0)
		return patience->refusal;
	return wait_for_room(pool, future, out_is_unattended, patience);
}

static int enqueue(qs_pool *pool, qs_future *future, bool *out_is_unattended, const struct patience *patience)
{
	int error = qs__queue_push(&pool->queue, &future->in_queue, out_is_unattended);

	if (error == -EAGAIN)
		error = be_patient(pool, future, out_is_unattended, patience);
	/* A pool that was stopped closes its queue; that is not the same as shut down. */
	return error == -ESHUTDOWN && qs__stop_find_asked(pool->stop) != NULL ? -ECANCELED : error;
}

static int accept(qs_pool *pool, qs_future *future, const struct patience *patience)
{
	bool is_unattended = false;
	int error;

	qs__pool_hold(pool);
	if (future->stop != NULL)
		qs__callback_add(&future->on_stop, future->stop, qs__task_stopped, future);
	error = enqueue(pool, future, &is_unattended, patience);
	if (error != 0) {
		if (future->stop != NULL)
			(void)qs__callback_remove(&future->on_stop, future->stop);
		qs__pool_unhold(pool);
		return error;
	}
	if (is_unattended)
		(void)qs__pool_grow(pool);
	return 0;
}

static int submit(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options,
		  const struct patience *patience)
{
	int error = check(pool, fn, options, patience->stop);
	qs_future *future;

	if (error != 0)
		return error;
	future = qs__future_new(pool, fn, arg, options);
	if (future == NULL)
		return -ENOMEM;
	future->above = pool->stop;
	error = options != NULL ? qs__limit_set(future, options, pool->stop) : 0;
	if (error == 0)
		error = accept(pool, future, patience);
	if (error != 0) {
		qs__future_discard(future);
		return error;
	}
	/* Asked while it was being put in: the callback came too early to find it there. */
	if (qs__stop_find_asked(future->stop) != NULL)
		qs__task_stopped(future);
	if (out != NULL)
		*out = future;
	else
		qs_future_release(future);
	return 0;
}

int qs_submit(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg)
{
	const struct patience none = { -EAGAIN, false, QS_NOW, NULL };

	return submit(out, pool, fn, arg, NULL, &none);
}

int qs_submit_by(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options,
		 qs_time deadline, qs_stop *stop)
{
	const bool caller_runs = options != NULL && options->size == sizeof(*options) &&
				 (options->flags & QS_TASK_CALLER_RUNS) != 0;
	const struct patience patience = { -ETIMEDOUT, caller_runs, deadline, stop };

	return submit(out, pool, fn, arg, options, &patience);
}
