/* SPDX-License-Identifier: MIT */
/*
 * future.c - how a task ends, and what is known of it afterwards.
 *
 * Whoever ends a future writes the outcome, publishes the state and closes the event under the
 * event's lock, and tells the waiters after it.  From the publication on the user may release the
 * last reference but one: the one who ends the future holds the pool's and drops it last.
 */
#include "core/future.h"

#include <errno.h>
#include <string.h>

#include "base/debug.h"
#include "platform/alloc.h"

qs_future *qs__future_new(qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options)
{
	qs_future *future = qs__object_alloc(sizeof(*future), QS__MAGIC_FUTURE);

	if (future == NULL)
		return NULL;
	qs__object_retain(&future->object);
	qs__atomic_init(&future->state, QS_PENDING);
	qs__event_init(&future->ended);
	qs__list_init(&future->in_queue);
	qs__list_init(&future->callbacks);
	qs__atomic_init(&future->result, NULL);
	future->pool = pool;
	future->fn = fn;
	future->arg = arg;
	if (options != NULL) {
		future->destroy = options->destroy;
		future->stop = options->stop != NULL ? qs_stop_retain(options->stop) : NULL;
		if (options->name != NULL)
			(void)strncpy(future->name, options->name, sizeof(future->name) - 1);
	}
	return future;
}

/* The last owner has gone. */
static void future_free(qs_future *future)
{
	/* relaxed: the last owner sees all that the others did (qs__object_release). */
	void *result = qs__load_relaxed(&future->result);

	if (result != NULL && future->result_destroy != NULL)
		future->result_destroy(result);
	QS__ASSERT(future->token == NULL);
	QS__ASSERT(qs__list_is_empty(&future->callbacks));
	qs__free(future->message);
	qs_stop_release(future->outcome.cause_owner);
	qs_stop_release(future->stop);
	qs__event_fini(&future->ended);
	qs__atomic_fini(&future->state);
	qs__atomic_fini(&future->result);
	qs__object_free(&future->object);
}

void qs__future_discard(qs_future *future)
{
	future_free(future);
}

qs_future *qs_future_retain(qs_future *future)
{
	if (qs__object_is_ours(future, QS__MAGIC_FUTURE))
		qs__object_retain(&future->object);
	return future;
}

void qs_future_release(qs_future *future)
{
	if (qs__object_is_ours(future, QS__MAGIC_FUTURE) && qs__object_release(&future->object))
		future_free(future);
}

/* ----------------------------------------------------------------------------------- its states */

void qs__future_claim(qs_future *future)
{
	/* relaxed: seen from outside as pending, as before. */
	qs__store_relaxed(&future->state, QS__CLAIMED);
}

void qs__future_begin(qs_future *future)
{
	/* relaxed: what the body does is published by the end. */
	qs__store_relaxed(&future->state, (uint32_t)QS_RUNNING);
}

static bool is_running_locked(const qs_future *future)
{
	/* relaxed: an end is published under this lock. */
	return qs__load_relaxed(&future->state) == QS_RUNNING;
}

static bool is_end(uint32_t state)
{
	return state > QS_RUNNING && state < QS_STATES;
}

void qs__future_say(qs_future *future, char *message)
{
	char *before = NULL;
	bool is_running;

	qs__mutex_lock(&future->ended.lock);
	is_running = is_running_locked(future);
	if (is_running) {
		before = future->message;
		future->message = message;
	}
	qs__mutex_unlock(&future->ended.lock);
	qs__free(is_running ? before : message);
}

void qs__future_keep(qs_future *future, void *result, qs_destroy_fn *destroy)
{
	void *unwanted = result;
	qs_destroy_fn *unwanted_destroy = destroy;

	qs__mutex_lock(&future->ended.lock);
	if (is_running_locked(future)) {
		/* relaxed: nobody else looks at it before the end. */
		unwanted = qs__load_relaxed(&future->result);
		unwanted_destroy = future->result_destroy;
		/* relaxed: as above. */
		qs__store_relaxed(&future->result, result);
		future->result_destroy = destroy;
	}
	qs__mutex_unlock(&future->ended.lock);
	if (unwanted != NULL && unwanted_destroy != NULL)
		unwanted_destroy(unwanted);
}

bool qs__state_is_bad(int state)
{
	return state == QS_FAILED || state == QS_ABANDONED || state == QS_TIMED_OUT;
}

bool qs__future_end(qs_future *future, const struct qs__outcome *outcome)
{
	struct qs__list waiting;
	qs_stop *token;

	qs__mutex_lock(&future->ended.lock);
	/* relaxed: an end is published under this lock. */
	if (is_end(qs__load_relaxed(&future->state))) {
		qs__mutex_unlock(&future->ended.lock);
		return false;
	}
	/* The body of an abandoned task still runs and may look at its token. */
	token = outcome->state != QS_ABANDONED ? future->token : NULL;
	if (token != NULL)
		future->token = NULL;
	future->outcome = *outcome;
	QS_PLAIN_WRITE(future->outcome.value, outcome->value);
	future->outcome.cause_owner = outcome->cause_owner != NULL ? qs_stop_retain(outcome->cause_owner) : NULL;
	future->has_callbacks = !qs__list_is_empty(&future->callbacks);
	/* Publishes the outcome.  Pairs with load_acquire in ended_state() and qs_future_state(). */
	qs__store_release(&future->state, (uint32_t)outcome->state);
	qs__event_close_locked(&future->ended, &waiting);
	qs__mutex_unlock(&future->ended.lock);
	qs__event_notify(&waiting, qs__state_is_bad(outcome->state));
	qs_stop_release(token);
	return true;
}

void qs__future_destroy_arg(qs_future *future)
{
	qs_destroy_fn *destroy = future->destroy;

	future->destroy = NULL;
	if (destroy != NULL)
		destroy(future->arg);
}

bool qs__future_has_message(const qs_future *future)
{
	return future->message != NULL;
}

bool qs__future_has_result(const qs_future *future)
{
	return future->result_destroy != NULL;
}

/* ------------------------------------------------------------------------------------ its token */

void qs__future_drop_token(qs_future *future)
{
	qs_stop *token;

	qs__mutex_lock(&future->ended.lock);
	token = future->token;
	future->token = NULL;
	qs__mutex_unlock(&future->ended.lock);
	qs_stop_release(token);
}

static bool has_ended_locked(const qs_future *future)
{
	/* relaxed: an end is published under this lock. */
	return is_end(qs__load_relaxed(&future->state));
}

/* Makes `made` the task's token if it has none; returns the one it has, counted, or NULL. */
static qs_stop *adopt_token(qs_future *future, qs_stop *made)
{
	qs_stop *token;

	qs__mutex_lock(&future->ended.lock);
	if (future->token == NULL && made != NULL && !has_ended_locked(future)) {
		qs__object_retain(&made->object);
		future->token = made;
	}
	token = future->token;
	if (token != NULL)
		qs__object_retain(&token->object);
	qs__mutex_unlock(&future->ended.lock);
	return token;
}

/* What the task's token hangs below, counted; NULL if it has ended. */
static qs_stop *token_above(qs_future *future)
{
	qs_stop *above = NULL;

	qs__mutex_lock(&future->ended.lock);
	if (!has_ended_locked(future))
		above = qs_stop_retain(future->above);
	qs__mutex_unlock(&future->ended.lock);
	return above;
}

qs_stop *qs__future_token(qs_future *future)
{
	qs_stop *token = adopt_token(future, NULL);
	qs_stop *above = token == NULL ? token_above(future) : NULL;
	qs_stop *made;

	if (above == NULL)
		return token;
	made = qs__stop_new(above, future->stop);
	if (made != NULL)
		token = adopt_token(future, made);
	qs_stop_release(made);
	qs_stop_release(above);
	return token;
}

qs_stop *qs__future_asked_by(qs_future *future)
{
	qs_stop *token = adopt_token(future, NULL);
	qs_stop *asked = qs__stop_find_asked(token);

	/* The task keeps its token until it ends, and that is the caller's to do. */
	qs_stop_release(token);
	if (asked == NULL)
		asked = qs__stop_find_asked(future->above);
	return asked != NULL ? asked : qs__stop_find_asked(future->stop);
}

bool qs__future_is_own_limit(const qs_future *future, const struct qs__cause *cause)
{
	return future->has_limit && cause == &future->stop->own;
}

/* -------------------------------------------------------------------------------- what is known */

/* The state if it is an end, with the outcome to be read; else -EBUSY, -EINVAL or -QS_EFORKED. */
static int ended_state(const qs_future *future)
{
	const int error = qs__object_check(future, QS__MAGIC_FUTURE);
	uint32_t state;

	if (error != 0)
		return error;
	/* Sees the outcome.  Pairs with store_release in qs__future_end(). */
	state = qs__load_acquire(&future->state);
	return is_end(state) ? (int)state : -EBUSY;
}

int qs_future_state(const qs_future *future)
{
	const int error = qs__object_check(future, QS__MAGIC_FUTURE);
	uint32_t state;

	if (error != 0)
		return error;
	/* Sees the outcome, should it be an end.  Pairs with store_release in qs__future_end(). */
	state = qs__load_acquire(&future->state);
	return state == QS__CLAIMED ? (int)QS_PENDING : (int)state;
}

int qs_future_is_ended(const qs_future *future)
{
	const int state = ended_state(future);

	if (state == -EBUSY)
		return 0;
	return state < 0 ? state : 1;
}

int qs_future_value(const qs_future *future)
{
	const int state = ended_state(future);

	return state < 0 ? state : QS_PLAIN_READ(future->outcome.value);
}

const char *qs_future_message(const qs_future *future)
{
	const int state = ended_state(future);

	if (state < 0 || state == QS_DONE)
		return "";
	if (future->message != NULL)
		return future->message;
	if (future->outcome.cause != NULL)
		return future->outcome.cause->text;
	return qs_strerror(future->outcome.value);
}

const char *qs_future_name(const qs_future *future)
{
	return future != NULL ? future->name : "";
}

void *qs_future_arg(const qs_future *future)
{
	return future != NULL ? future->arg : NULL;
}

void *qs_future_result(const qs_future *future)
{
	/* relaxed: the result was published by the end, which ended_state() has seen. */
	return ended_state(future) < 0 ? NULL : qs__load_relaxed(&future->result);
}

void *qs_future_take_result(qs_future *future)
{
	/* Of several takers one gets it.  Pairs with itself. */
	return ended_state(future) < 0 ? NULL : qs__exchange_acq_rel(&future->result, (void *)NULL);
}

int qs_future_cause(const qs_future *future, qs_cause *out)
{
	const int state = ended_state(future);

	if (state < 0 && state != -EBUSY)
		return state;
	if (!qs__cause_is_ours(out))
		return -EINVAL;
	if (state == -EBUSY || future->outcome.cause == NULL)
		return 0;
	qs__cause_copy(future->outcome.cause, out);
	return 1;
}

const char *qs_state_name(qs_state state)
{
	static const char *const names[QS_STATES] = { "pending", "running", "done", "failed",
						      "stopped", "timed out", "cancelled", "abandoned" };

	return (unsigned)state < QS_STATES ? names[state] : "unknown";
}
