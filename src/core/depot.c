/* SPDX-License-Identifier: MIT */
/*
 * depot.c - a count under a lock, and two lines of parked threads.
 *
 * A wake-up costs more than all else here, so in each line one is in flight at a time: the first of
 * the line is called only if none is on its way, and one that comes back and leaves more behind
 * calls the next.  So a burst of things makes one wake-up call, and nothing is left lying while
 * somebody is parked for it.  Whenever the lock is free, for both lines:
 *
 *	invariant	there is what the line is parked for, and the line is not empty  =>  is_calling
 *
 * One place keeps it, qs__depot_unlock(), and every way out of the lock leads through there,
 * closing's excepted.  A thread that was called always comes back to the lock.  It may find
 * nothing, for one that was awake was faster; then it parks again.  It may have to leave because of
 * its stop; then its way out calls the next, so no call ends with one who cannot use it.
 *
 * Closing is for all, and at once: it calls one after the other without waiting for any to come
 * back, or the way down would take as many turns of the scheduler as there are sleepers.  Nobody
 * parks once it is closed, so what is_calling says then does not matter.
 *
 * The life of a turn, with who takes each arrow:
 *
 *	loose -> in line	its thread, under the lock
 *	in line -> loose	its thread, under the lock
 *	in line -> called	whoever frees the lock, just before that
 *	called -> loose		its thread, under the lock
 *
 * Who calls writes into the parked thread's frame under the lock and unparks by address after it; a
 * thread that was called takes the lock before it goes, so the frame is there.
 *
 * Lock order: the depot's lock is the innermost.  So stops, whose lock is further out, are
 * attached and left without it.
 */
#include "core/depot.h"

#include <errno.h>

#include "base/debug.h"
#include "core/wait_event.h"
#include "platform/park.h"

#define STOPS 2

static void line_init(struct qs__line *line)
{
	qs__list_init(&line->turns);
	line->parked = 0;
	line->expected = 0;
	line->is_calling = false;
}

void qs__depot_init(struct qs__depot *depot, size_t limit)
{
	qs__mutex_init(&depot->lock, QS__RANK_DEPOT);
	depot->count = 0;
	depot->limit = limit;
	depot->is_closed = false;
	line_init(&depot->takers);
	line_init(&depot->givers);
}

void qs__depot_fini(struct qs__depot *depot)
{
	QS__ASSERT(depot->count == 0);
	QS__ASSERT(depot->takers.parked == 0);
	QS__ASSERT(depot->givers.parked == 0);
	qs__mutex_fini(&depot->lock);
}

/* -------------------------------------------------------------------------------- who may go on */

/* 0: now; -ESHUTDOWN: never; -EAGAIN: perhaps later. */
typedef int may_fn(const struct qs__depot *depot);

static int may_take_locked(const struct qs__depot *depot)
{
	if (depot->count != 0)
		return 0;
	return depot->is_closed ? -ESHUTDOWN : -EAGAIN;
}

static int may_give_locked(const struct qs__depot *depot)
{
	if (depot->is_closed)
		return -ESHUTDOWN;
	return depot->limit == 0 || depot->count < depot->limit ? 0 : -EAGAIN;
}

/*
 * Calls the first of the line, if there is one.  Returns what to unpark when the lock
 * is free; NULL = nothing.
 */
static const qs__atomic(uint32_t) *call_locked(struct qs__line *line)
{
	struct qs__list *link = qs__list_take_first(&line->turns);

	if (link == NULL)
		return NULL;
	line->parked--;
	line->is_calling = true;
	return qs__waiter_tell(&QS__ENTRY(link, struct qs__turn, in_line)->call, false);
}

void qs__depot_lock(struct qs__depot *depot)
{
	qs__mutex_lock(&depot->lock);
}

static bool is_asleep(const struct qs__line *line)
{
	return line->parked != 0 && !line->is_calling;
}

void qs__depot_unlock(struct qs__depot *depot)
{
	const bool calls_taker = is_asleep(&depot->takers) && may_take_locked(depot) != -EAGAIN;
	const bool calls_giver = is_asleep(&depot->givers) && may_give_locked(depot) != -EAGAIN;
	const qs__atomic(uint32_t) *taker = calls_taker ? call_locked(&depot->takers) : NULL;
	const qs__atomic(uint32_t) *giver = calls_giver ? call_locked(&depot->givers) : NULL;

	qs__mutex_unlock(&depot->lock);
	if (taker != NULL)
		qs__unpark_one(taker);
	if (giver != NULL)
		qs__unpark_one(giver);
}

size_t qs__depot_count(struct qs__depot *depot)
{
	size_t count;

	qs__depot_lock(depot);
	count = depot->count;
	qs__depot_unlock(depot);
	return count;
}

/* ------------------------------------------------------------------------------------- regulars */

static void come_locked(struct qs__depot *depot, struct qs__regular *regular)
{
	if (!regular->is_expected)
		return;
	QS__ASSERT(depot->takers.expected != 0);
	regular->is_expected = false;
	depot->takers.expected--;
}

void qs__depot_expect(struct qs__depot *depot, struct qs__regular *regular)
{
	qs__depot_lock(depot);
	regular->is_expected = true;
	depot->takers.expected++;
	qs__depot_unlock(depot);
}

void qs__depot_expect_no_more(struct qs__depot *depot, struct qs__regular *regular)
{
	qs__depot_lock(depot);
	come_locked(depot, regular);
	qs__depot_unlock(depot);
}

bool qs__depot_is_unattended_locked(const struct qs__depot *depot)
{
	const struct qs__line *takers = &depot->takers;

	/* Who is awake besides may be long about its own. */
	return depot->count > takers->parked + (takers->is_calling ? 1 : 0) + takers->expected;
}

/* ------------------------------------------------------------------------------------- one turn */

static void turn_init(struct qs__turn *turn, qs_stop *stop, qs_stop *also)
{
	turn->stops[0] = stop;
	turn->stops[1] = also;
	turn->regular = NULL;
	turn->has_waited = false;
}

/* Most visits find what they came for, and never come here. */
static void begin_waiting(struct qs__turn *turn)
{
	if (turn->has_waited)
		return;
	turn->has_waited = true;
	qs__waiter_init(&turn->waiter, 1, NULL);
	qs__list_init(&turn->in_line);
	for (int i = 0; i < STOPS; i++)
		turn->stop_nodes[i].event = NULL;
}

static bool is_asked(const qs_stop *stop)
{
	return stop != NULL && qs__stop_cause(stop) != NULL;
}

static bool is_stopped(const struct qs__turn *turn)
{
	return is_asked(turn->stops[0]) || is_asked(turn->stops[1]);
}

/*
 * Links the turn to its stops, if that was not done in an earlier wait.  False
 * if one was asked already.
 */
static bool attach_stops(struct qs__turn *turn)
{
	for (int i = 0; i < STOPS; i++) {
		struct qs__wait_node *node = &turn->stop_nodes[i];

		if (node->event == NULL && !qs__waiter_attach_stop(&turn->waiter, node, turn->stops[i]))
			return false;
	}
	return true;
}

/*
 * Parks in the line until that is worth another look (0) or the deadline (-ETIMEDOUT).  The
 * lock is let go meanwhile.
 */
static int wait_in_line(struct qs__depot *depot, struct qs__line *line, struct qs__turn *turn, qs_time deadline)
{
	int result = 0;

	begin_waiting(turn);
	qs__waiter_link(&turn->waiter, &turn->call);
	qs__list_append(&line->turns, &turn->in_line);
	line->parked++;
	qs__depot_unlock(depot);
	if (turn->regular != NULL && turn->regular->on_idle != NULL)
		turn->regular->on_idle(turn->regular->arg);
	if (attach_stops(turn))
		result = qs__waiter_park(&turn->waiter, deadline);
	qs__depot_lock(depot);
	if (qs__list_is_linked(&turn->in_line)) {
		qs__list_remove(&turn->in_line);
		line->parked--;
		qs__waiter_unlink(&turn->waiter);
	} else {
		line->is_calling = false;
		qs__waiter_untell(&turn->waiter);
	}
	return result;
}

/* The stops are looked at under the lock: who finds what came after a stop finds the stop, too. */
static int look_locked(const struct qs__depot *depot, may_fn *may_locked, const struct qs__turn *turn)
{
	return is_stopped(turn) ? -ECANCELED : may_locked(depot);
}

/* Waits until there is something else to say than -EAGAIN. */
static int wait_locked(struct qs__depot *depot, struct qs__line *line, may_fn *may_locked, struct qs__turn *turn,
		       qs_time deadline)
{
	int waited;
	int result;

	do {
		waited = deadline > QS_NOW ? wait_in_line(depot, line, turn, deadline) : -ETIMEDOUT;
		result = look_locked(depot, may_locked, turn);
	} while (waited == 0 && result == -EAGAIN);
	return result == -EAGAIN ? waited : result;
}

static int begin_locked(struct qs__depot *depot, struct qs__line *line, may_fn *may_locked, struct qs__turn *turn,
			qs_time deadline)
{
	const int result = look_locked(depot, may_locked, turn);

	return result == -EAGAIN ? wait_locked(depot, line, may_locked, turn, deadline) : result;
}

int qs__depot_begin_take(struct qs__depot *depot, struct qs__turn *turn, qs_time deadline, qs_stop *stop, qs_stop *also)
{
	turn_init(turn, stop, also);
	qs__depot_lock(depot);
	return begin_locked(depot, &depot->takers, may_take_locked, turn, deadline);
}

int qs__depot_begin_next(struct qs__depot *depot, struct qs__turn *turn, struct qs__regular *regular)
{
	turn_init(turn, NULL, NULL);
	turn->regular = regular;
	qs__depot_lock(depot);
	come_locked(depot, regular);
	return begin_locked(depot, &depot->takers, may_take_locked, turn, QS_NEVER);
}

int qs__depot_begin_give(struct qs__depot *depot, struct qs__turn *turn, qs_time deadline, qs_stop *stop, qs_stop *also)
{
	turn_init(turn, stop, also);
	qs__depot_lock(depot);
	return begin_locked(depot, &depot->givers, may_give_locked, turn, deadline);
}

void qs__depot_end(struct qs__depot *depot, struct qs__turn *turn)
{
	qs__depot_unlock(depot);
	if (turn->has_waited)
		qs__waiter_leave(&turn->waiter, turn->stop_nodes, STOPS);
}

/* -------------------------------------------------------------------------------------- closing */

/* Calls one of each line, whoever else is on the way.  False once both are empty. */
static bool dismiss(struct qs__depot *depot)
{
	const qs__atomic(uint32_t) *taker;
	const qs__atomic(uint32_t) *giver;
	bool is_anybody_left;

	qs__depot_lock(depot);
	taker = call_locked(&depot->takers);
	giver = call_locked(&depot->givers);
	is_anybody_left = depot->takers.parked + depot->givers.parked != 0;
	qs__mutex_unlock(&depot->lock);
	if (taker != NULL)
		qs__unpark_one(taker);
	if (giver != NULL)
		qs__unpark_one(giver);
	return is_anybody_left;
}

bool qs__depot_close(struct qs__depot *depot)
{
	bool was_open;

	qs__mutex_lock(&depot->lock);
	was_open = !depot->is_closed;
	depot->is_closed = true;
	qs__mutex_unlock(&depot->lock);
	while (dismiss(depot))
		continue;
	return was_open;
}
