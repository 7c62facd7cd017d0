/* SPDX-License-Identifier: MIT */
/*
 * as_completed.c - what a future costs in a set of a million, beside one in a set of a thousand.
 *
 *	add		qs_as_completed_add(), while the one worker is held up
 *	next		qs_as_completed_next(), when all have ended
 *	whole		from the submit until it was handed out, with as many workers as there are usable CPUs
 *	bytes		what malloc has handed out for each future that is in the set, besides the future itself
 */
#include <semaphore.h>
#include <stdlib.h>

#include <quiesce.h>

#include "support/measure.h"

enum {
	ROUNDS = 5,
	MANY = 1000000,
	FEW = 1000,
};

static sem_t may_go_on;

static int nothing(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

static int hold_up(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	while (sem_wait(&may_go_on) != 0)
		continue;
	return 0;
}

static qs_pool *pool_create(unsigned workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = workers;
	measure_must("qs_pool_create", qs_pool_create(&pool, &options));
	return pool;
}

static void pool_end(qs_pool *pool)
{
	measure_must("qs_pool_join", qs_pool_join(pool, QS_NEVER, NULL, NULL));
	measure_must("qs_pool_destroy", qs_pool_destroy(pool));
}

static qs_as_completed *set_create(void)
{
	qs_as_completed *set = NULL;

	measure_must("qs_as_completed_create", qs_as_completed_create(&set, NULL, 0));
	return set;
}

static void hand_out(qs_as_completed *set, int count)
{
	qs_future *future;

	for (int i = 0; i < count; i++)
		measure_must("qs_as_completed_next", qs_as_completed_next(set, &future, QS_NEVER, NULL));
}

struct phases {
	double add, next, bytes;
};

/* One set of so many. */
static struct phases phases_of(int count)
{
	qs_future **futures = calloc((size_t)count, sizeof(qs_future *));
	qs_pool *pool = pool_create(1);
	qs_as_completed *set = set_create();
	struct phases result;
	int64_t begin;
	double heap;

	measure_must("calloc", futures != NULL ? 0 : -1);
	measure_must("qs_submit", qs_submit(NULL, pool, hold_up, NULL));
	for (int i = 0; i < count; i++)
		measure_must("qs_submit", qs_submit(&futures[i], pool, nothing, NULL));
	heap = measure_heap();
	begin = measure_now();
	for (int i = 0; i < count; i++)
		measure_must("qs_as_completed_add", qs_as_completed_add(set, futures[i]));
	result.add = (double)(measure_now() - begin) / count;
	result.bytes = (measure_heap() - heap) / count;
	(void)sem_post(&may_go_on);
	pool_end(pool);
	begin = measure_now();
	hand_out(set, count);
	result.next = (double)(measure_now() - begin) / count;
	qs_as_completed_destroy(set);
	for (int i = 0; i < count; i++)
		qs_future_release(futures[i]);
	free(futures);
	return result;
}

static double whole_of(int count)
{
	qs_pool *pool = pool_create(0);
	qs_as_completed *set = set_create();
	const int64_t begin = measure_now();
	int64_t end;

	for (int i = 0; i < count; i++) {
		qs_future *future = NULL;

		measure_must("qs_submit", qs_submit(&future, pool, nothing, NULL));
		measure_must("qs_as_completed_add", qs_as_completed_add(set, future));
		qs_future_release(future);
	}
	hand_out(set, count);
	end = measure_now();
	qs_as_completed_destroy(set);
	pool_end(pool);
	return (double)(end - begin) / count;
}

static double many_add(void)
{
	return phases_of(MANY).add;
}

static double few_add(void)
{
	return phases_of(FEW).add;
}

static double many_next(void)
{
	return phases_of(MANY).next;
}

static double few_next(void)
{
	return phases_of(FEW).next;
}

static double many_bytes(void)
{
	return phases_of(MANY).bytes;
}

static double few_bytes(void)
{
	return phases_of(FEW).bytes;
}

static double many_whole(void)
{
	return whole_of(MANY);
}

static double few_whole(void)
{
	return whole_of(FEW);
}

int main(int argc, char **argv)
{
	const unsigned rounds = measure_rounds(argc, argv, ROUNDS);

	(void)sem_init(&may_go_on, 0, 0);
	measure_heading("as completed: what a future costs, by how many there are");
	measure_columns("10^6", "10^3", rounds);
	measure_compare("ns per future added", many_add, few_add, rounds);
	measure_compare("ns per future handed out", many_next, few_next, rounds);
	measure_compare("ns per task, submitted, added, handed out", many_whole, few_whole, rounds);
	measure_compare("bytes per future in the set", many_bytes, few_bytes, 1);
	return 0;
}
