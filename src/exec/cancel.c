/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - tasks that will not run: cancelled one by one, by their submitter's token, or swept on the way down.
 *
 * Who takes a pending task out of the queue owns it.  A canceller gets at the queue through the future, and the pool may be
 * gone once the task has ended; so it looks at the state and takes the task out under the future's lock, which the end needs too.
 *
 * Waiters are told first, the argument's destructor runs after it: there may be many, and nobody should wait for theirs.
 *
 * Lock order: the future's event, then the queue.
 */
#include <errno.h>

#include "exec/pool.h"
#include "platform/clock.h"

/* Takes a pending task out of its pool's queue; false if it is too late. */
static bool take_out(qs_future *future)
{
	bool is_ours = false;

	qs__mutex_lock(&future->ended.lock);
	/* relaxed: pending or not is decided by the queue; this only tells that the pool is still there. */
	if (qs__load_relaxed(&future->state) == QS_PENDING)
		is_ours = qs__queue_remove(&future->pool->queue, &future->in_queue);
	if (is_ours)
		qs__future_claim(future);
	qs__mutex_unlock(&future->ended.lock);
	return is_ours;
}

static void keep_unstarted(qs_pool *pool, qs_future *future)
{
	qs__mutex_lock(&pool->lock);
	qs__list_append(&pool->unstarted, &future->in_queue);
	qs__mutex_unlock(&pool->lock);
}

void qs__task_cancel(qs_future *future, const struct qs__cause *cause, qs_stop *cause_owner, enum qs__fate fate)
{
	const struct qs__outcome outcome = { QS_CANCELLED, -ECANCELED, cause, cause_owner };
	qs_pool *pool = future->pool;

	if (future->stop != NULL)
		(void)qs__callback_remove(&future->on_stop, future->stop);
	if (fate == QS__FATE_UNSTARTED)
		qs__object_retain(&future->object);
	qs__pool_count(pool, QS_CANCELLED);
	(void)qs__future_end(future, &outcome);
	if (fate == QS__FATE_UNSTARTED)
		keep_unstarted(pool, future);
}

void qs__task_dispose(qs_future *future)
{
	qs_pool *pool = future->pool;

	qs__future_destroy_arg(future);
	qs_future_release(future);
	qs__pool_unhold(pool);
}

void qs__task_stopped(void *arg)
{
	qs_future *future = arg;
	qs_stop *asked = qs__stop_find_asked(future->stop);

	if (asked == NULL || !take_out(future))
		return;
	qs__task_cancel(future, qs__stop_cause(asked), asked, QS__FATE_FREE);
	qs__task_dispose(future);
}

void qs__pool_sweep(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner)
{
	struct qs__list *link;

	while ((link = qs__queue_try_take(&pool->queue)) != NULL) {
		qs_future *future = QS__ENTRY(link, qs_future, in_queue);

		qs__future_claim(future);
		qs__task_cancel(future, cause, cause_owner, QS__FATE_UNSTARTED);
		qs__task_dispose(future);
	}
}

void qs__pool_stopped(void *arg)
{
	qs_pool *pool = arg;

	qs__mutex_lock(&pool->lock);
	pool->asked_at = qs__clock_now();
	qs__mutex_unlock(&pool->lock);
	qs__queue_close(&pool->queue);
	qs__pool_sweep(pool, qs__stop_cause(pool->stop), pool->stop);
}

int qs_future_cancel(qs_future *future)
{
	const int error = qs__object_check(future, QS__MAGIC_FUTURE);

	if (error != 0)
		return error;
	if (!take_out(future))
		return 0;
	qs__task_cancel(future, &qs__cause_cancelled, NULL, QS__FATE_FREE);
	qs__task_dispose(future);
	return 1;
}

/* Counted, or NULL: a running task has its pool's token above its own. */
static qs_stop *running_token(qs_future *future)
{
	qs_stop *pool_stop = NULL;
	qs_stop *token;

	qs__mutex_lock(&future->ended.lock);
	/* relaxed: it ends under this lock, and until then the pool is there. */
	if (qs__load_relaxed(&future->state) == QS_RUNNING)
		pool_stop = qs_stop_retain(qs_pool_stop(future->pool));
	qs__mutex_unlock(&future->ended.lock);
	token = pool_stop != NULL ? qs__future_token(future, pool_stop) : NULL;
	qs_stop_release(pool_stop);
	return token;
}

int qs_future_stop(qs_future *future, int code, const char *text)
{
	int result = qs_future_cancel(future);
	qs_stop *token;

	if (result != 0)
		return result;
	token = running_token(future);
	if (token != NULL)
		result = qs_stop_ask(token, code, text);
	qs_stop_release(token);
	return result;
}
