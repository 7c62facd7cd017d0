/* SPDX-License-Identifier: MIT */
/*
 * future_callback.c - what is called when a future has ended: each once, in the order
 * in which they were added.
 *
 * Before the end they are kept in a list.  Whoever ends the future calls them after the waiters
 * were told, one by one, under no lock; one that is added meanwhile is put behind the others, and
 * so comes after them in the same thread.  One that is added when none is left is called at once by
 * who adds it, who then is the one that calls:
 *
 *	none is called --> somebody calls	the ender; after the end, who adds one when the list is
 *						empty
 *	somebody calls --> none is called	the same, when it finds the list empty
 *
 * Who calls owns a reference: a callback may give back the user's.
 */
#include <errno.h>

#include "core/future.h"
#include "platform/alloc.h"

struct future_callback {
	struct qs__list link;	/* L of the future */
	qs_future_fn *fn;	/* I */
	void *arg;		/* I */
};

/* The next one; NULL: there is none, and from now on nobody calls. */
static struct future_callback *take_next(qs_future *future)
{
	struct qs__list *link;

	qs__mutex_lock(&future->ended.lock);
	link = qs__list_take_first(&future->callbacks);
	future->is_calling = link != NULL;
	qs__mutex_unlock(&future->ended.lock);
	return link != NULL ? QS__ENTRY(link, struct future_callback, link) : NULL;
}

void qs__future_call_back(qs_future *future)
{
	struct future_callback *callback;

	while ((callback = take_next(future)) != NULL) {
		callback->fn(future, callback->arg);
		qs__free(callback);
	}
}

/* Appends it.  True if the caller has to call it: the future has ended, and nobody else will. */
static bool append(qs_future *future, struct future_callback *callback)
{
	bool is_mine;

	qs__mutex_lock(&future->ended.lock);
	is_mine = future->ended.is_closed && !future->is_calling && qs__list_is_empty(&future->callbacks);
	qs__list_append(&future->callbacks, &callback->link);
	if (is_mine)
		future->is_calling = true;
	qs__mutex_unlock(&future->ended.lock);
	return is_mine;
}

int qs_future_callback_add(qs_future *future, qs_future_fn *fn, void *arg)
{
	const int error = qs__object_check(future, QS__MAGIC_FUTURE);
	struct future_callback *callback;

	if (error != 0)
		return error;
	if (fn == NULL)
		return -EINVAL;
	callback = qs__alloc(sizeof(*callback));
	if (callback == NULL)
		return -ENOMEM;
	callback->fn = fn;
	callback->arg = arg;
	/* Before it can be called, by whomever. */
	qs__object_retain(&future->object);
	if (append(future, callback))
		qs__future_call_back(future);
	qs_future_release(future);
	return 0;
}
