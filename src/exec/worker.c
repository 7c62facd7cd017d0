/* SPDX-License-Identifier: MIT */
/*
 * worker.c - one worker's life: it comes, takes tasks until there are none any more, and leaves.
 *
 * Before a body is entered the task is judged: the claim comes first (the task is out of the queue), the look at the tokens
 * after it.  So once an ask has returned, no claim succeeds any more; a body that was judged just before may still be
 * entered.
 *
 * `is_busy` tells the joiner whom to leave behind: it stands while code of the user's runs, a body or a destructor, and
 * changes under the worker's lock.  With it stands the task, as long as that still has a hold to give back; a joiner that
 * waits no longer does so and says it in `is_lost`; from then on the task is none of the worker's business.  All else that
 * a worker does is ours and short, and a joiner waits for it.
 *
 * The last touch of the pool is giving back the worker's own reference.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "exec/pool.h"
#include "platform/clock.h"
#include "platform/signal_mask.h"

#define RETRY_PAUSE_FIRST_NS (10 * QS__NS_PER_MS)
#define RETRY_PAUSE_MAX_NS QS__NS_PER_S

/* ---------------------------------------------------------------------------------------------------------- tasks */

/* Code of the user's is about to run, for this task; or, with NULL, for one that is none of the joiner's business any more. */
static void enter(struct qs__worker *worker, qs_future *running)
{
	qs__mutex_lock(&worker->lock);
	worker->is_busy = true;
	worker->running = running;
	worker->outcome.state = QS_RUNNING;
	worker->since = qs__clock_now();
	qs__mutex_unlock(&worker->lock);
}

/* It has returned.  False if the joiner did not wait for that: then the task is ended, counted and not held any more. */
static bool leave(struct qs__worker *worker)
{
	bool is_lost;

	qs__mutex_lock(&worker->lock);
	worker->is_busy = false;
	worker->running = NULL;
	is_lost = worker->is_lost;
	qs__mutex_unlock(&worker->lock);
	return !is_lost;
}

/* What a body's return means. */
static struct qs__outcome judge(struct qs__worker *worker, qs_future *future, int returned)
{
	struct qs__outcome outcome = { returned >= 0 ? QS_DONE : QS_FAILED, returned, NULL, NULL };

	if (returned == -ECANCELED)
		outcome.cause_owner = qs__future_asked_by(future, worker->pool->stop);
	if (outcome.cause_owner != NULL) {
		outcome.state = QS_STOPPED;
		outcome.cause = qs__stop_cause(outcome.cause_owner);
	}
	return outcome;
}

/* What is known from now on, should the joiner have to end the task because the argument's destructor does not return. */
static void note_outcome(struct qs__worker *worker, const struct qs__outcome *outcome)
{
	qs__mutex_lock(&worker->lock);
	worker->outcome = *outcome;
	qs__mutex_unlock(&worker->lock);
}

/* Runs the body, then the argument's destructor; false if the joiner did not wait, or the body has returned in a forked child. */
static bool run_body(struct qs__worker *worker, qs_future *future, struct qs__outcome *out_outcome)
{
	int returned;

	worker->task.future = future;
	worker->current.task_name = future->name;
	/* relaxed: read by a joiner that has seen the worker busy, under its lock. */
	qs__store_relaxed(&worker->task.checkpoint, NULL);
	/* In this order: a joiner that sees it run may abandon it, and running must not follow that. */
	qs__future_begin(future);
	enter(worker, future);
	returned = future->fn(&worker->task, future->arg);
	worker->current.task_name = "";
	if (!qs__object_is_ours(worker->pool, QS__MAGIC_POOL))
		return false;
	*out_outcome = judge(worker, future, returned);
	if (future->destroy != NULL) {
		note_outcome(worker, out_outcome);
		qs__future_destroy_arg(future);
	}
	return leave(worker);
}

/* Gives back the pool's reference, which may run the destructor of the result. */
static void let_go(struct qs__worker *worker, qs_future *future)
{
	const bool has_result = qs__future_has_result(future);

	if (has_result)
		enter(worker, NULL);
	qs_future_release(future);
	if (has_result)
		(void)leave(worker);
}

/* The end of a task that was not waited for, or that has returned in a forked child, where nothing is left to do. */
static void forget(struct qs__worker *worker, qs_future *future)
{
	if (!qs__object_is_ours(worker->pool, QS__MAGIC_POOL))
		return;
	qs__future_drop_token(future);
	qs_future_release(future);
}

static void run(struct qs__worker *worker, qs_future *future)
{
	qs_pool *pool = worker->pool;
	struct qs__outcome outcome;

	if (!run_body(worker, future, &outcome)) {
		forget(worker, future);
		return;
	}
	(void)qs__future_end(future, &outcome);
	qs__pool_count(pool, outcome.state);
	qs__pool_unhold(pool);
	let_go(worker, future);
}

/* Frees the argument of a cancelled task, which from then on nobody else will; false as leave(). */
static bool free_arg(struct qs__worker *worker, qs_future *future)
{
	qs_destroy_fn *destroy = future->destroy;

	if (destroy == NULL)
		return true;
	future->destroy = NULL;
	enter(worker, future);
	destroy(future->arg);
	return leave(worker);
}

/* Cancels the task that it has taken; one that is cancelled with all of the pool's is noted as never started. */
static void refuse(struct qs__worker *worker, qs_future *future, qs_stop *asked, bool is_for_pool)
{
	const struct qs__cause *cause = asked != NULL ? qs__stop_cause(asked) : &qs__cause_shutdown;
	qs_pool *pool = worker->pool;
	struct qs__list one;

	qs__task_cancel(future, cause, asked);
	if (is_for_pool) {
		qs__object_retain(&future->object);
		qs__list_init(&one);
		qs__list_append(&one, &future->in_queue);
		qs__pool_note_unstarted(pool, &one);
	}
	if (free_arg(worker, future))
		qs__pool_unhold(pool);
	qs_future_release(future);
}

static void serve(struct qs__worker *worker, qs_future *future)
{
	qs_pool *pool = worker->pool;
	qs_stop *pool_asked;
	qs_stop *task_asked;

	qs__future_claim(future);
	pool_asked = qs__stop_find_asked(pool->stop);
	task_asked = qs__stop_find_asked(future->stop);
	/* Pairs with store_release in qs_pool_shutdown(). */
	if (pool_asked != NULL || qs__load_acquire(&pool->is_cancelling) != 0) {
		refuse(worker, future, pool_asked, true);
		return;
	}
	if (task_asked != NULL) {
		refuse(worker, future, task_asked, false);
		return;
	}
	if (future->stop != NULL)
		(void)qs__callback_remove(&future->on_stop, future->stop);
	run(worker, future);
}

/* --------------------------------------------------------------------------------------------------------- its life */

/* 0, or -QS_EFORKED: a body has returned in a child that it forked, where there is no pool. */
static int work(struct qs__worker *worker)
{
	qs_pool *pool = worker->pool;
	struct qs__list *link;
	bool is_lost;

	qs__set_current(&worker->current);
	qs__mutex_lock(&worker->lock);
	worker->thread_id = qs__thread_id();
	qs__mutex_unlock(&worker->lock);
	while ((link = qs__queue_take(&pool->queue)) != NULL) {
		serve(worker, QS__ENTRY(link, qs_future, in_queue));
		if (!qs__object_is_ours(pool, QS__MAGIC_POOL)) {
			qs__set_current(NULL);
			return -QS_EFORKED;
		}
	}
	qs__set_current(NULL);

	qs__mutex_lock(&pool->lock);
	is_lost = worker->place == QS__PLACE_LOST;
	if (!is_lost)
		worker->place = QS__PLACE_LEFT;
	qs__mutex_unlock(&pool->lock);
	if (!is_lost)
		qs__pool_unhold(pool);
	qs__pool_release(pool);
	return 0;
}

/* True if the place is the thread's; false if the joiner has given it up. */
static bool move_in_locked(struct qs__worker *worker)
{
	if (worker->place == QS__PLACE_LOST)
		return false;
	worker->place = QS__PLACE_WORKING;
	return true;
}

static void worker_main(void *arg)
{
	struct qs__worker *worker = arg;
	qs_pool *pool = worker->pool;
	bool is_in;

	qs__mutex_lock(&pool->lock);
	is_in = move_in_locked(worker);
	qs__mutex_unlock(&pool->lock);
	if (is_in)
		(void)work(worker);
	else
		qs__pool_release(pool);
}

/* A free place, with a hold and a reference for whoever moves in; NULL if there is none. */
static struct qs__worker *take_place_locked(qs_pool *pool, enum qs__place place)
{
	for (uint32_t i = 0; i < pool->options.workers; i++) {
		struct qs__worker *worker = &pool->workers[i];

		if (worker->place != QS__PLACE_FREE)
			continue;
		worker->place = place;
		if (i >= pool->places_used)
			pool->places_used = i + 1;
		/* relaxed: a hint for those who do not hold the lock. */
		(void)qs__fetch_add_relaxed(&pool->places_free, UINT32_MAX);
		qs__pool_hold(pool);
		qs__object_retain(&pool->object);
		return worker;
	}
	return NULL;
}

/* ----------------------------------------------------------------------------------------------------- own workers */

static struct qs__worker *reserve(qs_pool *pool)
{
	struct qs__worker *worker = NULL;

	qs__mutex_lock(&pool->lock);
	if (pool->mode == QS__MODE_OPEN && (pool->retry_at == 0 || qs__clock_now() >= pool->retry_at))
		worker = take_place_locked(pool, QS__PLACE_STARTING);
	/* A second hold, for the start itself: the thread may be gone again before we have noted it. */
	if (worker != NULL)
		qs__pool_hold(pool);
	qs__mutex_unlock(&pool->lock);
	return worker;
}

static int start(qs_pool *pool, struct qs__worker *worker, qs__thread *out_thread)
{
	char name[QS_NAME_SIZE + 12];	/* "-" and a number of ten digits */

	if (pool->options.start != NULL)
		return pool->options.start(pool, pool->options.start_arg);
	(void)snprintf(name, sizeof(name), "%s-%u", pool->name, (unsigned)(worker - pool->workers));
	return qs__thread_start(out_thread, worker_main, worker, pool->options.stack_bytes, name);
}

static void note_started(qs_pool *pool, struct qs__worker *worker, qs__thread thread)
{
	const bool is_ours = pool->options.start == NULL;
	bool is_too_late;

	qs__mutex_lock(&pool->lock);
	is_too_late = pool->is_collected || worker->place == QS__PLACE_LOST;
	worker->has_thread = is_ours && !is_too_late;
	worker->thread = thread;
	pool->retry_at = 0;
	pool->retry_pause_ns = 0;
	qs__mutex_unlock(&pool->lock);
	/* The joiner has not seen it, so nobody will join it. */
	if (is_ours && is_too_late)
		qs__thread_detach(thread);
	qs__pool_unhold(pool);
}

/* Meanwhile a visitor may have moved in, or a joiner may have given the place up: then it is not ours to give back. */
static void note_failed(qs_pool *pool, struct qs__worker *worker)
{
	bool is_vacant;
	int64_t pause;

	qs__mutex_lock(&pool->lock);
	pause = pool->retry_pause_ns == 0 ? RETRY_PAUSE_FIRST_NS : 2 * pool->retry_pause_ns;
	pool->retry_pause_ns = pause < RETRY_PAUSE_MAX_NS ? pause : RETRY_PAUSE_MAX_NS;
	pool->retry_at = qs__clock_now() + pool->retry_pause_ns;
	is_vacant = worker->place == QS__PLACE_STARTING;
	if (is_vacant) {
		worker->place = QS__PLACE_FREE;
		/* relaxed: a hint for those who do not hold the lock. */
		(void)qs__fetch_add_relaxed(&pool->places_free, 1);
	}
	qs__mutex_unlock(&pool->lock);
	if (is_vacant)
		qs__pool_unhold(pool);
	/* The hold for the start itself. */
	qs__pool_unhold(pool);
	if (is_vacant)
		qs__pool_release(pool);
}

int qs__pool_grow(qs_pool *pool)
{
	struct qs__worker *worker;
	qs__thread thread = { 0 };
	int error;

	/* relaxed: a hint; the places are looked through under the lock. */
	if (qs__load_relaxed(&pool->places_free) == 0)
		return -EAGAIN;
	worker = reserve(pool);
	if (worker == NULL)
		return -EAGAIN;
	error = start(pool, worker, &thread);
	if (error == 0)
		note_started(pool, worker, thread);
	else
		note_failed(pool, worker);
	return error;
}

/* ------------------------------------------------------------------------------------------------- brought workers */

/* The place of a worker that was asked for by options.start and has not come yet. */
static struct qs__worker *find_expected_locked(qs_pool *pool)
{
	for (uint32_t i = 0; i < pool->places_used && pool->options.start != NULL; i++) {
		if (pool->workers[i].place == QS__PLACE_STARTING)
			return &pool->workers[i];
	}
	return NULL;
}

int qs_pool_work(qs_pool *pool)
{
	int error = qs__object_check(pool, QS__MAGIC_POOL);
	struct qs__worker *worker;
	sigset_t old;

	if (error != 0)
		return error;
	if (qs__current() != NULL)
		return -EDEADLK;
	qs__mutex_lock(&pool->lock);
	worker = find_expected_locked(pool);
	if (worker == NULL)
		error = pool->mode == QS__MODE_OPEN ? -EAGAIN : -ESHUTDOWN;
	if (error == -EAGAIN)
		worker = take_place_locked(pool, QS__PLACE_WORKING);
	if (worker != NULL)
		(void)move_in_locked(worker);
	qs__mutex_unlock(&pool->lock);
	if (worker == NULL)
		return error;
	qs__signals_block(&old);
	error = work(worker);
	qs__signals_restore(&old);
	return error;
}
