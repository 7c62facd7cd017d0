/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - tasks that will not run: cancelled one by one, by their submitter's token,
 * or swept on the way down.
 *
 * Who takes a pending task out of the queue owns it.  A canceller gets at the queue through the
 * future, and the pool may be gone once the task has ended; so it looks at the state and takes the
 * task out under the future's lock, which the end needs too.
 *
 * Waiters are told first, all of them, then the callbacks are called, and after that the arguments'
 * destructors run: nobody should wait for those.
 *
 * Lock order: the future's event, then the queue.
 */
#include "exec/cancel.h"

#include <errno.h>

#include "exec/limit.h"
#include "platform/clock.h"

qs_pool *qs__task_take(qs_future *future, qs_stop *above)
{
	qs_pool *pool = NULL;

	qs__mutex_lock(&future->ended.lock);
	/*
	 * relaxed: pending or not is decided by the queue; this only tells that
	 * the pool is still there.
	 */
	if (qs__load_relaxed(&future->state) == QS_PENDING &&
	    qs__queue_remove(&future->pool->queue, &future->in_queue)) {
		pool = future->pool;
		qs__object_retain(&pool->object);
		qs__future_claim(future);
		if (above != NULL)
			future->above = above;
	}
	qs__mutex_unlock(&future->ended.lock);
	return pool;
}

qs_state qs__task_cancel(qs_future *future, const struct qs__cause *cause, qs_stop *cause_owner)
{
	const struct qs__outcome cancelled = { QS_CANCELLED, -ECANCELED, cause, cause_owner };
	const struct qs__outcome timed_out = { QS_TIMED_OUT, -ETIMEDOUT, cause, cause_owner };
	const struct qs__outcome *outcome = qs__future_is_own_limit(future, cause) ? &timed_out : &cancelled;

	if (future->stop != NULL)
		(void)qs__callback_remove(&future->on_stop, future->stop);
	qs__limit_end(future);
	(void)qs__future_end(future, outcome);
	return outcome->state;
}

void qs__task_call_back(qs_future *future)
{
	const bool is_due = future->has_callbacks;

	future->has_callbacks = false;
	if (is_due)
		qs__future_call_back(future);
}

void qs__task_dispose(qs_future *future)
{
	qs__task_call_back(future);
	qs__future_destroy_arg(future);
}

/* Cancels one pending task, in whatever thread; false if it is too late. */
static bool cancel_one(qs_future *future, const struct qs__cause *cause, qs_stop *cause_owner)
{
	qs_pool *pool = qs__task_take(future, NULL);

	if (pool == NULL)
		return false;
	qs__pool_count(pool, qs__task_cancel(future, cause, cause_owner));
	qs__task_dispose(future);
	qs_future_release(future);
	/*
	 * A join that waits no longer may have returned, and the pool been destroyed,
	 * while the destructor ran.
	 */
	qs__pool_unhold(pool);
	qs__pool_release(pool);
	return true;
}

void qs__task_stopped(void *arg)
{
	qs_future *future = arg;
	qs_stop *asked = qs__stop_find_asked(future->stop);

	if (asked != NULL)
		(void)cancel_one(future, qs__stop_cause(asked), asked);
}

int qs_future_cancel(qs_future *future)
{
	const int error = qs__object_check(future, QS__MAGIC_FUTURE);

	if (error != 0)
		return error;
	return cancel_one(future, &qs__cause_cancelled, NULL) ? 1 : 0;
}

/* ------------------------------------------------------------------------------ all of a pool's */

static qs_future *future_of(struct qs__list *link)
{
	return QS__ENTRY(link, qs_future, in_queue);
}

uint32_t qs__pool_cancel_all(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner,
			     struct qs__list *cancelled)
{
	uint32_t count = 0;
	struct qs__list *link;

	qs__list_init(cancelled);
	/*
	 * One by one: a link must be in no list until its future has ended, for a canceller
	 * takes linked to mean queued.
	 */
	while ((link = qs__queue_try_take(&pool->queue)) != NULL) {
		qs__future_claim(future_of(link));
		qs__pool_count(pool, qs__task_cancel(future_of(link), cause, cause_owner));
		qs__list_append(cancelled, link);
		count++;
	}
	return count;
}

static void release_all(struct qs__list *futures)
{
	struct qs__list *link;

	while ((link = qs__list_take_first(futures)) != NULL)
		qs_future_release(future_of(link));
}

void qs__pool_note_unstarted(qs_pool *pool, struct qs__list *cancelled)
{
	bool is_destroyed;

	qs__mutex_lock(&pool->lock);
	is_destroyed = pool->is_destroyed;
	if (!is_destroyed)
		qs__list_move_all(&pool->unstarted, cancelled);
	qs__mutex_unlock(&pool->lock);
	if (is_destroyed)
		release_all(cancelled);
}

void qs__pool_dispose(qs_pool *pool, struct qs__list *cancelled, uint32_t count)
{
	/* Everybody is told before any destructor runs. */
	for (struct qs__list *link = cancelled->next; link != cancelled; link = link->next)
		qs__task_call_back(future_of(link));
	for (struct qs__list *link = cancelled->next; link != cancelled; link = link->next)
		qs__future_destroy_arg(future_of(link));
	qs__pool_note_unstarted(pool, cancelled);
	qs__pool_unhold_many(pool, count);
}

void qs__pool_cancel_rest(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner)
{
	struct qs__list cancelled;
	uint32_t count;

	/* The user's code in it may join, for as long as it likes, and destroy the pool. */
	qs__object_retain(&pool->object);
	count = qs__pool_cancel_all(pool, cause, cause_owner, &cancelled);
	qs__pool_dispose(pool, &cancelled, count);
	qs__pool_release(pool);
}

void qs__pool_stopped(void *arg)
{
	qs_pool *pool = arg;

	qs__mutex_lock(&pool->lock);
	pool->asked_at = qs__clock_now();
	qs__mutex_unlock(&pool->lock);
	qs__queue_close(&pool->queue);
	qs__pool_cancel_rest(pool, qs__stop_cause(pool->stop), pool->stop);
}

/* ----------------------------------------------------------------------------- one that may run */

/* Cancels a pending task, with a token of its own to keep the reason in; false if it is too late. */
static bool cancel_because(qs_future *future, int code, const char *text)
{
	qs_stop *reason = qs__stop_new(NULL, NULL);
	bool is_cancelled;

	if (reason == NULL)
		return cancel_one(future, &qs__cause_cancelled, NULL);
	(void)qs_stop_ask(reason, code, text);
	is_cancelled = cancel_one(future, qs__stop_cause(reason), reason);
	qs_stop_release(reason);
	return is_cancelled;
}

int qs_future_stop(qs_future *future, int code, const char *text)
{
	int result = qs_future_state(future);
	qs_stop *token;

	if (result < 0)
		return result;
	if (code > 0)
		return -EINVAL;
	if (result == QS_PENDING && cancel_because(future, code, text))
		return 1;
	token = qs__future_token(future);
	result = token != NULL ? qs_stop_ask(token, code, text) : 0;
	qs_stop_release(token);
	return result;
}
