/* SPDX-License-Identifier: MIT */
/*
 * join.c - the way down: shutdown takes no more, join waits and reports.
 *
 * A join waits for the pool to be over.  If its deadline or its hard token comes first, it ends the
 * rest itself: what is pending is cancelled, the pool's token is asked, and each task that still
 * runs is *abandoned*: its future ends in the joiner's hands, its hold and its worker's are given
 * back, and the worker is left to go when its body returns.
 *
 * Of several joins one collects; the others wait until it has.
 *
 * Lock order: pool, then worker, then the future's event.
 */
#include <errno.h>
#include <string.h>

#include "core/wait_event.h"
#include "exec/cancel.h"
#include "exec/frame.h"
#include "exec/place.h"
#include "exec/worker.h"
#include "platform/clock.h"

/*
 * Between two looks at workers that have nothing to do but leave: less than the 20 ms
 * that a join may be late.
 */
#define LEAVING_NS (10 * QS__NS_PER_MS)

/* ------------------------------------------------------------------------------------- shutdown */

/* True for the first shutdown of all. */
static bool set_mode(qs_pool *pool, enum qs__mode wanted)
{
	bool is_first;

	qs__mutex_lock(&pool->lock);
	is_first = pool->mode == QS__MODE_OPEN;
	if (wanted > pool->mode)
		pool->mode = wanted;
	qs__mutex_unlock(&pool->lock);
	return is_first;
}

static void shut_down(qs_pool *pool, enum qs__mode wanted)
{
	const bool is_first = set_mode(pool, wanted);

	/* Before the sweep, so that no worker is faster.  Pairs with load_acquire in qs__serve(). */
	if (wanted >= QS__MODE_CANCEL)
		qs__store_release(&pool->is_cancelling, 1);
	qs__queue_close(&pool->queue);
	/*
	 * Asked first, so that what runs hears of it before the destructors of what does not; the
	 * pool's callback cancels.
	 */
	if (wanted == QS__MODE_STOP)
		(void)qs__stop_ask_for(pool->stop, &qs__cause_shutdown);
	if (wanted >= QS__MODE_CANCEL)
		qs__pool_cancel_rest(pool, &qs__cause_shutdown, NULL);
	else
		qs__pool_attend(pool);
	if (is_first)
		qs__pool_unhold(pool);
}

int qs_pool_shutdown(qs_pool *pool, qs_shutdown_mode mode)
{
	const int error = qs__object_check(pool, QS__MAGIC_POOL);

	if (error != 0)
		return error;
	if ((unsigned)mode > QS_STOP)
		return -EINVAL;
	/* The user's code that runs in it may destroy the pool. */
	qs__object_retain(&pool->object);
	shut_down(pool, (enum qs__mode)(QS__MODE_DRAIN + (int)mode));
	qs__pool_release(pool);
	return 0;
}

/* ----------------------------------------------------------------------------------- abandoning */

/* True for a worker that somebody else was asked to bring and that has not come: it may never. */
static bool is_awaited(const qs_pool *pool, const struct qs__worker *worker)
{
	return worker->place == QS__PLACE_STARTING && pool->options.start != NULL;
}

static void leave_to_destroy(qs_pool *pool, struct qs__list *what, qs_future *future)
{
	qs__object_retain(&future->object);
	qs__mutex_lock(&pool->lock);
	qs__list_append(what, &future->in_queue);
	qs__mutex_unlock(&pool->lock);
}

/*
 * Of a body that was left behind the callbacks, and the argument is its own; of
 * one that never began both.
 */
static void leave_dues(qs_pool *pool, qs_future *future, qs_state state)
{
	if (state == QS_CANCELLED)
		leave_to_destroy(pool, &pool->unstarted, future);
	else if (future->has_callbacks)
		leave_to_destroy(pool, &pool->uncalled, future);
}

/*
 * Ends the task in the worker's place.  One that was cancelled has ended; its destructor
 * is what does not return.
 */
static void end_lost(qs_pool *pool, qs_future *future, const struct qs__outcome *outcome)
{
	if (qs__future_end(future, outcome)) {
		leave_dues(pool, future, outcome->state);
		qs__pool_count(pool, outcome->state);
	}
	qs_future_release(future);
	qs__pool_unhold(pool);
}

static bool is_there(const struct qs__worker *worker)
{
	return worker->place == QS__PLACE_STARTING || worker->place == QS__PLACE_WORKING;
}

/* True if this worker has to be left behind: it runs code of the user's, or never came. */
static bool lose_locked(qs_pool *pool, struct qs__worker *worker, bool was_awaited)
{
	if (!qs__frame_describe(worker, &worker->straggler) && !was_awaited)
		return false;
	qs__place_leave_locked(worker, QS__PLACE_LOST);
	worker->is_straggler = true;
	pool->stragglers++;
	return true;
}

/*
 * Leaves behind the next worker after this one that has to be, or NULL.  *is_any_left: there is
 * one that will leave, or enter the user's code, by itself.  One that is left behind keeps its
 * struct, and a guest its link.
 */
static struct qs__worker *lose_next(qs_pool *pool, struct qs__worker *previous, bool *out_was_awaited, bool *is_any_left)
{
	struct qs__worker *worker = previous;
	bool is_lost = false;

	qs__mutex_lock(&pool->lock);
	while (!is_lost && (worker = qs__pool_next_worker_locked(pool, worker)) != NULL) {
		if (!is_there(worker))
			continue;
		*out_was_awaited = is_awaited(pool, worker);
		is_lost = lose_locked(pool, worker, *out_was_awaited);
		*is_any_left = *is_any_left || !is_lost;
	}
	qs__mutex_unlock(&pool->lock);
	return worker;
}

/* True if there is a worker left. */
static bool abandon_all(qs_pool *pool)
{
	struct qs__worker *worker = NULL;
	bool is_any_left = false;
	bool was_awaited = false;

	while ((worker = lose_next(pool, worker, &was_awaited, &is_any_left)) != NULL) {
		struct qs__outcome outcome;
		qs_future *future;

		while (qs__frame_lose(worker, &future, &outcome))
			end_lost(pool, future, &outcome);
		qs__pool_unhold(pool);
		/* Nobody will come to give back the reference. */
		if (was_awaited)
			qs__pool_release(pool);
	}
	return is_any_left;
}

/* Every task that was accepted has ended. */
static bool books_are_whole(qs_pool *pool)
{
	uint64_t ended = 0;

	for (int state = 0; state < QS_STATES; state++) {
		/* Sees those futures ended.  Pairs with fetch_add_acq_rel in qs__pool_count(). */
		ended += qs__load_acquire(&pool->ends[state]);
	}
	return ended == qs__queue_look(&pool->queue).pushed;
}

/*
 * The wait is over, the pool is not.  Whoever runs our own code is waited for: workers, and those
 * who cancel tasks in other threads until they have told it.  What is not waited for is the user's
 * code: bodies and destructors.
 */
static void end_rest(qs_pool *pool)
{
	struct qs__list cancelled;
	const uint32_t count = qs__pool_cancel_all(pool, &qs__cause_overstayed, NULL, &cancelled);
	bool is_any_left;

	/* There is no time for destructors; destroy runs them. */
	qs__pool_note_unstarted(pool, &cancelled);
	qs__pool_unhold_many(pool, count);
	(void)qs__stop_ask_for(pool->stop, &qs__cause_overstayed);
	do {
		is_any_left = abandon_all(pool);
	} while (qs__event_wait(&pool->over, qs_after_ns(LEAVING_NS), NULL) != 0 &&
		 (is_any_left || !books_are_whole(pool)));
}

/* ----------------------------------------------------------------------------------------- join */

/* A thread of ours to be joined, each once; false if this worker has none. */
static bool take_thread(qs_pool *pool, struct qs__worker *worker, qs__thread *out, bool *out_has_left)
{
	bool has_thread;

	qs__mutex_lock(&pool->lock);
	pool->is_collected = true;
	has_thread = worker->has_thread;
	worker->has_thread = false;
	*out = worker->thread;
	*out_has_left = worker->place == QS__PLACE_LEFT;
	qs__mutex_unlock(&pool->lock);
	return has_thread;
}

/*
 * Waits for the threads themselves, which have nothing left to do but what the
 * host hung on a thread's end.
 */
static void collect_threads(qs_pool *pool, qs_time deadline)
{
	const qs_time moment = qs_after_ns(LEAVING_NS);
	const qs_time until = deadline > moment ? deadline : moment;

	for (uint32_t i = 0; i < pool->options.workers; i++) {
		qs__thread thread;
		bool has_left;

		if (!take_thread(pool, &pool->workers[i], &thread, &has_left))
			continue;
		if (!has_left || qs__thread_join(thread, until) != 0)
			qs__thread_detach(thread);
	}
}

static int finish(qs_pool *pool, int waited, qs_time deadline)
{
	if (waited != 0)
		end_rest(pool);
	collect_threads(pool, deadline);
	return qs__event_has_happened(&pool->over) && pool->stragglers == 0 ? 0 : waited;
}

static void write_report(qs_pool *pool, qs_report *out)
{
	const qs_report empty = QS_REPORT_INIT;

	*out = empty;
	out->stragglers = pool->stragglers;
	out->submitted = qs__queue_look(&pool->queue).pushed;
	qs__mutex_lock(&pool->lock);
	out->worker_error = pool->worker_error;
	memcpy(out->worker_text, pool->worker_text, sizeof(out->worker_text));
	qs__mutex_unlock(&pool->lock);
	for (int state = 0; state < QS_STATES; state++) {
		/* The counting came before.  Pairs with fetch_add_acq_rel in qs__pool_count(). */
		out->ends[state] = qs__load_acquire(&pool->ends[state]);
	}
}

/*
 * One join of several collects; the others wait until it has, as long as they may.
 * Returns what it came to.
 */
static int collect_once(qs_pool *pool, int waited, qs_time deadline, qs_stop *hard)
{
	uint32_t no = 0;

	/* relaxed: only one gets it; the others learn the result from the event. */
	if (qs__compare_exchange_relaxed(&pool->is_joining, &no, 1)) {
		pool->join_result = finish(pool, waited, deadline);
		qs__event_fire(&pool->joined);
		return pool->join_result;
	}
	waited = qs__event_wait(&pool->joined, deadline, hard);
	return waited == 0 ? pool->join_result : waited;
}

int qs_pool_join(qs_pool *pool, qs_time deadline, qs_stop *hard, qs_report *out)
{
	int error = qs__object_check(pool, QS__MAGIC_POOL);
	int waited;

	if (error == 0)
		error = qs__stop_check_optional(hard);
	if (error == 0 && out != NULL && out->size != sizeof(*out))
		error = -EINVAL;
	if (error == 0 && qs__current_is_of(pool))
		error = -EDEADLK;
	if (error != 0)
		return error;
	(void)qs_pool_shutdown(pool, QS_DRAIN);
	waited = qs__event_wait(&pool->over, deadline, hard);
	waited = collect_once(pool, waited, deadline, hard);
	if (out != NULL)
		write_report(pool, out);
	return waited;
}

/* ----------------------------------------------------------------------------------- the report */

qs_future *qs_pool_next_unstarted(qs_pool *pool, qs_future *previous)
{
	struct qs__list *next;

	if (!qs__object_is_ours(pool, QS__MAGIC_POOL) || !qs__event_has_happened(&pool->joined))
		return NULL;
	qs__mutex_lock(&pool->lock);
	next = previous != NULL ? previous->in_queue.next : pool->unstarted.next;
	qs__mutex_unlock(&pool->lock);
	return next != &pool->unstarted ? QS__ENTRY(next, qs_future, in_queue) : NULL;
}

static bool find_straggler(qs_pool *pool, uint32_t index, qs_straggler *out)
{
	struct qs__worker *worker = NULL;

	qs__mutex_lock(&pool->lock);
	do {
		worker = qs__pool_next_worker_locked(pool, worker);
	} while (worker != NULL && (!worker->is_straggler || index-- > 0));
	if (worker != NULL)
		*out = worker->straggler;
	qs__mutex_unlock(&pool->lock);
	return worker != NULL;
}

int qs_pool_straggler(const qs_pool *pool, uint32_t index, qs_straggler *out)
{
	const int error = qs__object_check(pool, QS__MAGIC_POOL);

	if (error != 0)
		return error;
	if (out == NULL || out->size != sizeof(*out))
		return -EINVAL;
	if (!qs__event_has_happened((struct qs__event *)&pool->joined))
		return -EBUSY;
	return find_straggler((qs_pool *)pool, index, out) ? 0 : -EINVAL;
}
