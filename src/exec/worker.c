/* SPDX-License-Identifier: MIT */
/*
 * worker.c - one worker's life: it comes, takes tasks until there are none any more, and leaves.
 *
 * A body may end the thread.  Then the worker leaves on the way out, and its place is free again
 * for another one, which is started at once if there are tasks to be run.
 *
 * The last touch of the pool is giving back the worker's own reference.
 *
 * Lock order: pool, worker.
 */
#include "exec/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec/cancel.h"
#include "exec/frame.h"
#include "exec/place.h"
#include "exec/run.h"
#include "platform/signal_mask.h"

/* ------------------------------------------------------------------------ init, idle and finish */

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

/* It is in the queue's line already: what is submitted now wakes it. */
static void go_idle(void *arg)
{
	struct qs__worker *worker = arg;
	const qs_pool_options *options = &worker->pool->options;
	struct qs__frame frame;

	qs__frame_enter(worker, &frame, NULL, NULL);
	options->idle(worker->data, options->worker_arg);
	(void)qs__frame_leave(worker, &frame);
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

/* ------------------------------------------------------------------------------------- its life */

static void set_thread_id(struct qs__worker *worker, int id)
{
	qs__mutex_lock(&worker->lock);
	worker->thread_id = id;
	qs__mutex_unlock(&worker->lock);
}

/*
 * Takes tasks until there are none any more; or until a body has returned in a child that it
 * forked, where there is no pool.
 */
static void serve_all(void *arg)
{
	struct qs__worker *worker = arg;
	qs_pool *pool = worker->pool;
	struct qs__list *link;

	if (!qs__worker_begin(worker))
		return;
	worker->taker.on_idle = pool->options.idle != NULL ? go_idle : NULL;
	worker->taker.arg = worker;
	while (qs__object_is_ours(pool, QS__MAGIC_POOL) && (link = qs__queue_take(&pool->queue, &worker->taker)) != NULL) {
		qs_future *future = QS__ENTRY(link, qs_future, in_queue);

		qs__future_claim(future);
		qs__serve(worker, future, pool->stop);
	}
	qs__worker_finish(worker);
}

/* Gives back the hold, which the joiner may have done already, and the reference: the last touch. */
static void leave_pool(qs_pool *pool, bool is_lost)
{
	if (!is_lost)
		qs__pool_unhold(pool);
	qs__pool_release(pool);
}

static void replace(qs_pool *pool);

/* The next thread in this place may be one of ours. */
static void restore_thread(struct qs__worker *worker)
{
	if (worker->mask_before == NULL)
		return;
	qs__signals_restore(worker->mask_before);
	qs__thread_restore_cancel(worker->cancel_before);
	worker->mask_before = NULL;
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
	qs__depot_expect_no_more(&pool->queue.depot, &worker->taker);
	is_lost = qs__place_vacate(worker);
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
	qs__depot_expect_no_more(&pool->queue.depot, &worker->taker);
	leave_pool(pool, qs__place_retire(worker));
	return 0;
}

static void worker_main(void *arg)
{
	struct qs__worker *worker = arg;
	qs_pool *pool = worker->pool;

	(void)qs__thread_refuse_cancel();
	if (qs__place_move_in(worker))
		(void)work(worker);
	else
		qs__pool_release(pool);
}

/* ---------------------------------------------------------------------------------- own workers */

static int start(qs_pool *pool, struct qs__worker *worker, qs__thread *out_thread)
{
	char name[QS__WORKER_NAME_SIZE];

	if (pool->options.start != NULL)
		return pool->options.start(pool, pool->options.start_arg);
	qs__worker_name(name, sizeof(name), worker);
	return qs__thread_start(out_thread, worker_main, worker, pool->options.stack_bytes, name);
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
	worker = qs__place_reserve(pool);
	if (worker == NULL)
		return -EAGAIN;
	qs__depot_expect(&pool->queue.depot, &worker->taker);
	error = start(pool, worker, &thread);
	if (error == 0) {
		out->has_exited = qs__place_note_started(pool, worker, thread);
		return 0;
	}
	/* While the place is ours still. */
	qs__depot_expect_no_more(&pool->queue.depot, &worker->taker);
	out->is_deserted = qs__place_note_failed(pool, worker);
	return error;
}

/*
 * Finds somebody for the tasks that a worker has left behind; in a pool that drains, nobody else
 * will.  If no place is free, who has the last one comes here, too.
 */
static void replace(qs_pool *pool)
{
	struct growth growth = { true, false };

	while (growth.has_exited && qs__queue_look(&pool->queue).pending != 0)
		(void)grow(pool, &growth);
	if (growth.is_deserted)
		qs__pool_cancel_rest(pool, &qs__cause_no_worker, NULL);
}

void qs__pool_attend(qs_pool *pool)
{
	bool is_deserted;

	qs__mutex_lock(&pool->lock);
	/* relaxed: it changes under this lock. */
	is_deserted = qs__load_relaxed(&pool->places_taken) == 0;
	qs__mutex_unlock(&pool->lock);
	if (is_deserted)
		replace(pool);
}

int qs__pool_grow(qs_pool *pool)
{
	struct growth growth;
	const int error = grow(pool, &growth);

	if (growth.has_exited)
		replace(pool);
	return error;
}

/* ------------------------------------------------------------------------------ brought workers */

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
	error = qs__place_take(pool, &worker);
	if (error != 0)
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
