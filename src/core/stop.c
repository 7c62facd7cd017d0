/* SPDX-License-Identifier: MIT */
/*
 * stop.c - a tree of tokens that are asked once.
 *
 * Asking has two halves.  The *mark* is one compare-and-swap of `cause` from NULL: it decides who
 * was first and publishes the reason.  The *walk* goes down the tree, breadth first: under each
 * token's lock it closes the event, makes the descriptor readable and marks the children; then,
 * holding nothing, it wakes the waits.  When the whole subtree has been woken it runs the
 * callbacks.  Ordinary code does both; a signal handler only the mark, and the attendant walks.
 *
 * A child that is born while its parent is asked: birth and the walk both hold the parent's lock.
 * Birth first: the walk finds it among the children.  Walk first: birth finds the parent marked,
 * for the mark precedes every walk.
 *
 * Two walks may meet in a token with two parents: whoever marks it goes on below it,
 * the other one passes by.
 *
 * The reason lives in the token that was asked first, `own`.  Children point at it: they keep their
 * parents alive.  Should two threads fill in one token at the same instant, the second does not
 * wait for the first: it marks with a general reason.
 *
 * Lock order: one token's lock at a time, none while user code runs.
 */
#include "core/stop.h"

#include <errno.h>
#include <string.h>

#include "base/current.h"
#include "base/debug.h"
#include "base/signal_name.h"
#include "core/callback.h"
#include "platform/clock.h"

#define LOOK_UP_MAX 64u	/* tokens; trees are a few deep, but second parents could make the ways up innumerable */

static const struct qs__cause cause_general = { QS_CAUSE_ASKED, 0, 0, "stop asked", "", 0 };
const struct qs__cause qs__cause_deadline = { QS_CAUSE_DEADLINE, 0, 0, "the deadline came", "", 0 };
const struct qs__cause qs__cause_cancelled = { QS_CAUSE_CANCELLED, 0, 0, "cancelled", "", 0 };
const struct qs__cause qs__cause_shutdown = { QS_CAUSE_SHUTDOWN, 0, 0, "the pool was shut down", "", 0 };
const struct qs__cause qs__cause_no_worker = { QS_CAUSE_SHUTDOWN, 0, 0, "no worker was left to run it", "", 0 };
const struct qs__cause qs__cause_overstayed = { QS_CAUSE_OVERSTAYED, 0, 0, "the time to join was over", "", 0 };

/* -------------------------------------------------------------------------------- birth and end */

/* Hangs the child below the parent, or marks it if the parent was asked. */
static void link_up(struct qs__stop_link *link, qs_stop *parent, qs_stop *child)
{
	const struct qs__cause *cause;

	link->child = child;
	link->parent = parent;
	qs__list_init(&link->in_children);
	if (parent == NULL)
		return;
	qs__object_retain(&parent->object);
	qs__mutex_lock(&parent->asked.lock);
	cause = qs__stop_cause(parent);
	if (cause == NULL)
		qs__list_append(&parent->children, &link->in_children);
	qs__mutex_unlock(&parent->asked.lock);
	if (cause != NULL)
		(void)qs__stop_ask_for(child, cause);
}

static void unlink_up(struct qs__stop_link *link)
{
	if (link->parent == NULL)
		return;
	qs__mutex_lock(&link->parent->asked.lock);
	qs__list_remove(&link->in_children);
	qs__mutex_unlock(&link->parent->asked.lock);
}

qs_stop *qs__stop_new(qs_stop *parent, qs_stop *also)
{
	qs_stop *stop = qs__object_alloc(sizeof(*stop), QS__MAGIC_STOP);

	if (stop == NULL)
		return NULL;
	qs__atomic_init(&stop->cause, NULL);
	qs__atomic_init(&stop->is_own_taken, 0);
	qs__event_init(&stop->asked);
	qs__list_init(&stop->children);
	qs__list_init(&stop->callbacks);
	stop->readable = QS__EVENT_FD_NONE;
	link_up(&stop->up[0], parent, stop);
	link_up(&stop->up[1], also != parent ? also : NULL, stop);
	return stop;
}

/* The last owner has gone; the parents' are given back by the caller. */
static void stop_free(qs_stop *stop)
{
	if (stop->retire != NULL)
		stop->retire(stop->attended);
	/* From here on no walk finds it; one that found it before holds it alive. */
	unlink_up(&stop->up[0]);
	unlink_up(&stop->up[1]);
	QS__ASSERT(qs__list_is_empty(&stop->children));
	QS__ASSERT(qs__list_is_empty(&stop->callbacks));
	if (stop->readable.fd >= 0)
		qs__event_fd_close(&stop->readable);
	qs__event_fini(&stop->asked);
	qs__atomic_fini(&stop->cause);
	qs__atomic_fini(&stop->is_own_taken);
	qs__object_free(&stop->object);
}

qs_stop *qs_stop_retain(qs_stop *stop)
{
	if (qs__object_is_ours(stop, QS__MAGIC_STOP))
		qs__object_retain(&stop->object);
	return stop;
}

/* One owner less; puts a token whose last owner has gone on the list of the dead. */
static void let_go(qs_stop *stop, qs_stop **dead)
{
	if (stop == NULL || !qs__object_release(&stop->object))
		return;
	stop->next = *dead;
	*dead = stop;
}

void qs_stop_release(qs_stop *stop)
{
	qs_stop *dead = NULL;

	if (!qs__object_is_ours(stop, QS__MAGIC_STOP))
		return;
	/* In a loop: the chain of parents that go with it may be long. */
	for (let_go(stop, &dead); dead != NULL;) {
		qs_stop *last = dead;
		qs_stop *parent = last->up[0].parent;
		qs_stop *also = last->up[1].parent;

		dead = last->next;
		stop_free(last);
		let_go(parent, &dead);
		let_go(also, &dead);
	}
}

/* --------------------------------------------------------------------------------------- asking */

/* Decides who was first. */
static bool mark(qs_stop *stop, const struct qs__cause *cause)
{
	const struct qs__cause *none = NULL;

	/* Publishes the cause.  Pairs with load_acquire in qs__stop_cause(). */
	return qs__compare_exchange_acq_rel(&stop->cause, &none, cause);
}

/* Takes the token's own place for a cause, to fill it in; false if somebody else has. */
static bool take_own(qs_stop *stop)
{
	uint32_t no = 0;

	/* relaxed: only one gets it; what it writes there is published by the mark. */
	return qs__compare_exchange_relaxed(&stop->is_own_taken, &no, 1);
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (length >= size)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

/* The cause to mark with: the token's own, filled in, or the general one. */
static const struct qs__cause *describe(qs_stop *stop, int code, const char *text)
{
	if (qs__stop_cause(stop) != NULL || !take_own(stop))
		return &cause_general;
	copy_text(stop->own_text, sizeof(stop->own_text), text != NULL && *text != '\0' ? text : cause_general.text);
	copy_text(stop->own_task, sizeof(stop->own_task), qs__current_task_name());
	QS_PLAIN_WRITE(stop->own.code, code);
	stop->own.kind = QS_CAUSE_ASKED;
	stop->own.asked_at = qs__clock_now();
	stop->own.text = stop->own_text;
	stop->own.task = stop->own_task;
	return &stop->own;
}

bool qs__stop_mark_signal(qs_stop *stop, int signal)
{
	if (!take_own(stop))
		return mark(stop, &cause_general);
	stop->own.kind = QS_CAUSE_SIGNAL;
	stop->own.signal = signal;
	stop->own.asked_at = qs__clock_now();
	stop->own.text = qs__signal_reason(signal);
	stop->own.task = "";
	return mark(stop, &stop->own);
}

/*
 * Closes one token and marks its children, which join the walk behind its last one;
 * returns who is last now.
 */
static qs_stop *visit(qs_stop *stop, qs_stop *last)
{
	const struct qs__cause *cause = qs__stop_cause(stop);
	struct qs__list waiting;

	qs__mutex_lock(&stop->asked.lock);
	qs__event_close_locked(&stop->asked, &waiting);
	if (stop->readable.fd >= 0)
		qs__event_fd_set(&stop->readable);
	for (struct qs__list *link = stop->children.next; link != &stop->children; link = link->next) {
		qs_stop *child = QS__ENTRY(link, struct qs__stop_link, in_children)->child;

		/* A child without owners waits for our lock to leave: it is there, but nobody cares. */
		if (mark(child, cause) && qs__object_retain_if_alive(&child->object)) {
			last->next = child;
			last = child;
		}
	}
	qs__mutex_unlock(&stop->asked.lock);
	qs__event_notify(&waiting, false);
	return last;
}

void qs__stop_walk(qs_stop *stop)
{
	qs_stop *last = stop;

	qs__object_retain(&stop->object);
	for (qs_stop *next = stop; next != NULL; next = next->next)
		last = visit(next, last);
	while (stop != NULL) {
		qs_stop *next = stop->next;

		qs__callbacks_run(stop);
		qs_stop_release(stop);
		stop = next;
	}
}

bool qs__stop_ask_for(qs_stop *stop, const struct qs__cause *cause)
{
	if (!mark(stop, cause))
		return false;
	qs__stop_walk(stop);
	return true;
}

int qs_stop_ask(qs_stop *stop, int code, const char *text)
{
	const int error = qs__object_check(stop, QS__MAGIC_STOP);

	if (error != 0)
		return error;
	if (code > 0)
		return -EINVAL;
	return qs__stop_ask_for(stop, describe(stop, code, text)) ? 1 : 0;
}

/* -------------------------------------------------------------------------------------- looking */

const struct qs__cause *qs__stop_cause(const qs_stop *stop)
{
	/* Sees the cause whole.  Pairs with compare_exchange_acq_rel in mark(). */
	return qs__load_acquire(&stop->cause);
}

/*
 * Up the first parents in a loop, up each second one by a call; `left` is how many
 * tokens it may still look at.
 */
static qs_stop *find_asked(qs_stop *stop, unsigned *left)
{
	for (; stop != NULL && *left > 0; stop = stop->up[0].parent) {
		qs_stop *found;

		(*left)--;
		if (qs__stop_cause(stop) != NULL)
			return stop;
		found = find_asked(stop->up[1].parent, left);
		if (found != NULL)
			return found;
	}
	return NULL;
}

qs_stop *qs__stop_find_asked(qs_stop *stop)
{
	unsigned left = LOOK_UP_MAX;

	return find_asked(stop, &left);
}

int qs__stop_check_optional(const qs_stop *stop)
{
	return stop != NULL ? qs__object_check(stop, QS__MAGIC_STOP) : 0;
}

int qs_stop_is_asked(const qs_stop *stop)
{
	const int error = qs__stop_check_optional(stop);

	if (error != 0)
		return error;
	return stop != NULL && qs__stop_cause(stop) != NULL ? 1 : 0;
}

bool qs__cause_is_ours(const qs_cause *cause)
{
	return cause != NULL && cause->size == sizeof(*cause);
}

void qs__cause_copy(const struct qs__cause *cause, qs_cause *out)
{
	const qs_cause empty = QS_CAUSE_INIT;

	*out = empty;
	if (cause == NULL)
		return;
	out->kind = cause->kind;
	out->code = QS_PLAIN_READ(cause->code);
	out->signal = cause->signal;
	copy_text(out->text, sizeof(out->text), cause->text);
	copy_text(out->task, sizeof(out->task), cause->task);
}

int qs_stop_cause(const qs_stop *stop, qs_cause *out)
{
	const int error = qs__object_check(stop, QS__MAGIC_STOP);
	const struct qs__cause *cause;

	if (error != 0)
		return error;
	if (!qs__cause_is_ours(out))
		return -EINVAL;
	cause = qs__stop_cause(stop);
	qs__cause_copy(cause, out);
	return cause != NULL ? 1 : 0;
}

/*
 * Gives the token the descriptor `made` (NULL = none) if it has none; returns
 * the one that it has, or -1.
 */
static int adopt_fd(qs_stop *stop, const struct qs__event_fd *made)
{
	bool is_adopted;
	int fd;

	qs__mutex_lock(&stop->asked.lock);
	is_adopted = stop->readable.fd < 0 && made != NULL;
	if (is_adopted) {
		stop->readable = *made;
		if (stop->asked.is_closed)
			qs__event_fd_set(&stop->readable);
	}
	fd = stop->readable.fd;
	qs__mutex_unlock(&stop->asked.lock);
	if (made != NULL && !is_adopted)
		qs__event_fd_close(made);
	return fd;
}

int qs_stop_fd(qs_stop *stop)
{
	int error = qs__object_check(stop, QS__MAGIC_STOP);
	struct qs__event_fd made;
	int fd;

	if (error != 0)
		return error;
	fd = adopt_fd(stop, NULL);
	if (fd >= 0)
		return fd;
	/* Outside the lock; a second maker throws its own away. */
	error = qs__event_fd_open(&made);
	return error == 0 ? adopt_fd(stop, &made) : error;
}
