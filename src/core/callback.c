/* SPDX-License-Identifier: MIT */
/*
 * callback.c - run once, or never; gone when the remover says so.
 *
 * A callback, with who takes each arrow:
 *
 *	IDLE -> (gone)		the remover, under the lock
 *	IDLE -> RUNNING		the walk, under the lock; or who adds it to a token that was asked
 *	RUNNING -> AWAITED	a remover in another thread, before it parks
 *	RUNNING, AWAITED -> OVER	the runner, its last touch; not if fn removed the callback itself
 *
 * RUNNING is entered under the lock or before anybody else can see the callback, so a remover
 * either takes it out idle or sees who runs it.  One thread removes a callback, once.
 *
 * Lock order: the token's lock only, and not while fn runs.
 */
#include "core/callback.h"

#include <errno.h>

#include "platform/park.h"
#include "platform/thread.h"

enum callback_state { IDLE, RUNNING, AWAITED, OVER };

static void begin(struct qs__callback *callback, bool *is_gone)
{
	callback->runner = qs__thread_self();
	callback->is_gone = is_gone;
	/* Publishes runner and is_gone.  Pairs with load_acquire in qs__callback_remove(). */
	qs__store_release(&callback->state, RUNNING);
}

/* Calls fn, then says so; the callback may be gone by then. */
static void run(struct qs__callback *callback, const bool *is_gone)
{
	callback->fn(callback->arg);
	if (*is_gone)
		return;
	/*
	 * The last touch.  Publishes what fn did.  Pairs with load_acquire in await()
	 * and qs__callback_remove().
	 */
	if (qs__exchange_acq_rel(&callback->state, OVER) == AWAITED)
		qs__unpark_all(&callback->state);
}

/* The next callback, RUNNING, or NULL. */
static struct qs__callback *take(qs_stop *stop, bool *is_gone)
{
	struct qs__callback *callback = NULL;
	struct qs__list *link;

	qs__mutex_lock(&stop->asked.lock);
	link = qs__list_take_first(&stop->callbacks);
	if (link != NULL) {
		callback = QS__ENTRY(link, struct qs__callback, link);
		begin(callback, is_gone);
	}
	qs__mutex_unlock(&stop->asked.lock);
	return callback;
}

void qs__callbacks_run(qs_stop *stop)
{
	struct qs__callback *callback;
	bool is_gone = false;

	while ((callback = take(stop, &is_gone)) != NULL) {
		run(callback, &is_gone);
		is_gone = false;
	}
}

void qs__callback_add(struct qs__callback *callback, qs_stop *stop, qs_stop_fn *fn, void *arg)
{
	bool is_gone = false;
	bool is_asked;

	callback->fn = fn;
	callback->arg = arg;
	qs__atomic_init(&callback->state, IDLE);
	qs__list_init(&callback->link);
	qs__mutex_lock(&stop->asked.lock);
	is_asked = qs__stop_cause(stop) != NULL;
	if (!is_asked)
		qs__list_append(&stop->callbacks, &callback->link);
	qs__mutex_unlock(&stop->asked.lock);
	if (is_asked) {
		begin(callback, &is_gone);
		run(callback, &is_gone);
	}
}

/* Parks until fn has returned, in another thread. */
static void await(struct qs__callback *callback)
{
	uint32_t seen = RUNNING;

	/* relaxed: what fn did is seen by the acquire below. */
	(void)qs__compare_exchange_relaxed(&callback->state, &seen, AWAITED);
	/*
	 * Sees what fn did, and that the runner has touched the callback for the last time.  Pairs
	 * with exchange_acq_rel in run().
	 */
	while (qs__load_acquire(&callback->state) != OVER)
		(void)qs__park(&callback->state, AWAITED, QS_NEVER);
}

/* Takes the callback out of the token's list; false if it is not there any more. */
static bool take_out(struct qs__callback *callback, qs_stop *stop)
{
	bool was_idle;

	qs__mutex_lock(&stop->asked.lock);
	was_idle = qs__list_is_linked(&callback->link);
	if (was_idle)
		qs__list_remove(&callback->link);
	qs__mutex_unlock(&stop->asked.lock);
	return was_idle;
}

bool qs__callback_remove(struct qs__callback *callback, qs_stop *stop)
{
	const bool was_idle = take_out(callback, stop);

	/*
	 * Sees runner and is_gone, or what fn did.  Pairs with store_release in begin() and
	 * exchange_acq_rel in run().
	 */
	if (!was_idle && qs__load_acquire(&callback->state) != OVER) {
		if (callback->runner == qs__thread_self())
			*callback->is_gone = true;
		else
			await(callback);
	}
	qs__atomic_fini(&callback->state);
	return was_idle;
}

/* A callback of a user, on the heap. */
struct qs_stop_callback {
	struct qs__object object;
	struct qs__callback callback;
	qs_stop *stop;	/* I  counted */
};

int qs_stop_callback_add(qs_stop_callback **out, qs_stop *stop, qs_stop_fn *fn, void *arg)
{
	const int error = qs__object_check(stop, QS__MAGIC_STOP);
	qs_stop_callback *made;

	if (error != 0)
		return error;
	if (out == NULL || fn == NULL)
		return -EINVAL;
	made = qs__object_alloc(sizeof(*made), QS__MAGIC_CALLBACK);
	if (made == NULL)
		return -ENOMEM;
	made->stop = qs_stop_retain(stop);
	*out = made;
	qs__callback_add(&made->callback, stop, fn, arg);
	return 0;
}

int qs_stop_callback_remove(qs_stop_callback *callback)
{
	qs_stop *stop;
	bool was_idle;
	int error;

	if (callback == NULL)
		return 0;
	error = qs__object_check(callback, QS__MAGIC_CALLBACK);
	if (error != 0)
		return error;
	stop = callback->stop;
	was_idle = qs__callback_remove(&callback->callback, stop);
	qs__object_free(&callback->object);
	qs_stop_release(stop);
	return was_idle ? 1 : 0;
}
