/* SPDX-License-Identifier: MIT */
/*
 * wait_graph.c - the waits of all pools' workers, and whether one of them could never end.
 *
 * One graph for the process, for a task may wait for one of another pool, whose tasks wait for the
 * first pool's.  It is a list of the blocked, under an era lock; each blocked task points at its
 * wait.  Few waits get here: those of a worker, without a deadline, for a task that has not ended.
 *
 * Judging.  At rest all waits are taken to be stuck.  To judge one, each that can end is taken out,
 * until no more are found (the least fixed point):
 *
 *	a wait for all can end		if each of its futures can
 *	a wait for one can end		if one of its futures can
 *	a wait for a failure can end	if one of its futures has failed, or can end and so may fail; or if
 *					all have ended
 *	a future can end if it		has ended; is claimed; runs and is not blocked, or in a wait that
 *					can end; or is pending in a pool with a worker that is not parked
 *					here, or in a wait that can end; or in the pool of the waiting
 *					worker, which runs it before it parks
 *
 * What remains waits for itself in a circle.  Being stuck is for ever, unless somebody outside
 * cancels, or adds to a set: so it is enough that each wait looks when it enters and when it parks;
 * the last one that closes the circle sees it, and only that one is refused.  But a future that
 * ends well takes a hope away from a wait for a failure: so that one looks after each end as well.
 *
 * Lock order: the graph's lock, an era lock; inside it the set that a wait looks through, or a
 * future's event and in that the queue.
 */
#include "exec/wait_graph.h"

#include <errno.h>
#include <stdio.h>

#include "base/era_lock.h"
#include "exec/frame.h"

#define NAMES_MAX 16	/* tasks in the words about a circle; longer ones end in "..." */

static struct {
	struct qs__era_lock lock;
	struct qs__list blocked;	/* of struct qs__blocked.link */
} graph;

/* False if there is no era to be had: then there is no graph. */
static bool lock_graph(void)
{
	const int is_first = qs__era_lock(&graph.lock);

	if (is_first < 0)
		return false;
	/* What the parent process had is none of ours. */
	if (is_first == 1)
		qs__list_init(&graph.blocked);
	return true;
}

static void unlock_graph(void)
{
	qs__era_unlock(&graph.lock);
}

static qs_future *find_in_array(const struct qs__awaited *awaited, qs__is_it_fn *is_it, void *context)
{
	qs_future *const *futures = awaited->set;

	for (size_t i = 0; i < awaited->count; i++) {
		if (is_it(context, futures[i]))
			return futures[i];
	}
	return NULL;
}

struct qs__awaited qs__await_array(qs_future *const *futures, size_t count, enum qs__need need)
{
	return (struct qs__awaited){ find_in_array, (void *)futures, count, need };
}

/* -------------------------------------------------------------------------------------- judging */

/*
 * Somebody may take a pending task, or has: the waiting worker itself, before it parks,
 * or one that is not stuck.
 */
static bool may_be_taken(const struct qs__blocked *blocked, qs_future *future)
{
	qs_pool *pool = future->pool;

	if (!qs__queue_has(&pool->queue, &future->in_queue))
		return true;
	if (!blocked->is_parking && blocked->worker->pool == pool)
		return true;
	/* relaxed: a worker that comes or goes just now is for the next look. */
	return pool->stuck < qs__load_relaxed(&pool->places_taken);
}

static bool can_end(void *context, qs_future *future)
{
	const struct qs__blocked *blocked = context;
	bool can = true;

	/* Under the future's lock: while it is pending, its pool is there. */
	qs__mutex_lock(&future->ended.lock);
	/* relaxed: only which state; nothing else of it is read. */
	switch (qs__load_relaxed(&future->state)) {
	case QS_PENDING:
		can = may_be_taken(blocked, future);
		break;
	case QS_RUNNING:
		can = future->blocked == NULL || !future->blocked->is_stuck;
		break;
	default:
		break;
	}
	qs__mutex_unlock(&future->ended.lock);
	return can;
}

static bool cannot_end(void *context, qs_future *future)
{
	return !can_end(context, future);
}

/* It has failed, or may fail yet. */
static bool can_fail(void *context, qs_future *future)
{
	const int state = qs_future_state(future);

	return (state <= QS_RUNNING || qs__state_is_bad(state)) && can_end(context, future);
}

/*
 * What keeps a wait from ending: one that cannot end, if it needs all; any, if
 * none of them can; or NULL.
 */
static qs_future *find_obstacle(struct qs__blocked *blocked)
{
	const struct qs__awaited *awaited = blocked->awaited;

	if (awaited->need == QS__NEEDS_ONE && awaited->find(awaited, can_end, blocked) != NULL)
		return NULL;
	if (awaited->need == QS__NEEDS_FAILURE && awaited->find(awaited, can_fail, blocked) != NULL)
		return NULL;
	return awaited->find(awaited, cannot_end, blocked);
}

/* A guest has no place: it is nobody that others could wait for to take their tasks. */
static void set_stuck(struct qs__blocked *blocked, bool is_stuck)
{
	const bool is_counted = blocked->is_parking && !blocked->worker->is_guest;

	if (is_counted && is_stuck != blocked->is_stuck)
		blocked->worker->pool->stuck += is_stuck ? 1 : UINT32_MAX;
	blocked->is_stuck = is_stuck;
}

static struct qs__blocked *entry(struct qs__list *link)
{
	return QS__ENTRY(link, struct qs__blocked, link);
}

/* Takes out one round of waits that can end; false if there was none. */
static bool free_some(void)
{
	bool is_any_free = false;

	for (struct qs__list *link = graph.blocked.next; link != &graph.blocked; link = link->next) {
		if (entry(link)->is_stuck && find_obstacle(entry(link)) == NULL) {
			set_stuck(entry(link), false);
			is_any_free = true;
		}
	}
	return is_any_free;
}

/* As it rests: all are taken to be stuck. */
static void forget_judgement(void)
{
	for (struct qs__list *link = graph.blocked.next; link != &graph.blocked; link = link->next)
		set_stuck(entry(link), true);
}

/* ------------------------------------------------------------------------------------ the words */

/* Text that is built up in a fixed place, and cut. */
struct words {
	char *text;
	size_t length;
};

static void say(struct words *words, const char *before, const char *name, const char *after)
{
	const size_t room = QS__DEADLOCK_SIZE - words->length;
	const int wanted = snprintf(words->text + words->length, room, "%s%s%s", before, name, after);

	if (wanted > 0)
		words->length += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static void say_task(struct words *words, const qs_future *future)
{
	if (future == NULL)
		say(words, "", "a callback", "");
	else if (future->name[0] == '\0')
		say(words, "", "a task without a name", "");
	else
		say(words, "'", future->name, "'");
}

/* Follows the waits from this one, until it has come round or to a task that nobody runs. */
static void say_circle(struct words *words, struct qs__blocked *first)
{
	struct qs__blocked *blocked = first;

	say_task(words, first->future);
	for (int i = 0; i < NAMES_MAX; i++) {
		qs_future *obstacle = find_obstacle(blocked);

		if (obstacle == NULL)
			return;
		say(words, " waits for ", "", "");
		say_task(words, obstacle);
		blocked = obstacle->blocked;
		if (obstacle == first->future || obstacle->blocked == first)
			return;
		if (blocked == NULL) {
			say(words, ", which no worker is left to run", "", "");
			return;
		}
	}
	say(words, " ...", "", "");
}

/* The words go to the handle of the task that waits; code that is no task's has none. */
static void explain(struct qs__blocked *blocked)
{
	struct qs_task *task = qs__task_here(blocked->worker);
	struct words words = { task != NULL ? task->deadlock : NULL, 0 };

	if (task != NULL)
		say_circle(&words, blocked);
}

/* 0, or -EDEADLK, explained. */
static int judge(struct qs__blocked *blocked)
{
	int error = 0;

	/* As long as all others are taken to be stuck: most waits can end even so. */
	if (find_obstacle(blocked) == NULL)
		return 0;
	while (free_some() && blocked->is_stuck)
		continue;
	if (blocked->is_stuck) {
		explain(blocked);
		error = -EDEADLK;
	}
	forget_judgement();
	return error;
}

/* ----------------------------------------------------------------------------- coming and going */

static void link_locked(struct qs__blocked *blocked, struct qs__worker *worker, const struct qs__awaited *awaited,
			bool is_parking)
{
	qs_future *future = qs__future_here(worker);

	blocked->worker = worker;
	blocked->awaited = awaited;
	blocked->is_parking = is_parking;
	blocked->is_stuck = false;
	blocked->future = future;
	blocked->outer = future != NULL ? future->blocked : NULL;
	if (future != NULL)
		future->blocked = blocked;
	qs__list_append(&graph.blocked, &blocked->link);
	set_stuck(blocked, true);
}

static void unlink_locked(struct qs__blocked *blocked)
{
	set_stuck(blocked, false);
	qs__list_remove(&blocked->link);
	if (blocked->future != NULL)
		blocked->future->blocked = blocked->outer;
	blocked->worker = NULL;
}

int qs__wait_graph_enter(struct qs__blocked *blocked, struct qs__worker *worker, const struct qs__awaited *awaited,
			 bool may_run)
{
	int error;

	blocked->worker = NULL;
	if (!lock_graph())
		return 0;
	link_locked(blocked, worker, awaited, !may_run);
	error = judge(blocked);
	if (error != 0)
		unlink_locked(blocked);
	unlock_graph();
	return error;
}

int qs__wait_graph_park(struct qs__blocked *blocked)
{
	int error;

	if (blocked->worker == NULL || !lock_graph())
		return 0;
	set_stuck(blocked, false);
	blocked->is_parking = true;
	set_stuck(blocked, true);
	error = judge(blocked);
	unlock_graph();
	return error;
}

void qs__wait_graph_suspend(struct qs__blocked *blocked, const struct qs__awaited *awaited)
{
	struct qs__worker *worker = qs__worker_here();

	blocked->worker = NULL;
	if (worker == NULL || !lock_graph())
		return;
	link_locked(blocked, worker, awaited, true);
	unlock_graph();
}

void qs__wait_graph_leave(struct qs__blocked *blocked)
{
	if (blocked->worker == NULL || !lock_graph())
		return;
	unlink_locked(blocked);
	unlock_graph();
}
