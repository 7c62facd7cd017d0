/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - a lock of four bytes, on parking, with a rank.
 *
 * The word is 0 (free), 1 (held) or 2 (held, and somebody may be parked).  Holders do a few steps
 * and never wait, run user code or allocate under it, so a waiter parks at once instead of
 * spinning: spinning loses on a busy machine and never ends on one CPU with real-time priorities.
 *
 * Ranks: a thread takes locks in falling order of this enum only, and never two of one
 * rank.  Debug builds assert it.
 */
#ifndef QS__BASE_MUTEX_H
#define QS__BASE_MUTEX_H

#include <stdbool.h>

#include "platform/atomic.h"

/* Outermost first. */
enum qs__rank {
	QS__RANK_PROCESS,	/* verbs/process.c: one child */
	QS__RANK_ATTENDANT,	/* bridge/attendant.c: its timers */
	QS__RANK_POOL,		/* exec/pool.c: workers, the way down */
	QS__RANK_WORKER,	/* exec/worker.c: what one worker runs */
	QS__RANK_COMPLETED,	/* verbs/as_completed.c: which futures are in one set */
	QS__RANK_EVENT,		/* core/waiter.c: one future's or token's waiters, and what hangs on it */
	QS__RANK_DEPOT,		/* core/depot.c: pending tasks, idle workers, blocked submitters; a
				   queue's items and who waits */
};

struct qs__mutex {
	qs__atomic(uint32_t) word;
#ifdef QS_DEBUG
	enum qs__rank rank;
#endif
};

typedef struct qs__mutex qs__mutex;

void qs__mutex_init(qs__mutex *mutex, enum qs__rank rank);
void qs__mutex_fini(qs__mutex *mutex);
void qs__mutex_lock(qs__mutex *mutex);
void qs__mutex_unlock(qs__mutex *mutex);

/*
 * For a look from a signal handler, which may have interrupted a holder of any lock, this one
 * included: takes the lock if it is free, and gives it back.  Outside the ranks, for who does not
 * wait cannot be waited for in a circle.
 */
bool qs__mutex_try_lock(qs__mutex *mutex);
void qs__mutex_end_try(qs__mutex *mutex);

#endif
