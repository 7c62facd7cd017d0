/* SPDX-License-Identifier: MIT */
/*
 * run.c - one task in a worker's hands.
 *
 * Before a body is entered the task is judged: the claim comes first (the task is out of the
 * queue), the look at the tokens after it.  So once an ask has returned, no claim succeeds any
 * more; a body that was judged just before may still be entered.
 *
 * What follows the body, in this order, and what the user's code in it is:
 *
 *	the argument's destructor	user's
 *	the end, told to all waiters
 *	the count
 *	the callbacks			user's
 *	the hold given back		what a join waits for
 *	the pool's reference given back	user's, if that runs the result's destructor
 *
 * A body that ends its thread comes the same way, on the way out.
 */
#include "exec/run.h"

#include <errno.h>
#include <string.h>

#include "exec/cancel.h"
#include "exec/frame.h"
#include "exec/limit.h"
#include "platform/alloc.h"
#include "platform/clock.h"
#include "platform/signal_mask.h"

/* No system call is that quick, so a body that was did not change the signal mask. */
#define SYSTEM_CALL_NS_MIN 40

/* On the worker's stack. */
struct run {
	struct qs__worker *worker;
	qs_future *future;
	struct qs_task task;
	struct qs__frame frame;
	const char *outer_name;	/* of the task that waits for this one */
	int cancel_before;	/* whether the thread could be cancelled */
	int returned;
};

/* ------------------------------------------------------------------------------ the user's code */

/* The callbacks of a task that has ended; false as qs__frame_leave(). */
static bool call_back(struct qs__worker *worker, qs_future *future)
{
	struct qs__frame frame;

	if (!future->has_callbacks)
		return true;
	qs__frame_enter(worker, &frame, future, NULL);
	qs__future_call_back(future);
	return qs__frame_leave(worker, &frame);
}

/* Gives back the pool's reference, which may run the destructor of the result. */
static void let_go(struct qs__worker *worker, qs_future *future)
{
	const bool has_result = qs__future_has_result(future);
	struct qs__frame frame;

	if (has_result)
		qs__frame_enter(worker, &frame, NULL, NULL);
	qs_future_release(future);
	if (has_result)
		(void)qs__frame_leave(worker, &frame);
}

/* --------------------------------------------------------------------------------- after a body */

/*
 * The words that a wait of this task left about why it could never end, if the
 * body has none of its own.
 */
static void say_deadlock(struct run *run)
{
	const size_t length = strlen(run->task.deadlock);
	char *text;

	if (length == 0 || qs__future_has_message(run->future))
		return;
	text = qs__alloc(length + 1);
	if (text != NULL)
		memcpy(text, run->task.deadlock, length);
	qs__future_say(run->future, text);
}

/* What a body's return means. */
static struct qs__outcome judge(struct run *run)
{
	struct qs__outcome outcome = { run->returned >= 0 ? QS_DONE : QS_FAILED, run->returned, NULL, NULL };

	if (run->returned == -EDEADLK)
		say_deadlock(run);
	if (run->returned == -ECANCELED)
		outcome.cause_owner = qs__future_asked_by(run->future);
	if (outcome.cause_owner == NULL)
		return outcome;
	outcome.cause = qs__stop_cause(outcome.cause_owner);
	outcome.state = QS_STOPPED;
	if (qs__future_is_own_limit(run->future, outcome.cause)) {
		outcome.state = QS_TIMED_OUT;
		outcome.value = -ETIMEDOUT;
	}
	return outcome;
}

/*
 * The end of a task that was not waited for, or that has returned in a forked child,
 * where nothing is left to do.
 */
static void forget(struct qs__worker *worker, qs_future *future)
{
	if (!qs__object_is_ours(worker->pool, QS__MAGIC_POOL))
		return;
	qs__future_drop_token(future);
	qs_future_release(future);
}

static void end(struct qs__worker *worker, qs_future *future, const struct qs__outcome *outcome)
{
	(void)qs__future_end(future, outcome);
	qs__pool_count(worker->pool, outcome->state);
	if (call_back(worker, future))
		qs__pool_unhold(worker->pool);
	let_go(worker, future);
}

static void finish(struct run *run)
{
	struct qs__worker *worker = run->worker;
	qs_future *future = run->future;
	struct qs__outcome outcome;

	worker->current.task_name = run->outer_name;
	if (!qs__object_is_ours(worker->pool, QS__MAGIC_POOL))
		return;
	outcome = judge(run);
	qs__limit_end(future);
	if (future->destroy != NULL) {
		qs__frame_note(worker, &run->frame, &outcome);
		qs__future_destroy_arg(future);
	}
	if (qs__frame_leave(worker, &run->frame))
		end(worker, future, &outcome);
	else
		forget(worker, future);
	qs__atomic_fini(&run->task.checkpoint);
}

/* --------------------------------------------------------------------------------------- a body */

static void call_body(void *arg)
{
	struct run *run = arg;

	run->cancel_before = qs__thread_allow_cancel();
	run->returned = run->future->fn(&run->task, run->future->arg);
	qs__thread_restore_cancel(run->cancel_before);
}

/*
 * It does not return: it has ended the thread, or its exception goes up to somebody who
 * catches it and lives on.
 */
static void body_exited(void *arg)
{
	struct run *run = arg;

	qs__thread_restore_cancel(run->cancel_before);
	run->returned = -QS_EEXITED;
	finish(run);
}

/* What a body did to the signal mask ends with it.  A guest's thread is its owner's. */
static void restore_mask(const struct run *run)
{
	if (!run->worker->is_guest && qs__clock_now() - run->frame.since >= SYSTEM_CALL_NS_MIN)
		qs__signals_block(NULL);
}

static void run_body(struct qs__worker *worker, qs_future *future, qs_stop *above)
{
	struct run run;

	run.worker = worker;
	run.future = future;
	run.outer_name = worker->current.task_name;
	run.task.future = future;
	run.task.above = above;
	run.task.worker_data = worker->data;
	run.task.deadlock[0] = '\0';
	qs__atomic_init(&run.task.checkpoint, NULL);
	worker->current.task_name = future->name;
	/* In this order: a joiner that sees it run may abandon it, and running must not follow that. */
	qs__future_begin(future);
	qs__frame_enter(worker, &run.frame, future, &run.task);
	qs__thread_guard(call_body, body_exited, &run);
	restore_mask(&run);
	finish(&run);
}

/* -------------------------------------------------------------------------------- before a body */

/*
 * What is due for a task that was cancelled, taken out of it: who finds it among the
 * unstarted sees to the rest.
 */
struct dues {
	bool has_callbacks;
	qs_destroy_fn *destroy;
};

static struct dues take_dues(qs_future *future)
{
	const struct dues dues = { future->has_callbacks, future->destroy };

	future->has_callbacks = false;
	future->destroy = NULL;
	return dues;
}

/* Sees to them, in a frame if there are any; false as qs__frame_leave(). */
static bool pay(struct qs__worker *worker, qs_future *future, const struct dues *dues)
{
	struct qs__frame frame;

	if (!dues->has_callbacks && dues->destroy == NULL)
		return true;
	qs__frame_enter(worker, &frame, future, NULL);
	if (dues->has_callbacks)
		qs__future_call_back(future);
	if (dues->destroy != NULL)
		dues->destroy(future->arg);
	return qs__frame_leave(worker, &frame);
}

static void note_unstarted(qs_pool *pool, qs_future *future)
{
	struct qs__list one;

	qs__object_retain(&future->object);
	qs__list_init(&one);
	qs__list_append(&one, &future->in_queue);
	qs__pool_note_unstarted(pool, &one);
}

/*
 * Cancels the task that it has taken; one that is cancelled with all of the pool's
 * is noted as never started.
 */
static void refuse(struct qs__worker *worker, qs_future *future, qs_stop *asked, bool is_for_pool)
{
	const struct qs__cause *cause = asked != NULL ? qs__stop_cause(asked) : &qs__cause_shutdown;
	const qs_state state = qs__task_cancel(future, cause, asked);
	const struct dues dues = take_dues(future);

	if (is_for_pool)
		note_unstarted(worker->pool, future);
	/*
	 * After that: a join that leaves this worker behind, for its outer task,
	 * goes when all are counted.
	 */
	qs__pool_count(worker->pool, state);
	if (pay(worker, future, &dues))
		qs__pool_unhold(worker->pool);
	qs_future_release(future);
}

void qs__serve(struct qs__worker *worker, qs_future *future, qs_stop *above)
{
	qs_pool *pool = worker->pool;
	qs_stop *pool_asked = qs__stop_find_asked(pool->stop);
	qs_stop *task_asked = qs__stop_find_asked(future->stop);

	/* Pairs with store_release in shut_down(). */
	if (pool_asked != NULL || qs__load_acquire(&pool->is_cancelling) != 0) {
		refuse(worker, future, pool_asked, true);
		return;
	}
	if (task_asked == NULL && above != pool->stop)
		task_asked = qs__stop_find_asked(above);
	if (task_asked == NULL && !qs__limit_begin(future))
		task_asked = future->stop;
	if (task_asked != NULL) {
		refuse(worker, future, task_asked, false);
		return;
	}
	if (future->stop != NULL)
		(void)qs__callback_remove(&future->on_stop, future->stop);
	run_body(worker, future, above);
}
