/* SPDX-License-Identifier: MIT */
/*
 * callback.h - something to call when a stop is asked; lives in whatever wants it.
 */
#ifndef QS__CORE_CALLBACK_H
#define QS__CORE_CALLBACK_H

#include <stdbool.h>

#include "base/list.h"
#include "core/stop.h"
#include "platform/atomic.h"

/*
 * I = set when it is added, L = under the lock of the token's event, A = atomic.
 */
struct qs__callback {
	struct qs__list link;		/* L  in the token's list while IDLE */
	qs_stop_fn *fn;			/* I */
	void *arg;			/* I */
	qs__atomic(uint32_t) state;	/* A  enum callback_state in callback.c */
	const void *runner;		/* published by RUNNING: the thread that runs it */
	bool *is_gone;			/* published by RUNNING: set if fn removes the callback itself */
};

/*
 * Have fn(arg) called once when the stop is asked; at once, in this thread, if it was.
 * qs__callback_remove() must follow before the callback or the token goes.
 */
void qs__callback_add(struct qs__callback *callback, qs_stop *stop, qs_stop_fn *fn, void *arg);

/* True if fn was never called.  Waits while fn runs, except inside fn. */
bool qs__callback_remove(struct qs__callback *callback, qs_stop *stop);

/* Run all callbacks of a token that was asked and visited, under no lock. */
void qs__callbacks_run(qs_stop *stop);

#endif
