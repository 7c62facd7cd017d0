/* SPDX-License-Identifier: MIT */
/*
 * guest.c - a worker for one task, in the thread of whoever submits it.
 *
 * A guest is to the pool what a worker is: it has a hold and a reference, its task runs in a frame,
 * and a joiner that waits no longer leaves it behind.  Other than a worker it has no place, keeps
 * its signal mask, and may be a worker already, of this pool or another; then that one's task is
 * suspended below, which the wait graph is told.
 */
#include "exec/guest.h"

#include <errno.h>

#include "exec/frame.h"
#include "exec/run.h"
#include "exec/wait_graph.h"
#include "exec/worker.h"
#include "platform/alloc.h"

static struct qs__worker *guest_new(qs_pool *pool)
{
	struct qs__worker *guest = qs__alloc(sizeof(*guest));

	if (guest == NULL)
		return NULL;
	qs__worker_init(guest, pool);
	guest->is_guest = true;
	guest->current.outer = qs__current();
	guest->thread_id = qs__thread_id();
	guest->place = QS__PLACE_WORKING;
	return guest;
}

/* One visit. */
struct visit {
	qs_pool *pool;
	qs_future *future;
	struct qs__worker *guest;
	struct qs__blocked blocked;	/* the task that is suspended below, if there is one */
};

static void move_in(struct visit *visit, const struct qs__awaited *awaited)
{
	qs_pool *pool = visit->pool;

	qs__wait_graph_suspend(&visit->blocked, awaited);
	qs__pool_hold(pool);
	qs__object_retain(&pool->object);
	qs__mutex_lock(&pool->lock);
	qs__list_append(&pool->guests, &visit->guest->in_guests);
	qs__mutex_unlock(&pool->lock);
	qs__set_current(&visit->guest->current);
}

/*
 * The task is held while the user's init function runs, for a joiner that waits no longer to end:
 * it has not begun.  False if that came to pass.
 */
static bool begin(struct visit *visit)
{
	const struct qs__outcome unbegun = { QS_CANCELLED, -ECANCELED, &qs__cause_overstayed, NULL };
	struct qs__frame frame;

	qs__frame_enter(visit->guest, &frame, visit->future, NULL);
	qs__frame_note(visit->guest, &frame, &unbegun);
	/* If it cannot begin, the pool is stopped, and so the task is refused. */
	(void)qs__worker_begin(visit->guest);
	return qs__frame_leave(visit->guest, &frame);
}

/* The joiner has ended the task; what is due for it is left to destroy. */
static void disown(qs_future *future)
{
	if (future->stop != NULL)
		(void)qs__callback_remove(&future->on_stop, future->stop);
	qs_future_release(future);
}

static void work(void *arg)
{
	struct visit *visit = arg;
	struct qs__worker *guest = visit->guest;

	if (begin(visit))
		qs__serve(guest, visit->future, guest->pool->stop);
	else
		disown(visit->future);
	qs__worker_finish(guest);
}

/* One that was left behind is named in the report, and stays with the pool. */
static void move_out(struct visit *visit)
{
	qs_pool *pool = visit->pool;
	struct qs__worker *guest = visit->guest;
	bool is_lost;

	qs__set_current((void *)guest->current.outer);
	/* The body has returned in a child that it forked. */
	if (!qs__object_is_ours(pool, QS__MAGIC_POOL))
		return;
	qs__wait_graph_leave(&visit->blocked);
	qs__mutex_lock(&pool->lock);
	is_lost = guest->place == QS__PLACE_LOST;
	if (!is_lost)
		qs__list_remove(&guest->in_guests);
	qs__mutex_unlock(&pool->lock);
	if (!is_lost) {
		qs__guest_free(guest);
		qs__pool_unhold(pool);
	}
	qs__pool_release(pool);
}

/* The body has ended its thread, so nobody will be handed the future. */
static void exited(void *arg)
{
	struct visit *visit = arg;

	qs__worker_finish(visit->guest);
	move_out(visit);
	qs_future_release(visit->future);
}

int qs__guest_run(qs_pool *pool, qs_future *future)
{
	const struct qs__awaited awaited = qs__await_array(&future, 1, QS__NEEDS_ALL);
	struct visit visit = { .pool = pool, .future = future, .guest = guest_new(pool) };
	int error;

	if (visit.guest == NULL)
		return -ENOMEM;
	error = qs__queue_pass(&pool->queue);
	if (error != 0) {
		qs__guest_free(visit.guest);
		return error;
	}
	/*
	 * Before anybody can see who waits for it: a pending task needs a worker of the
	 * pool, and this one does not.
	 */
	qs__future_claim(future);
	move_in(&visit, &awaited);
	qs__thread_guard(work, exited, &visit);
	move_out(&visit);
	return 0;
}
