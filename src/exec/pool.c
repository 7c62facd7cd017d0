/* SPDX-License-Identifier: MIT */
/*
 * pool.c - what all of exec stands on: a pool's holds, its counts, its workers, its memory.
 */
#include "exec/pool.h"

#include <stdio.h>

#include "platform/alloc.h"

void qs__pool_hold(qs_pool *pool)
{
	/* relaxed: the caller knows of another hold; a count publishes nothing. */
	(void)qs__fetch_add_relaxed(&pool->holds, 1);
}

void qs__pool_unhold_many(qs_pool *pool, uint32_t count)
{
	if (count == 0)
		return;
	/*
	 * What was done under this hold comes before the pool is over.  Pairs with itself.  The
	 * last one still fires the event, whose unlocking is the last touch: a join that sees it
	 * closed has waited for that.
	 */
	if (qs__fetch_sub_acq_rel(&pool->holds, count) == count)
		qs__event_fire(&pool->over);
}

void qs__pool_unhold(qs_pool *pool)
{
	qs__pool_unhold_many(pool, 1);
}

struct qs__worker *qs__pool_next_worker_locked(qs_pool *pool, struct qs__worker *previous)
{
	struct qs__list *next = &pool->guests;

	if (previous == NULL)
		return &pool->workers[0];
	if (qs__list_is_linked(&previous->in_guests))
		next = &previous->in_guests;
	else if (previous + 1 < pool->workers + pool->options.workers)
		return previous + 1;
	return next->next != &pool->guests ? QS__ENTRY(next->next, struct qs__worker, in_guests) : NULL;
}

void qs__pool_count(qs_pool *pool, qs_state state)
{
	/*
	 * Whoever counts it sees the future ended.  Pairs with load_acquire in books_are_whole(),
	 * write_report(), read_ends() and sum_of_ends().
	 */
	(void)qs__fetch_add_acq_rel(&pool->ends[state], 1);
}

qs_stop *qs_pool_stop(qs_pool *pool)
{
	return pool != NULL ? pool->stop : NULL;
}

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

	if (worker->is_guest)
		(void)snprintf(out, size, "%s-guest", pool->name);
	else
		(void)snprintf(out, size, "%s-%u", pool->name, (unsigned)(worker - pool->workers));
}

void qs__guest_free(struct qs__worker *guest)
{
	qs__worker_fini(guest);
	qs__free(guest);
}

static void guests_free(qs_pool *pool)
{
	struct qs__list *link;

	while ((link = qs__list_take_first(&pool->guests)) != NULL)
		qs__guest_free(QS__ENTRY(link, struct qs__worker, in_guests));
}

void qs__pool_release(qs_pool *pool)
{
	if (!qs__object_release(&pool->object))
		return;
	for (uint32_t i = 0; i < pool->options.workers; i++)
		qs__worker_fini(&pool->workers[i]);
	qs__free(pool->workers);
	guests_free(pool);
	qs_stop_release(pool->stop);
	qs__queue_fini(&pool->queue);
	qs__event_fini(&pool->over);
	qs__event_fini(&pool->joined);
	qs__mutex_fini(&pool->lock);
	qs__atomic_fini(&pool->holds);
	qs__atomic_fini(&pool->places_free);
	qs__atomic_fini(&pool->places_taken);
	qs__atomic_fini(&pool->is_cancelling);
	qs__atomic_fini(&pool->is_joining);
	for (int state = 0; state < QS_STATES; state++)
		qs__atomic_fini(&pool->ends[state]);
	qs__object_free(&pool->object);
}
