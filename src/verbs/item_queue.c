/* SPDX-License-Identifier: MIT */
/*
 * item_queue.c - the public queue: a fifo of pointers in a depot.
 *
 * Who waits, for what, and how nobody is forgotten is the depot's (core/depot.c); this keeps
 * the items, under its lock.
 *
 * Nobody allocates under a lock.  A put that finds the last block full ends its turn, makes a
 * block, and comes again with it; by then somebody else may have brought one, or taken the room.
 * Ending a turn calls the next in line, so a put that gets no memory keeps the room from nobody.
 */
#include <errno.h>

#include "base/fifo.h"
#include "base/object.h"
#include "core/depot.h"
#include "core/stop.h"
#include "platform/alloc.h"

struct qs_queue {
	struct qs__object object;
	struct qs__depot depot;
	struct qs__fifo items;		/* under the depot's lock; as many as its count */
	qs_destroy_fn *destroy;		/* I  NULL = items need none */
};

/* ------------------------------------------------------------------------------------- its life */

int qs_queue_create(qs_queue **out, const qs_queue_options *options)
{
	static const qs_queue_options defaults = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue;

	if (options == NULL)
		options = &defaults;
	if (out == NULL || options->size != sizeof(*options) || options->flags != 0)
		return -EINVAL;
	queue = qs__object_alloc(sizeof(*queue), QS__MAGIC_QUEUE);
	if (queue == NULL)
		return -ENOMEM;
	qs__depot_init(&queue->depot, options->limit);
	qs__fifo_init(&queue->items);
	queue->destroy = options->destroy;
	*out = queue;
	return 0;
}

qs_queue *qs_queue_retain(qs_queue *queue)
{
	if (qs__object_is_ours(queue, QS__MAGIC_QUEUE))
		qs__object_retain(&queue->object);
	return queue;
}

static void *take_locked(qs_queue *queue, struct qs__fifo_block **out_emptied)
{
	queue->depot.count--;
	return qs__fifo_take(&queue->items, out_emptied);
}

/* Nobody else has the queue any more, so it needs no lock; and destructors run under none. */
static void destroy_leftovers(qs_queue *queue)
{
	while (!qs__fifo_is_empty(&queue->items)) {
		struct qs__fifo_block *emptied;
		void *item = take_locked(queue, &emptied);

		qs__free(emptied);
		if (queue->destroy != NULL)
			queue->destroy(item);
	}
}

void qs_queue_release(qs_queue *queue)
{
	if (!qs__object_is_ours(queue, QS__MAGIC_QUEUE) || !qs__object_release(&queue->object))
		return;
	destroy_leftovers(queue);
	qs__fifo_fini(&queue->items);
	qs__depot_fini(&queue->depot);
	qs__object_free(&queue->object);
}

/* ----------------------------------------------------------------------------- putting, getting */

static int check(const qs_queue *queue, const qs_stop *stop)
{
	const int error = qs__object_check(queue, QS__MAGIC_QUEUE);

	return error == 0 ? qs__stop_check_optional(stop) : error;
}

/* One turn.  -ENOMEM: the item needs a block, and *spare is NULL. */
static int put(qs_queue *queue, void *item, qs_time deadline, qs_stop *stop, struct qs__fifo_block **spare)
{
	struct qs__turn turn;
	int error = qs__depot_begin_give(&queue->depot, &turn, deadline, stop, NULL);

	if (error == 0 && !qs__fifo_append(&queue->items, item, spare))
		error = -ENOMEM;
	if (error == 0)
		queue->depot.count++;
	qs__depot_end(&queue->depot, &turn);
	return error;
}

int qs_queue_put(qs_queue *queue, void *item, qs_time deadline, qs_stop *stop)
{
	struct qs__fifo_block *spare = NULL;
	int error = check(queue, stop);

	if (error != 0)
		return error;
	error = put(queue, item, deadline, stop, &spare);
	if (error != -ENOMEM)
		return error;
	spare = qs__fifo_new_block();
	if (spare == NULL)
		return error;
	error = put(queue, item, deadline, stop, &spare);
	qs__free(spare);
	return error;
}

int qs_queue_get(qs_queue *queue, void **out, qs_time deadline, qs_stop *stop)
{
	struct qs__fifo_block *emptied = NULL;
	struct qs__turn turn;
	int error = check(queue, stop);

	if (error == 0 && out == NULL)
		error = -EINVAL;
	if (error != 0)
		return error;
	error = qs__depot_begin_take(&queue->depot, &turn, deadline, stop, NULL);
	if (error == 0)
		*out = take_locked(queue, &emptied);
	qs__depot_end(&queue->depot, &turn);
	qs__free(emptied);
	return error;
}

int qs_queue_close(qs_queue *queue)
{
	const int error = check(queue, NULL);

	if (error != 0)
		return error;
	return qs__depot_close(&queue->depot) ? 1 : 0;
}

size_t qs_queue_count(qs_queue *queue)
{
	return qs__object_is_ours(queue, QS__MAGIC_QUEUE) ? qs__depot_count(&queue->depot) : 0;
}
