/* SPDX-License-Identifier: MIT */
/*
 * pool.c - a pool's beginning and end, and the count of holds.
 */
#include "exec/pool.h"

#include <errno.h>
#include <stdio.h>

#include "platform/alloc.h"
#include "platform/cpu.h"

#define STACK_BYTES_DEFAULT ((size_t)1 << 20)

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
	 * What was done under this hold comes before the pool is over.  Pairs with itself.  The last one still fires the event, whose
	 * unlocking is the last touch: a join that sees it closed has waited for that.
	 */
	if (qs__fetch_sub_acq_rel(&pool->holds, count) == count)
		qs__event_fire(&pool->over);
}

void qs__pool_unhold(qs_pool *pool)
{
	qs__pool_unhold_many(pool, 1);
}

void qs__pool_count(qs_pool *pool, qs_state state)
{
	/* Whoever counts it sees the future ended.  Pairs with load_acquire in books_are_whole() and write_report(). */
	(void)qs__fetch_add_acq_rel(&pool->ends[state], 1);
}

/* ------------------------------------------------------------------------------------------------------- creating */

static int check_options(const qs_pool_options *options)
{
	if (options->size != sizeof(*options) || options->flags != 0 || options->workers > QS_WORKERS_MAX)
		return -EINVAL;
	if (options->stack_bytes != 0 && options->stack_bytes < qs__thread_min_stack())
		return -EINVAL;
	if (options->stop == NULL)
		return 0;
	return qs_stop_is_asked(options->stop) == 1 ? -ECANCELED
						    : qs__object_check(options->stop, QS__MAGIC_STOP);
}

static void workers_init(qs_pool *pool)
{
	for (uint32_t i = 0; i < pool->options.workers; i++) {
		struct qs__worker *worker = &pool->workers[i];

		worker->pool = pool;
		worker->current.pool = pool;
		worker->current.task_name = "";
		worker->task.pool_stop = pool->stop;
		qs__atomic_init(&worker->task.checkpoint, NULL);
		qs__mutex_init(&worker->lock, QS__RANK_WORKER);
	}
}

static void pool_init(qs_pool *pool)
{
	qs__queue_init(&pool->queue, pool->options.max_pending);
	qs__atomic_init(&pool->holds, 1);
	qs__event_init(&pool->over);
	qs__mutex_init(&pool->lock, QS__RANK_POOL);
	qs__list_init(&pool->unstarted);
	qs__atomic_init(&pool->places_free, pool->options.workers);
	for (int state = 0; state < QS_STATES; state++)
		qs__atomic_init(&pool->ends[state], 0);
	qs__atomic_init(&pool->is_cancelling, 0);
	qs__atomic_init(&pool->is_joining, 0);
	qs__event_init(&pool->joined);
	workers_init(pool);
	qs__callback_add(&pool->on_stop, pool->stop, qs__pool_stopped, pool);
}

static qs_pool *pool_new(const qs_pool_options *options)
{
	qs_pool *pool = qs__object_alloc(sizeof(*pool), QS__MAGIC_POOL);

	if (pool == NULL)
		return NULL;
	pool->options = *options;
	if (pool->options.workers == 0)
		pool->options.workers = qs__cpu_usable();
	if (pool->options.stack_bytes == 0)
		pool->options.stack_bytes = STACK_BYTES_DEFAULT;
	(void)snprintf(pool->name, sizeof(pool->name), "%s", options->name != NULL ? options->name : "quiesce");
	pool->options.name = NULL;
	pool->options.stop = NULL;
	pool->workers = qs__alloc_array(pool->options.workers, sizeof(*pool->workers));
	pool->stop = qs__stop_new(options->stop, NULL);
	if (pool->workers == NULL || pool->stop == NULL) {
		qs__free(pool->workers);
		qs_stop_release(pool->stop);
		qs__object_free(&pool->object);
		return NULL;
	}
	pool_init(pool);
	return pool;
}

int qs_pool_create(qs_pool **out, const qs_pool_options *options)
{
	const qs_pool_options defaults = QS_POOL_OPTIONS_INIT;
	qs_pool *pool;
	int error;

	if (options == NULL)
		options = &defaults;
	error = out == NULL ? -EINVAL : check_options(options);
	if (error != 0)
		return error;
	pool = pool_new(options);
	if (pool == NULL)
		return -ENOMEM;
	error = qs__pool_grow(pool);
	if (error == 0) {
		*out = pool;
		return 0;
	}
	(void)qs_pool_shutdown(pool, QS_DRAIN);
	(void)qs_pool_join(pool, QS_NEVER, NULL, NULL);
	(void)qs_pool_destroy(pool);
	return error;
}

qs_stop *qs_pool_stop(qs_pool *pool)
{
	return pool != NULL ? pool->stop : NULL;
}

/* --------------------------------------------------------------------------------------------------------- ending */

void qs__pool_release(qs_pool *pool)
{
	if (!qs__object_release(&pool->object))
		return;
	for (uint32_t i = 0; i < pool->options.workers; i++) {
		qs__mutex_fini(&pool->workers[i].lock);
		qs__atomic_fini(&pool->workers[i].task.checkpoint);
	}
	qs__free(pool->workers);
	qs_stop_release(pool->stop);
	qs__queue_fini(&pool->queue);
	qs__event_fini(&pool->over);
	qs__event_fini(&pool->joined);
	qs__mutex_fini(&pool->lock);
	qs__atomic_fini(&pool->holds);
	qs__atomic_fini(&pool->places_free);
	qs__atomic_fini(&pool->is_cancelling);
	qs__atomic_fini(&pool->is_joining);
	for (int state = 0; state < QS_STATES; state++)
		qs__atomic_fini(&pool->ends[state]);
	qs__object_free(&pool->object);
}

int qs_pool_destroy(qs_pool *pool)
{
	struct qs__list *link;
	int error;

	if (pool == NULL)
		return 0;
	error = qs__object_check(pool, QS__MAGIC_POOL);
	if (error != 0)
		return error;
	if (qs__current_is_of(pool))
		return -EDEADLK;
	if (!qs__event_has_happened(&pool->joined))
		return -EBUSY;
	(void)qs__callback_remove(&pool->on_stop, pool->stop);
	while ((link = qs__list_take_first(&pool->unstarted)) != NULL) {
		qs_future *future = QS__ENTRY(link, qs_future, in_queue);

		qs__future_destroy_arg(future);
		qs_future_release(future);
	}
	qs__pool_release(pool);
	return 0;
}
