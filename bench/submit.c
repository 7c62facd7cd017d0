/* SPDX-License-Identifier: MIT */
/*
 * submit.c - what a task costs, beside the textbook's pool (support/textbook.h).
 *
 *	detached	empty tasks that nobody waits for, one producer, from the first submit until the last worker has left
 *	push		the submit alone: the one worker is held up meanwhile
 *	drain		the rest of it: the one worker works off what was pushed
 *	futures		a thousand tasks, then a wait for each of them
 *	one by one	a task, then a wait for it
 *	bytes		what malloc has handed out for each task that is pending
 *
 * Both have as many workers as there are usable CPUs, but one where it says so.
 */
#include <semaphore.h>
#include <stdio.h>

#include <quiesce.h>

#include "support/measure.h"
#include "support/textbook.h"

enum {
	ROUNDS = 21,
	DETACHED = 300000,
	PENDING = 100000,
	BATCHES = 50,
	BATCH = 1000,
	SINGLES = 20000,
};

static sem_t is_held_up, may_go_on;

static void hold_up(void)
{
	(void)sem_post(&is_held_up);
	while (sem_wait(&may_go_on) != 0)
		continue;
}

static void wait_until_held_up(void)
{
	while (sem_wait(&is_held_up) != 0)
		continue;
}

/* ----------------------------------------------------------------------------------------- ours */

static int ours_nothing(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

static int ours_hold_up(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	hold_up();
	return 0;
}

static qs_pool *ours_create(unsigned workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = workers;
	measure_must("qs_pool_create", qs_pool_create(&pool, &options));
	return pool;
}

static void ours_end(qs_pool *pool)
{
	measure_must("qs_pool_join", qs_pool_join(pool, QS_NEVER, NULL, NULL));
	measure_must("qs_pool_destroy", qs_pool_destroy(pool));
}

static double ours_detached(void)
{
	qs_pool *pool = ours_create(0);
	const int64_t begin = measure_now();

	for (int i = 0; i < DETACHED; i++)
		measure_must("qs_submit", qs_submit(NULL, pool, ours_nothing, NULL));
	ours_end(pool);
	return (double)(measure_now() - begin) / DETACHED;
}

struct pending {
	double push, drain, bytes;
};

static struct pending ours_pending(void)
{
	qs_pool *pool = ours_create(1);
	struct pending result;
	int64_t begin;
	double heap;

	measure_must("qs_submit", qs_submit(NULL, pool, ours_hold_up, NULL));
	wait_until_held_up();
	heap = measure_heap();
	begin = measure_now();
	for (int i = 0; i < PENDING; i++)
		measure_must("qs_submit", qs_submit(NULL, pool, ours_nothing, NULL));
	result.push = (double)(measure_now() - begin) / PENDING;
	result.bytes = (measure_heap() - heap) / PENDING;
	begin = measure_now();
	(void)sem_post(&may_go_on);
	ours_end(pool);
	result.drain = (double)(measure_now() - begin) / PENDING;
	return result;
}

static double ours_push(void)
{
	return ours_pending().push;
}

static double ours_drain(void)
{
	return ours_pending().drain;
}

static double ours_bytes(void)
{
	return ours_pending().bytes;
}

static double ours_futures(void)
{
	static qs_future *futures[BATCH];
	qs_pool *pool = ours_create(0);
	const int64_t begin = measure_now();

	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < BATCH; i++)
			measure_must("qs_submit", qs_submit(&futures[i], pool, ours_nothing, NULL));
		for (int i = 0; i < BATCH; i++) {
			measure_must("qs_wait", qs_wait(futures[i], QS_NEVER, NULL));
			qs_future_release(futures[i]);
		}
	}
	ours_end(pool);
	return (double)(measure_now() - begin) / (BATCHES * BATCH);
}

static double ours_one_by_one(void)
{
	qs_pool *pool = ours_create(0);
	const int64_t begin = measure_now();

	for (int i = 0; i < SINGLES; i++) {
		qs_future *future = NULL;

		measure_must("qs_submit", qs_submit(&future, pool, ours_nothing, NULL));
		measure_must("qs_wait", qs_wait(future, QS_NEVER, NULL));
		qs_future_release(future);
	}
	ours_end(pool);
	return (double)(measure_now() - begin) / SINGLES;
}

/* ------------------------------------------------------------------------------- the textbook's */

static int theirs_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int theirs_hold_up(void *arg)
{
	(void)arg;
	hold_up();
	return 0;
}

static struct textbook *theirs_create(void)
{
	return textbook_create((unsigned)qs_cpu_count());
}

static double theirs_detached(void)
{
	struct textbook *pool = theirs_create();
	const int64_t begin = measure_now();

	for (int i = 0; i < DETACHED; i++)
		textbook_submit(pool, theirs_nothing, NULL);
	textbook_destroy(pool);
	return (double)(measure_now() - begin) / DETACHED;
}

/* With a future, if it is one, left to the end of the process. */
static struct pending theirs_pending(void)
{
	struct textbook *pool = textbook_create(1);
	struct pending result;
	int64_t begin;
	double heap;

	textbook_submit(pool, theirs_hold_up, NULL);
	wait_until_held_up();
	heap = measure_heap();
	begin = measure_now();
	for (int i = 0; i < PENDING; i++)
		textbook_submit(pool, theirs_nothing, NULL);
	result.push = (double)(measure_now() - begin) / PENDING;
	result.bytes = (measure_heap() - heap) / PENDING;
	begin = measure_now();
	(void)sem_post(&may_go_on);
	textbook_destroy(pool);
	result.drain = (double)(measure_now() - begin) / PENDING;
	return result;
}

static double theirs_push(void)
{
	return theirs_pending().push;
}

static double theirs_drain(void)
{
	return theirs_pending().drain;
}

static double theirs_bytes(void)
{
	return theirs_pending().bytes;
}

static double theirs_bytes_with_future(void)
{
	struct textbook *pool = textbook_create(1);
	double heap;

	textbook_submit(pool, theirs_hold_up, NULL);
	wait_until_held_up();
	heap = measure_heap();
	for (int i = 0; i < PENDING; i++)
		(void)textbook_submit_future(pool, theirs_nothing, NULL);
	/* All of it stays pending; the process ends here. */
	return (measure_heap() - heap) / PENDING;
}

static double theirs_futures(void)
{
	static struct textbook_future *futures[BATCH];
	struct textbook *pool = theirs_create();
	const int64_t begin = measure_now();

	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < BATCH; i++)
			futures[i] = textbook_submit_future(pool, theirs_nothing, NULL);
		for (int i = 0; i < BATCH; i++)
			(void)textbook_wait(futures[i]);
	}
	textbook_destroy(pool);
	return (double)(measure_now() - begin) / (BATCHES * BATCH);
}

static double theirs_one_by_one(void)
{
	struct textbook *pool = theirs_create();
	const int64_t begin = measure_now();

	for (int i = 0; i < SINGLES; i++)
		(void)textbook_wait(textbook_submit_future(pool, theirs_nothing, NULL));
	textbook_destroy(pool);
	return (double)(measure_now() - begin) / SINGLES;
}

int main(int argc, char **argv)
{
	const unsigned rounds = measure_rounds(argc, argv, ROUNDS);

	(void)sem_init(&is_held_up, 0, 0);
	(void)sem_init(&may_go_on, 0, 0);
	measure_heading("submit: what a task costs");
	measure_columns("quiesce", "textbook", rounds);
	measure_compare("ns per detached task", ours_detached, theirs_detached, rounds);
	measure_compare("ns per push, one worker held up", ours_push, theirs_push, rounds);
	measure_compare("ns per task drained by one worker", ours_drain, theirs_drain, rounds);
	measure_compare("ns per task waited for, in thousands", ours_futures, theirs_futures, rounds);
	measure_compare("ns per task waited for, one by one", ours_one_by_one, theirs_one_by_one, rounds);
	measure_compare("bytes per pending task", ours_bytes, theirs_bytes, 1);
	measure_compare("bytes per pending task and future", ours_bytes, theirs_bytes_with_future, 1);
	return 0;
}
