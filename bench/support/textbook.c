/* SPDX-License-Identifier: MIT */
/*
 * textbook.c - written as it is taught, neither slowed down nor sped up:
 * lock, link, unlock, signal.
 */
#include "support/textbook.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct textbook_future {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_ended;
	int value;
};

struct task {
	struct task *next;
	textbook_fn *fn;
	void *arg;
	struct textbook_future *future;	/* NULL = none */
};

struct textbook {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *first;
	struct task **end;
	bool is_closed;
	unsigned workers;
	pthread_t threads[];
};

static void *must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

/* The next task, or NULL once the pool is closed and empty. */
static struct task *take(struct textbook *pool)
{
	struct task *task;

	pthread_mutex_lock(&pool->lock);
	while (pool->first == NULL && !pool->is_closed)
		pthread_cond_wait(&pool->changed, &pool->lock);
	task = pool->first;
	if (task != NULL) {
		pool->first = task->next;
		if (pool->first == NULL)
			pool->end = &pool->first;
	}
	pthread_mutex_unlock(&pool->lock);
	return task;
}

static void complete(struct textbook_future *future, int value)
{
	pthread_mutex_lock(&future->lock);
	future->value = value;
	future->is_ended = true;
	/* Under the lock: the waiter frees the future as soon as it has the lock. */
	pthread_cond_signal(&future->ended);
	pthread_mutex_unlock(&future->lock);
}

static void *work(void *arg)
{
	struct textbook *pool = arg;
	struct task *task;

	while ((task = take(pool)) != NULL) {
		const int value = task->fn(task->arg);

		if (task->future != NULL)
			complete(task->future, value);
		free(task);
	}
	return NULL;
}

struct textbook *textbook_create(unsigned workers)
{
	struct textbook *pool = must(calloc(1, sizeof(*pool) + workers * sizeof(pool->threads[0])));

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->end = &pool->first;
	for (pool->workers = 0; pool->workers < workers; pool->workers++) {
		if (pthread_create(&pool->threads[pool->workers], NULL, work, pool) != 0)
			abort();
	}
	return pool;
}

static void submit(struct textbook *pool, textbook_fn *fn, void *arg, struct textbook_future *future)
{
	struct task *task = must(malloc(sizeof(*task)));

	*task = (struct task){ NULL, fn, arg, future };
	pthread_mutex_lock(&pool->lock);
	*pool->end = task;
	pool->end = &task->next;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(&pool->changed);
}

void textbook_submit(struct textbook *pool, textbook_fn *fn, void *arg)
{
	submit(pool, fn, arg, NULL);
}

struct textbook_future *textbook_submit_future(struct textbook *pool, textbook_fn *fn, void *arg)
{
	struct textbook_future *future = must(malloc(sizeof(*future)));

	pthread_mutex_init(&future->lock, NULL);
	pthread_cond_init(&future->ended, NULL);
	future->is_ended = false;
	submit(pool, fn, arg, future);
	return future;
}

int textbook_wait(struct textbook_future *future)
{
	int value;

	pthread_mutex_lock(&future->lock);
	while (!future->is_ended)
		pthread_cond_wait(&future->ended, &future->lock);
	value = future->value;
	pthread_mutex_unlock(&future->lock);
	pthread_cond_destroy(&future->ended);
	pthread_mutex_destroy(&future->lock);
	free(future);
	return value;
}

void textbook_destroy(struct textbook *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->is_closed = true;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_broadcast(&pool->changed);
	for (unsigned i = 0; i < pool->workers; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
