/* SPDX-License-Identifier: MIT */
/*
 * frame.c - a worker's stack of frames, which it changes under its lock, so
 * that others can look at it.
 *
 * Lock order: the worker's lock, and inside it the future's event.
 */
#include "exec/frame.h"

#include <errno.h>
#include <string.h>

#include "platform/clock.h"

struct qs__worker *qs__worker_here(void)
{
	struct qs__worker *worker = qs__current();

	/* A body may have forked: its child has the pointer, but no pool. */
	return worker != NULL && qs__object_is_ours(worker->pool, QS__MAGIC_POOL) ? worker : NULL;
}

/* Nobody but the worker links frames, so in its own thread it may look without the lock. */
struct qs_task *qs__task_here(const struct qs__worker *worker)
{
	const struct qs__frame *frame = worker->top;

	while (frame != NULL && frame->task == NULL)
		frame = frame->below;
	return frame != NULL ? frame->task : NULL;
}

qs_future *qs__future_here(const struct qs__worker *worker)
{
	for (; worker != NULL; worker = (const struct qs__worker *)worker->current.outer) {
		for (const struct qs__frame *frame = worker->top; frame != NULL; frame = frame->below) {
			if (frame->task != NULL && qs_future_is_ended(frame->held) == 0)
				return frame->held;
		}
	}
	return NULL;
}

void qs__frame_enter(struct qs__worker *worker, struct qs__frame *frame, qs_future *held, struct qs_task *task)
{
	frame->task = task;
	frame->held = held;
	frame->outcome.state = QS_RUNNING;
	frame->is_lost = false;
	frame->since = qs__clock_now();
	qs__mutex_lock(&worker->lock);
	frame->below = worker->top;
	worker->top = frame;
	qs__mutex_unlock(&worker->lock);
	worker->depth++;
}

bool qs__frame_leave(struct qs__worker *worker, struct qs__frame *frame)
{
	bool is_lost;

	qs__mutex_lock(&worker->lock);
	worker->top = frame->below;
	is_lost = frame->is_lost;
	qs__mutex_unlock(&worker->lock);
	worker->depth--;
	return !is_lost;
}

void qs__frame_note(struct qs__worker *worker, struct qs__frame *frame, const struct qs__outcome *outcome)
{
	qs__mutex_lock(&worker->lock);
	frame->outcome = *outcome;
	qs__mutex_unlock(&worker->lock);
}

/* --------------------------------------------------------------------------------- the joiner's */

static int64_t time_since(qs_time then, qs_time now)
{
	return then != 0 ? now - then : 0;
}

/* The earlier one of two moments; 0 = not known. */
static qs_time earlier(qs_time one, qs_stop *asked)
{
	const qs_time other = asked != NULL ? qs__stop_cause(asked)->asked_at : 0;

	return (one == 0 || (other != 0 && other < one)) ? other : one;
}

/*
 * When the task was first asked to stop: its own token, its submitter's or its time limit's, or the
 * pool's, which a joiner has asked just now; 0 = it was not.
 */
static qs_time asked_at(const struct qs__worker *worker, qs_future *running)
{
	qs_time when = worker->pool->asked_at;

	if (running != NULL) {
		when = earlier(when, qs__future_asked_by(running));
		when = earlier(when, qs__stop_find_asked(running->stop));
	}
	return when;
}

static void describe_frame(const struct qs__worker *worker, const struct qs__frame *frame, qs_straggler *out)
{
	const qs_time now = qs__clock_now();
	const bool is_body = frame->task != NULL;

	out->age_ns = time_since(frame->since, now);
	out->asked_ns = time_since(asked_at(worker, is_body ? frame->held : NULL), now);
	if (frame->held != NULL)
		memcpy(out->task, frame->held->name, sizeof(out->task));
	/* Sees the label whole.  Pairs with store_release in qs_task_checkpoint(). */
	out->checkpoint = is_body ? qs__load_acquire(&frame->task->checkpoint) : NULL;
}

bool qs__frame_describe(struct qs__worker *worker, qs_straggler *out)
{
	const qs_straggler empty = QS_STRAGGLER_INIT;
	bool is_busy;

	*out = empty;
	qs__mutex_lock(&worker->lock);
	is_busy = worker->top != NULL;
	out->thread = worker->thread_id;
	if (is_busy)
		describe_frame(worker, worker->top, out);
	qs__mutex_unlock(&worker->lock);
	return is_busy;
}

bool qs__frame_lose(struct qs__worker *worker, qs_future **out, struct qs__outcome *out_outcome)
{
	const struct qs__outcome abandoned = { QS_ABANDONED, -ETIMEDOUT, &qs__cause_overstayed, NULL };
	struct qs__frame *frame;

	qs__mutex_lock(&worker->lock);
	for (frame = worker->top; frame != NULL; frame = frame->below) {
		if (frame->held != NULL && !frame->is_lost)
			break;
	}
	if (frame != NULL) {
		frame->is_lost = true;
		*out = qs_future_retain(frame->held);
		*out_outcome = frame->outcome.state != QS_RUNNING ? frame->outcome : abandoned;
	}
	qs__mutex_unlock(&worker->lock);
	return frame != NULL;
}
