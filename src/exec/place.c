/* SPDX-License-Identifier: MIT */
/*
 * place.c - a pool's places: who gets one, who starts what comes there, and how it is left.
 *
 * The states and their arrows are drawn in pool.h.  Whoever starts a thread for a place has a hold
 * of his own until he has noted what came of it: the thread may have come and gone by then.
 *
 * Lock order: pool, worker.
 */
#include "exec/place.h"

#include <errno.h>

#include "platform/clock.h"

#define RETRY_PAUSE_FIRST_NS (10 * QS__NS_PER_MS)
#define RETRY_PAUSE_MAX_NS QS__NS_PER_S

/* ----------------------------------------------------------------------------------- taking one */

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

/*
 * A pool that drains wants another worker only in the place of one whose thread was
 * ended, and then at once.
 */
static bool may_grow_locked(const qs_pool *pool)
{
	if (pool->mode == QS__MODE_DRAIN)
		return true;
	return pool->mode == QS__MODE_OPEN && (pool->retry_at == 0 || qs__clock_now() >= pool->retry_at);
}

struct qs__worker *qs__place_reserve(qs_pool *pool)
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

static bool move_in_locked(struct qs__worker *worker)
{
	if (worker->place == QS__PLACE_LOST)
		return false;
	worker->place = QS__PLACE_WORKING;
	return true;
}

bool qs__place_move_in(struct qs__worker *worker)
{
	bool is_in;

	qs__mutex_lock(&worker->pool->lock);
	is_in = move_in_locked(worker);
	qs__mutex_unlock(&worker->pool->lock);
	return is_in;
}

/* The place of a worker that was asked for by options.start and has not come yet. */
static struct qs__worker *find_expected_locked(qs_pool *pool)
{
	for (uint32_t i = 0; i < pool->places_used && pool->options.start != NULL; i++) {
		if (pool->workers[i].place == QS__PLACE_STARTING)
			return &pool->workers[i];
	}
	return NULL;
}

int qs__place_take(qs_pool *pool, struct qs__worker **out)
{
	struct qs__worker *worker;
	int error = 0;

	qs__mutex_lock(&pool->lock);
	worker = find_expected_locked(pool);
	if (worker == NULL && pool->mode != QS__MODE_OPEN)
		error = -ESHUTDOWN;
	else if (worker == NULL && (worker = take_place_locked(pool, QS__PLACE_WORKING)) == NULL)
		error = -EAGAIN;
	else
		(void)move_in_locked(worker);
	qs__mutex_unlock(&pool->lock);
	*out = worker;
	return error;
}

/* ---------------------------------------------------------------------------------- leaving one */

void qs__place_leave_locked(struct qs__worker *worker, enum qs__place place)
{
	worker->place = place;
	/* relaxed: changes under the lock; others look for a hint. */
	(void)qs__fetch_add_relaxed(&worker->pool->places_taken, UINT32_MAX);
	if (place == QS__PLACE_FREE)
		(void)qs__fetch_add_relaxed(&worker->pool->places_free, 1);
}

static void clear_thread(struct qs__worker *worker)
{
	qs__mutex_lock(&worker->lock);
	worker->thread_id = 0;
	qs__mutex_unlock(&worker->lock);
}

bool qs__place_retire(struct qs__worker *worker)
{
	bool is_lost;

	clear_thread(worker);
	qs__mutex_lock(&worker->pool->lock);
	is_lost = worker->place == QS__PLACE_LOST;
	if (!is_lost)
		qs__place_leave_locked(worker, QS__PLACE_LEFT);
	qs__mutex_unlock(&worker->pool->lock);
	return is_lost;
}

bool qs__place_vacate(struct qs__worker *worker)
{
	bool is_lost;
	bool has_thread;
	qs__thread thread;

	clear_thread(worker);
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

/* ------------------------------------------------------------------------- what came of a start */

bool qs__place_note_started(qs_pool *pool, struct qs__worker *worker, qs__thread thread)
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

bool qs__place_note_failed(qs_pool *pool, struct qs__worker *worker)
{
	bool is_vacant;
	bool is_deserted;
	int64_t pause;

	qs__mutex_lock(&pool->lock);
	pause = pool->retry_pause_ns == 0 ? RETRY_PAUSE_FIRST_NS : 2 * pool->retry_pause_ns;
	pool->retry_pause_ns = pause < RETRY_PAUSE_MAX_NS ? pause : RETRY_PAUSE_MAX_NS;
	pool->retry_at = qs__clock_now() + pool->retry_pause_ns;
	/*
	 * Else a visitor has moved in, or a joiner has given the place up: then it
	 * is not ours to give back.
	 */
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
