/* SPDX-License-Identifier: MIT */
/*
 * stop.h - the token tree, from inside.
 */
#ifndef QS__CORE_STOP_H
#define QS__CORE_STOP_H

#include "base/list.h"
#include "base/object.h"
#include "core/waiter.h"
#include "platform/atomic.h"
#include "platform/event_fd.h"
#include "quiesce.h"

/* Why; written once, before a pointer to it is published. */
struct qs__cause {
	qs_cause_kind kind;
	int code;
	int signal;
	const char *text;	/* lives as long as the token it belongs to, or for ever */
	const char *task;	/* the same */
	qs_time asked_at;	/* 0 = not known */
};

/* Causes that need no words of their own. */
extern const struct qs__cause qs__cause_deadline;
extern const struct qs__cause qs__cause_cancelled;
extern const struct qs__cause qs__cause_shutdown;
extern const struct qs__cause qs__cause_overstayed;
extern const struct qs__cause qs__cause_no_worker;

/* What stands behind a token that the attendant serves; only bridge/ knows what it is. */
struct qs__attended;

/* Places a token below one parent. */
struct qs__stop_link {
	qs_stop *parent;		/* I  counted; NULL = none */
	qs_stop *child;			/* I  the token that this is part of; not counted: it
					   unlinks itself before its end */
	struct qs__list in_children;	/* L of the parent */
};

/*
 * L = under asked.lock, A = atomic, I = set at creation.
 */
struct qs_stop {
	struct qs__object object;
	qs__atomic(const struct qs__cause *) cause;	/* A  NULL until asked; the flag and the reason in one */
	qs__atomic(uint32_t) is_own_taken;		/* A  somebody has begun to fill in `own` */
	struct qs__event asked;				/* fires during the walk */
	struct qs__list children;			/* L  of qs__stop_link.in_children */
	struct qs__list callbacks;			/* L  of struct qs__callback */
	struct qs__stop_link up[2];			/* where it hangs */
	qs_stop *next;					/* of the one walk that comes here, later of
							   the dead; NULL = the last */
	struct qs__event_fd readable;			/* L  none until wanted */
	struct qs__attended *attended;			/* I  NULL = the attendant does not know it */
	void (*retire)(struct qs__attended *attended);	/* I  called before the token is freed */
	struct qs__cause own;				/* published by `cause` */
	char own_text[QS_TEXT_SIZE];			/* the same */
	char own_task[QS_NAME_SIZE];			/* the same */
};

/*
 * A token below up to two parents (NULL allowed), or NULL without memory.  Born
 * asked if one of them was.
 */
qs_stop *qs__stop_new(qs_stop *parent, qs_stop *also);

/* A stop that a call was given: 0 if it is one of ours, or NULL; otherwise as qs__object_check(). */
int qs__stop_check_optional(const qs_stop *stop);

/*
 * Ask with a cause that lives as long as the token, and tell everybody below.
 * True if this was the first.
 */
bool qs__stop_ask_for(qs_stop *stop, const struct qs__cause *cause);

/*
 * The half of asking that a signal handler may do: the flag and its cause.  True if this was the
 * first; then qs__stop_walk().
 */
bool qs__stop_mark_signal(qs_stop *stop, int signal);

/* The other half: wake all waits at and below the token, then run the callbacks. */
void qs__stop_walk(qs_stop *stop);

/* Why it was asked, or NULL. */
const struct qs__cause *qs__stop_cause(const qs_stop *stop);

/*
 * The nearest token at or above this one (NULL = none) that was asked, or NULL.  Sees at once what
 * a signal handler asked further up, before the attendant's walk has come down; in a very large
 * tree it looks at the nearest ones only, and the walk tells.
 */
qs_stop *qs__stop_find_asked(qs_stop *stop);

/* Copy a cause out to a user's struct, whose size was checked. */
void qs__cause_copy(const struct qs__cause *cause, qs_cause *out);

/* True if a user's qs_cause has a size that we know. */
bool qs__cause_is_ours(const qs_cause *cause);

#endif
