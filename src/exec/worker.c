/* SPDX-License-Identifier: MIT */
/*
 * worker.c - one worker's life: it comes, takes tasks until there are none any more, and leaves.
 *
 * A body may end the thread.  Then the worker leaves on the way out, and its place is free again for another one, which is
 * started at once if there are tasks to be run.
 *
 * The last touch of the pool is giving back the worker's own reference.
 *
 * Lock order: pool, worker.
 */
#define _GNU_SOURCE
#include "exec/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec/cancel.h"
#include "exec/frame.h"
#include "exec/run.h"
#include "platform/clock.h"
#include "platform/signal_mask.h"

#define RETRY_PAUSE_FIRST_NS (10 * QS__NS_PER_MS)
#define RETRY_PAUSE_MAX_NS QS__NS_PER_S

void qs__worker_init(struct qs__worker *worker, qs_pool *pool)
{
	worker->pool = pool;
	worker->current.pool = pool;
	worker->current.task_name = "";
	qs__list_init(&worker->in_guests);
	qs__mutex_init(&worker->lock, QS__RANK_WORKER);
}

void qs__worker_fini(struct qs__worker *worker)
{
	qs__mutex_fini(&worker->lock);
}

void qs__worker_name(char *out, size_t size, const struct qs__worker *worker)
{
	const qs_pool *pool = worker->pool;

	if (qs__list_is_linked(&worker->in_guests))
		(void)snprintf(out, size, "%s-guest", pool->name);
	else
		(void)snprintf(out, size, "%s-%u", pool->name, (unsigned)(worker - pool->workers));
}

/* ------------------------------------------------------------------------------------------------ init and finish */

/* The first one is kept for the report, in words; `out` receives the words of this one. */
static void note_error(struct qs__worker *worker, int error, const char *what, char out[QS_TEXT_SIZE])
{
	qs_pool *pool = worker->pool;
	char name[QS__WORKER_NAME_SIZE];

	qs__worker_name(name, sizeof(name), worker);
	(void)snprintf(out, QS_TEXT_SIZE, "worker '%s' %s: %s", name, what, qs_strerror(error));
	qs__mutex_lock(&pool->lock);
	if (pool->worker_error == 0) {
		pool->worker_error = error;
		memcpy(pool->worker_text, out, QS_TEXT_SIZE);
	}
	qs__mutex_unlock(&pool->lock);
}

bool qs__worker_begin(struct qs__worker *worker)
{
	const qs_pool_options *options = &worker->pool->options;
	struct qs__frame frame;
	char text[QS_TEXT_SIZE];
	int error = 0;

	if (options->init != NULL) {
		qs__frame_enter(worker, &frame, NULL, NULL);
		error = options->init(&worker->data, options->worker_arg);
		(void)qs__frame_leave(worker, &frame);
	}
	worker->has_begun = error >= 0;
	if (error < 0) {
		note_error(worker, error, "could not begin", text);
		/* That runs callbacks and destructors here. */
		qs__frame_enter(worker, &frame, NULL, NULL);
		(void)qs_stop_ask(worker->pool->stop, error, text);
		(void)qs__frame_leave(worker, &frame);
	}
	return worker->has_begun;
}

void qs__worker_finish(struct qs__worker *worker)
{
	const qs_pool_options *options = &worker->pool->options;
	const bool is_due = worker->has_begun && options->finish != NULL;
	struct qs__frame frame;
	char text[QS_TEXT_SIZE];
	int error;

	worker->has_begun = false;
	if (!is_due || !qs__object_is_ours(worker->pool, QS__MAGIC_POOL))
		return;
	qs__frame_enter(worker, &frame, NULL, NULL);
	error = options->finish(worker->data, options->worker_arg);
	(void)qs__frame_leave(worker, &frame);
	worker->data = NULL;
	if (error < 0)
		note_error(worker, error, "could not finish", text);
}

/* -------------------------------------------------------------------------------------------------------- its life */

static void set_thread_id(struct qs__worker *worker, int id)
{
	qs__mutex_lock(&worker->lock);
	worker->thread_id = id;
	qs__mutex_unlock(&worker->lock);
}

/* Takes tasks until there are none any more; or until a body has returned in a child that it forked, where there is no pool. */
static void serve_all(void *arg)
{
	struct qs__worker *worker = arg;
	qs_pool *pool = worker->pool;
	struct qs__list *link;

	if (!qs__worker_begin(worker))
		return;
	while (qs__object_is_ours(pool, QS__MAGIC_POOL) && (link = qs__queue_take(&pool->queue)) != NULL)
		qs__serve(worker, QS__ENTRY(link, qs_future, in_queue), pool->stop);
	qs__worker_finish(worker);
}

/* Gives back the hold, which the joiner may have done already, and the reference: the last touch. */
static void leave_pool(qs_pool *pool, bool is_lost)
{
	if (!is_lost)
		qs__pool_unhold(pool);
	qs__pool_release(pool);
}

void qs__place_leave_locked(struct qs__worker *worker, enum qs__place place)
{
	worker->place = place;
	/* relaxed: changes under the lock; others look for a hint. */
	(void)qs__fetch_add_relaxed(&worker->pool->places_taken, UINT32_MAX);
	if (place == QS__PLACE_FREE)
		(void)qs__fetch_add_relaxed(&worker->pool->places_free, 1);
}

/* It leaves because there is nothing more to come; true if the joiner had given it up. */
static bool retire(struct qs__worker *worker)
{
	bool is_lost;

	set_thread_id(worker, 0);
	qs__mutex_lock(&worker->pool->lock);
	is_lost = worker->place == QS__PLACE_LOST;
	if (!is_lost)
		qs__place_leave_locked(worker, QS__PLACE_LEFT);
	qs__mutex_unlock(&worker->pool->lock);
	return is_lost;
}

/* It leaves because its thread ends; as retire(), but another one may take its place. */
static bool vacate(struct qs__worker *worker)
{
	bool is_lost;
	bool has_thread;
	qs__thread thread;

	set_thread_id(worker, 0);
	qs__mutex_lock(&worker->pool->lock);
	is_lost = worker->place == QS__PLACE_LOST;
	has_thread = worker->has_thread;
	thread = worker->thread;
	worker->has_thread = false;
	/* Who starts it has not noted the thread yet, and will see to it and to the place. */
	worker->has_exited = worker->is_starting;
	if (!is_lost && !worker->has_exited)
		qs__place_leave_locked(worker, QS__PLACE_FREE);
	qs__mutex_unlock(&worker->pool->lock);
	if (has_thread)
		qs__thread_detach(thread);
	return is_lost;
}

static void replace(qs_pool *pool);

static void restore_thread(const struct qs__worker *worker)
{
	if (worker->mask_before == NULL)
		return;
	qs__signals_restore(worker->mask_before);
	qs__thread_restore_cancel(worker->cancel_before);
}

/* A body has ended the thread. */
static void thread_exits(void *arg)
{
	struct qs__worker *worker = arg;
	qs_pool *pool = worker->pool;
	bool is_lost;

	qs__worker_finish(worker);
	qs__set_current(NULL);
	restore_thread(worker);
	if (!qs__object_is_ours(pool, QS__MAGIC_POOL))
		return;
	is_lost = vacate(worker);
	replace(pool);
	leave_pool(pool, is_lost);
}

/* 0, or -QS_EFORKED: a body has returned in a child that it forked, where there is no pool. */
static int work(struct qs__worker *worker)
{
	qs_pool *pool = worker->pool;

	qs__set_current(&worker->current);
	set_thread_id(worker, qs__thread_id());
	qs__thread_guard(serve_all, thread_exits, worker);
	qs__set_current(NULL);
	if (!qs__object_is_ours(pool, QS__MAGIC_POOL))
		return -QS_EFORKED;
	leave_pool(pool, retire(worker));
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

	(void)qs__thread_refuse_cancel();
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
		/* relaxed: hints for those who do not hold the lock. */
		(void)qs__fetch_add_relaxed(&pool->places_free, UINT32_MAX);
		(void)qs__fetch_add_relaxed(&pool->places_taken, 1);
		qs__pool_hold(pool);
		qs__object_retain(&pool->object);
		return worker;
	}
	return NULL;
}

/* ----------------------------------------------------------------------------------------------------- own workers */

/* A pool that drains wants another worker only in the place of one whose thread was ended, and then at once. */
static bool may_grow_locked(const qs_pool *pool)
{
	if (pool->mode == QS__MODE_DRAIN)
		return true;
	return pool->mode == QS__MODE_OPEN && (pool->retry_at == 0 || qs__clock_now() >= pool->retry_at);
}

static struct qs__worker *reserve(qs_pool *pool)
{
	struct qs__worker *worker = NULL;

	qs__mutex_lock(&pool->lock);
	if (may_grow_locked(pool))
		worker = take_place_locked(pool, QS__PLACE_STARTING);
	/* A second hold, for the start itself: the thread may be gone again before we have noted it. */
	if (worker != NULL) {
		worker->is_starting = true;
		qs__pool_hold(pool);
	}
	qs__mutex_unlock(&pool->lock);
	return worker;
}

static int start(qs_pool *pool, struct qs__worker *worker, qs__thread *out_thread)
{
	char name[QS__WORKER_NAME_SIZE];

	if (pool->options.start != NULL)
		return pool->options.start(pool, pool->options.start_arg);
	qs__worker_name(name, sizeof(name), worker);
	return qs__thread_start(out_thread, worker_main, worker, pool->options.stack_bytes, name);
}

/* True if a body has ended the thread already, so that the place is free again. */
static bool note_started(qs_pool *pool, struct qs__worker *worker, qs__thread thread)
{
	const bool is_ours = pool->options.start == NULL;
	bool has_exited;
	bool is_too_late;

	qs__mutex_lock(&pool->lock);
	has_exited = worker->has_exited;
	is_too_late = pool->is_collected || has_exited || worker->place == QS__PLACE_LOST;
	worker->has_thread = is_ours && !is_too_late;
	worker->thread = thread;
	worker->is_starting = false;
	if (has_exited && worker->place != QS__PLACE_LOST)
		qs__place_leave_locked(worker, QS__PLACE_FREE);
	worker->has_exited = false;
	pool->retry_at = 0;
	pool->retry_pause_ns = 0;
	qs__mutex_unlock(&pool->lock);
	/* The joiner has not seen it, or it is gone already, so nobody will join it. */
	if (is_ours && is_too_late)
		qs__thread_detach(thread);
	qs__pool_unhold(pool);
	return has_exited;
}

/*
 * Meanwhile a visitor may have moved in, or a joiner may have given the place up: then it is not ours to give back.  True if
 * nobody is there, and nobody more will come.
 */
static bool note_failed(qs_pool *pool, struct qs__worker *worker)
{
	bool is_vacant;
	bool is_deserted;
	int64_t pause;

	qs__mutex_lock(&pool->lock);
	pause = pool->retry_pause_ns == 0 ? RETRY_PAUSE_FIRST_NS : 2 * pool->retry_pause_ns;
	pool->retry_pause_ns = pause < RETRY_PAUSE_MAX_NS ? pause : RETRY_PAUSE_MAX_NS;
	pool->retry_at = qs__clock_now() + pool->retry_pause_ns;
	is_vacant = worker->place == QS__PLACE_STARTING;
	worker->is_starting = false;
	if (is_vacant)
		qs__place_leave_locked(worker, QS__PLACE_FREE);
	/* relaxed: it changes under this lock. */
	is_deserted = pool->mode != QS__MODE_OPEN && qs__load_relaxed(&pool->places_taken) == 0;
	qs__mutex_unlock(&pool->lock);
	if (is_vacant)
		qs__pool_unhold(pool);
	/* The hold for the start itself. */
	qs__pool_unhold(pool);
	if (is_vacant)
		qs__pool_release(pool);
	return is_deserted;
}

/* What became of a start, besides its error. */
struct growth {
	bool has_exited;	/* a body has ended the thread already, and nobody has come in its place */
	bool is_deserted;	/* it failed, and there is nobody in a pool that drains */
};

static int grow(qs_pool *pool, struct growth *out)
{
	struct qs__worker *worker;
	qs__thread thread = { 0 };
	int error;

	*out = (struct growth){ false, false };
	/* relaxed: a hint; the places are looked through under the lock. */
	if (qs__load_relaxed(&pool->places_free) == 0)
		return -EAGAIN;
	worker = reserve(pool);
	if (worker == NULL)
		return -EAGAIN;
	error = start(pool, worker, &thread);
	if (error == 0)
		out->has_exited = note_started(pool, worker, thread);
	else
		out->is_deserted = note_failed(pool, worker);
	return error;
}

/*
 * Finds somebody for the tasks that a worker has left behind; in a pool that drains, nobody else will.  If no place is free, who
 * has the last one comes here, too.
 */
static void replace(qs_pool *pool)
{
	struct growth growth = { true, false };

	while (growth.has_exited && qs__queue_look(&pool->queue).pending != 0)
		(void)grow(pool, &growth);
	if (growth.is_deserted)
		qs__pool_cancel_rest(pool, &qs__cause_no_worker, NULL);
}

int qs__pool_grow(qs_pool *pool)
{
	struct growth growth;
	const int error = grow(pool, &growth);

	if (growth.has_exited)
		replace(pool);
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
	int cancel_before;
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
	worker->mask_before = &old;
	worker->cancel_before = qs__thread_refuse_cancel();
	cancel_before = worker->cancel_before;
	error = work(worker);
	qs__signals_restore(&old);
	qs__thread_restore_cancel(cancel_before);
	return error;
}
