/* SPDX-License-Identifier: MIT */
/*
 * test_faults_queue.c - queues of users while the system refuses what they ask for (B1): an item is
 * in, or still the caller's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"
#include "support/pools.h"

#define ITEMS 300	/* more than a queue has room for at once */

static qs_queue *make_queue(size_t limit, int *out_error)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;

	options.limit = limit;
	options.destroy = destroy_count;
	*out_error = qs_queue_create(&queue, &options);
	return queue;
}

/* Puts until one is refused; returns the error, and how many are in. */
static int put_many(qs_queue *queue, unsigned *out_accepted, void *item)
{
	int error = 0;

	*out_accepted = 0;
	while (error == 0 && *out_accepted < ITEMS) {
		error = qs_queue_put(queue, item, QS_NOW, NULL);
		*out_accepted += error == 0;
	}
	return error;
}

/* What was accepted comes out, as much as is asked for; what is left is destroyed with the queue. */
static int use_items(void)
{
	atomic_uint destroyed = 0;
	unsigned accepted = 0;
	unsigned taken = 0;
	void *item = NULL;
	int error;
	qs_queue *queue = make_queue(0, &error);

	if (error == 0)
		error = put_many(queue, &accepted, &destroyed);
	assert_int_equal(qs_queue_count(queue), accepted);
	for (; taken < accepted / 2; taken++) {
		assert_int_equal(qs_queue_get(queue, &item, QS_NOW, NULL), 0);
		assert_ptr_equal(item, &destroyed);
	}
	qs_queue_release(qs_queue_retain(queue));
	if (queue != NULL)
		assert_int_equal(qs_queue_close(queue), 1);
	qs_queue_release(queue);
	assert_int_equal(destroyed, accepted - taken);
	return error;
}

static int consume(qs_task *task, void *queue)
{
	void *item;
	int count = 0;

	while (qs_queue_get(queue, &item, patience(), qs_task_stop(task)) == 0)
		count++;
	return count;
}

/* A worker that loops over it gets all that was accepted, and leaves when the queue is closed. */
static int use_consumer(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	atomic_uint destroyed = 0;
	unsigned accepted = 0;
	qs_future *future = NULL;
	qs_pool *pool = NULL;
	int error;
	qs_queue *queue = make_queue(0, &error);

	options.workers = 1;
	if (error == 0)
		error = qs_pool_create(&pool, &options);
	if (error == 0)
		error = qs_submit(&future, pool, consume, queue);
	if (error == 0)
		error = put_many(queue, &accepted, &destroyed);
	if (queue != NULL)
		assert_int_equal(qs_queue_close(queue), 1);
	if (future != NULL) {
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		assert_int_equal(qs_future_value(future), accepted);
	}
	qs_future_release(future);
	workload_end_pool(pool, QS_DRAIN);
	qs_queue_release(queue);
	assert_int_equal(destroyed, 0);
	return error;
}

/* Full, then dry: the waits end by their deadline, by their stop, and need nothing for it. */
static int use_waits(void)
{
	atomic_uint destroyed = 0;
	qs_stop *stop = NULL;
	void *item = NULL;
	int error;
	qs_queue *queue = make_queue(1, &error);

	if (error == 0)
		error = qs_stop_create(&stop, NULL);
	if (error == 0)
		error = qs_queue_put(queue, &destroyed, QS_NOW, NULL);
	if (error == 0) {
		assert_int_equal(qs_queue_put(queue, &destroyed, qs_after_ns(1000), stop), -ETIMEDOUT);
		assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
		assert_int_equal(qs_queue_put(queue, &destroyed, QS_NEVER, stop), -ECANCELED);
		assert_int_equal(qs_queue_get(queue, &item, QS_NOW, NULL), 0);
		assert_int_equal(qs_queue_get(queue, &item, qs_after_ns(1000), NULL), -ETIMEDOUT);
		assert_int_equal(qs_queue_get(queue, &item, QS_NEVER, stop), -ECANCELED);
	}
	qs_stop_release(stop);
	qs_queue_release(queue);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "items", use_items, NEEDS_MEMORY },
		{ "consumer", use_consumer, NEEDS_MEMORY | NEEDS_THREADS },
		{ "waits", use_waits, NEEDS_MEMORY },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
