/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the plain one: a list in a depot, which knows who waits for what (core/depot.c).
 *
 * Lock order: the depot's lock is the innermost.
 */
#include "core/queue.h"

#include <errno.h>

#include "base/debug.h"

void qs__queue_init(struct qs__queue *queue, size_t limit)
{
	qs__depot_init(&queue->depot, limit);
	qs__list_init(&queue->items);
	queue->pushed = 0;
}

void qs__queue_fini(struct qs__queue *queue)
{
	QS__ASSERT(qs__list_is_empty(&queue->items));
	qs__depot_fini(&queue->depot);
}

/* --------------------------------------------------------------------------------------- giving */

int qs__queue_push_by(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended, qs_time deadline,
		      qs_stop *stop, qs_stop *also)
{
	struct qs__turn turn;
	const int error = qs__depot_begin_give(&queue->depot, &turn, deadline, stop, also);

	if (error == 0) {
		qs__list_append(&queue->items, link);
		queue->depot.count++;
		queue->pushed++;
		*out_is_unattended = qs__depot_is_unattended_locked(&queue->depot);
	}
	qs__depot_end(&queue->depot, &turn);
	return error;
}

int qs__queue_push(struct qs__queue *queue, struct qs__list *link, bool *out_is_unattended)
{
	const int error = qs__queue_push_by(queue, link, out_is_unattended, QS_NOW, NULL, NULL);

	return error == -ETIMEDOUT ? -EAGAIN : error;
}

int qs__queue_pass(struct qs__queue *queue)
{
	int error;

	qs__depot_lock(&queue->depot);
	error = queue->depot.is_closed ? -ESHUTDOWN : 0;
	if (error == 0)
		queue->pushed++;
	qs__depot_unlock(&queue->depot);
	return error;
}

/* --------------------------------------------------------------------------------------- taking */

static struct qs__list *take_locked(struct qs__queue *queue)
{
	struct qs__list *link = qs__list_take_first(&queue->items);

	if (link != NULL)
		queue->depot.count--;
	return link;
}

struct qs__list *qs__queue_take(struct qs__queue *queue, struct qs__regular *taker)
{
	struct qs__turn turn;
	struct qs__list *link;

	/* Closed and empty is the one error; then there is nothing to take. */
	(void)qs__depot_begin_next(&queue->depot, &turn, taker);
	link = take_locked(queue);
	qs__depot_end(&queue->depot, &turn);
	return link;
}

struct qs__list *qs__queue_try_take(struct qs__queue *queue)
{
	struct qs__list *link;

	qs__depot_lock(&queue->depot);
	link = take_locked(queue);
	qs__depot_unlock(&queue->depot);
	return link;
}

bool qs__queue_remove(struct qs__queue *queue, struct qs__list *link)
{
	bool was_there;

	qs__depot_lock(&queue->depot);
	was_there = qs__list_is_linked(link);
	if (was_there) {
		qs__list_remove(link);
		queue->depot.count--;
	}
	qs__depot_unlock(&queue->depot);
	return was_there;
}

bool qs__queue_has(struct qs__queue *queue, const struct qs__list *link)
{
	bool is_there;

	qs__depot_lock(&queue->depot);
	is_there = qs__list_is_linked(link);
	qs__depot_unlock(&queue->depot);
	return is_there;
}

static struct qs__queue_counts look_locked(const struct qs__queue *queue)
{
	const struct qs__depot *depot = &queue->depot;

	return (struct qs__queue_counts){ queue->pushed, depot->count, depot->takers.parked, depot->is_closed };
}

struct qs__queue_counts qs__queue_look(struct qs__queue *queue)
{
	struct qs__queue_counts counts;

	qs__depot_lock(&queue->depot);
	counts = look_locked(queue);
	qs__depot_unlock(&queue->depot);
	return counts;
}

bool qs__queue_try_look(struct qs__queue *queue, struct qs__queue_counts *out)
{
	if (!qs__mutex_try_lock(&queue->depot.lock))
		return false;
	*out = look_locked(queue);
	/* Nothing was changed, so there is nobody to call. */
	qs__mutex_end_try(&queue->depot.lock);
	return true;
}

/* -------------------------------------------------------------------------------------- closing */

void qs__queue_close(struct qs__queue *queue)
{
	(void)qs__depot_close(&queue->depot);
}
