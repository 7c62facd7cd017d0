/* SPDX-License-Identifier: MIT */
/*
 * create.c - a pool's beginning and end.
 *
 * What its tasks and workers left behind for the end is freed here: what is due for tasks
 * that a join had no time for.
 */
#include <errno.h>
#include <stdio.h>

#include "exec/cancel.h"
#include "exec/worker.h"
#include "platform/alloc.h"
#include "platform/cpu.h"

#define STACK_BYTES_DEFAULT ((size_t)1 << 20)

static int check_options(const qs_pool_options *options)
{
	int asked;

	if (options->size != sizeof(*options) || (options->flags & ~QS_POOL_LAZY) != 0 || options->workers > QS_WORKERS_MAX)
		return -EINVAL;
	if (options->stack_bytes != 0 && options->stack_bytes < qs__thread_min_stack())
		return -EINVAL;
	asked = qs_stop_is_asked(options->stop);
	return asked > 0 ? -ECANCELED : asked;
}

static void pool_init(qs_pool *pool)
{
	qs__queue_init(&pool->queue, pool->options.max_pending);
	qs__atomic_init(&pool->holds, 1);
	qs__event_init(&pool->over);
	qs__mutex_init(&pool->lock, QS__RANK_POOL);
	qs__list_init(&pool->unstarted);
	qs__list_init(&pool->uncalled);
	qs__list_init(&pool->guests);
	qs__atomic_init(&pool->places_free, pool->options.workers);
	qs__atomic_init(&pool->places_taken, 0);
	for (int state = 0; state < QS_STATES; state++)
		qs__atomic_init(&pool->ends[state], 0);
	qs__atomic_init(&pool->is_cancelling, 0);
	qs__atomic_init(&pool->is_joining, 0);
	qs__event_init(&pool->joined);
	for (uint32_t i = 0; i < pool->options.workers; i++)
		qs__worker_init(&pool->workers[i], pool);
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
	error = (pool->options.flags & QS_POOL_LAZY) != 0 ? 0 : qs__pool_grow(pool);
	if (error == 0) {
		*out = pool;
		return 0;
	}
	(void)qs_pool_shutdown(pool, QS_DRAIN);
	(void)qs_pool_join(pool, QS_NEVER, NULL, NULL);
	(void)qs_pool_destroy(pool);
	return error;
}

/* What the join had no time for, and the pool's references. */
static void see_to_all(struct qs__list *futures, void see_to(qs_future *future))
{
	struct qs__list *link;

	while ((link = qs__list_take_first(futures)) != NULL) {
		qs_future *future = QS__ENTRY(link, qs_future, in_queue);

		see_to(future);
		qs_future_release(future);
	}
}

int qs_pool_destroy(qs_pool *pool)
{
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
	qs__mutex_lock(&pool->lock);
	pool->is_destroyed = true;
	qs__mutex_unlock(&pool->lock);
	see_to_all(&pool->unstarted, qs__task_dispose);
	see_to_all(&pool->uncalled, qs__task_call_back);
	qs__pool_release(pool);
	return 0;
}
