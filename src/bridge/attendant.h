/* SPDX-License-Identifier: MIT */
/*
 * attendant.h - does for a token what a signal handler may not, and asks it
 * when its deadline comes.
 *
 * The attendant is one thread for all tokens that need it.  It comes into being with the first of
 * them and ends with the last; in between it sleeps until it is called or a deadline is due.
 */
#ifndef QS__BRIDGE_ATTENDANT_H
#define QS__BRIDGE_ATTENDANT_H

#include "base/heap.h"
#include "core/stop.h"

struct qs__attendant;

/*
 * What the attendant keeps for one token; freed with it.
 *
 * I = set at creation, L = under the attendant's lock.
 */
struct qs__attended {
	struct qs__attendant *attendant;	/* I  counted */
	qs_stop *stop;				/* I  not counted: this is a part of it */
	struct qs__heap_node timer;		/* L  in the attendant's heap if has_timer */
	bool has_timer;				/* L */
	bool has_gone_off;			/* L  its deadline came: the attendant asks the token */
	const struct qs__cause *cause;		/* L  what it asks with */
	struct qs__attended *next_called;	/* published by the attendant's `called` */
};

/* A token that is attended, as qs__stop_new() makes it.  Returns 0, -ENOMEM, -EAGAIN (no thread). */
int qs__attended_stop_new(qs_stop **out, qs_stop *parent, qs_stop *also);

/* Have the attendant ask the token at this point; a later call replaces an earlier one. */
void qs__attended_set_deadline(struct qs__attended *attended, qs_time when);

/*
 * The same for a token that nobody asks but the attendant and those above it: the cause is the
 * token's own, with these words, static text.  QS_NEVER = not any more.  False if the deadline that
 * it had has come: then nothing is changed.
 */
bool qs__attended_move_deadline(struct qs__attended *attended, qs_time when, const char *text);

/*
 * Have the attendant walk a token that was marked (qs__stop_mark_signal), once in its life.
 * For signal handlers: one count, one push, one wake-up.  The caller sees to it that the token
 * lives until this returns.
 */
void qs__attended_call(struct qs__attended *attended);

#endif
