/* SPDX-License-Identifier: MIT */
/*
 * pool.h - a pool from inside: a queue, places for workers, and what keeps the
 * two from ending too early.
 *
 * A pool's life is measured in *holds*.  One is taken for being open, given back by the first
 * shutdown; one for each task accepted, given back when it has ended and nothing of it touches
 * the pool any more; one for each worker that is there or on its way.  When the last hold
 * goes, the event `over` fires, and that is what a join waits for.  New holds are taken only
 * by those who know of another one, so the count does not come back from 0 but for a submit
 * that is about to be refused.
 *
 * The memory has owners of its own: the user, each worker, and whoever cancels one of its tasks
 * just now.  So a worker that was left behind still has a pool to leave.
 *
 * A place for a worker:
 *
 *	FREE -> STARTING	who finds a task unattended, under the lock, while the pool is open
 *	STARTING -> FREE	the same, if the system gives no thread
 *	STARTING, FREE -> WORKING	the thread itself, under the lock
 *	WORKING -> LEFT		the thread itself, its last act with a hold
 *	WORKING -> FREE		the thread itself, when a body has ended it: another one may take its
 *				place
 *	STARTING, WORKING -> LOST	the joiner that waits no longer
 *
 * A *guest* is a thread that found the queue full and runs its one task itself.  It is a
 * worker without a place: WORKING until it leaves, and then its struct goes, or LOST, and then
 * that stays for the report.
 *
 * Lock order: pool, worker, the future's event, queue; the pool's and the worker's are held
 * together only by a join.
 */
#ifndef QS__EXEC_POOL_H
#define QS__EXEC_POOL_H

#include <signal.h>

#include "base/current.h"
#include "base/list.h"
#include "base/mutex.h"
#include "base/object.h"
#include "core/callback.h"
#include "core/queue.h"
#include "core/waiter.h"
#include "platform/atomic.h"
#include "platform/thread.h"
#include "quiesce.h"

struct qs__frame;

enum qs__place {
	QS__PLACE_FREE,
	QS__PLACE_STARTING,
	QS__PLACE_WORKING,
	QS__PLACE_LEFT,
	QS__PLACE_LOST,
};

/* Shutdown modes, with "not yet" before them. */
enum qs__mode {
	QS__MODE_OPEN,
	QS__MODE_DRAIN,
	QS__MODE_CANCEL,
	QS__MODE_STOP,
};

/*
 * I = set at creation, P = under the pool's lock, L = under this worker's
 * lock, W = the worker's own.
 */
struct qs__worker {
	struct qs__current current;	/* W  what the thread-local pointer points at; first, so
					   that one leads to the other */
	qs_pool *pool;			/* I */
	bool is_guest;			/* I */
	struct qs__list in_guests;	/* P  linked in a guest, and only there */
	enum qs__place place;		/* P */
	bool has_thread;		/* P  `thread` is one of ours, to be joined */
	bool is_starting;		/* P  who starts the thread has not noted it yet */
	bool has_exited;		/* P  a body has ended it before that */
	struct qs__regular taker;	/* as which it comes to the queue; the starter's, then W */
	qs__thread thread;		/* P */
	void *data;			/* W  what options.init made */
	bool has_begun;			/* W  options.finish is due */
	const sigset_t *mask_before;	/* W  the signal mask of a thread that was brought;
					   NULL = the thread is ours */
	int cancel_before;		/* W  whether such a thread could be cancelled */
	unsigned depth;			/* W  frames that lie on each other */
	qs__mutex lock;
	int thread_id;			/* L  0 = nobody works here */
	struct qs__frame *top;		/* L  code of the user's that runs, the innermost; NULL = none */
	bool is_straggler;		/* P  named in the report, by the next one */
	qs_straggler straggler;		/* P */
};

/*
 * I = set at creation, P = under lock, A = atomic, J = set by the join, read after it.
 */
struct qs_pool {
	struct qs__object object;		/* owners: as above */
	qs_pool_options options;		/* I  `name` and `stop` are not kept here */
	char name[QS_NAME_SIZE];		/* I */
	qs_stop *stop;				/* I  counted; the pool's own token */
	struct qs__callback on_stop;		/* of `stop`: cancels what is pending */
	struct qs__queue queue;
	qs__atomic(uint32_t) holds;		/* A */
	struct qs__event over;			/* fires with the last hold */
	qs__mutex lock;
	enum qs__mode mode;			/* P */
	qs__atomic(uint32_t) is_cancelling;	/* A  a shutdown cancels what is pending:
						   nothing is claimed any more */
	qs_time retry_at;			/* P  no thread is started before it, after one could not be */
	int64_t retry_pause_ns;			/* P  doubles with each failure */
	qs_time asked_at;			/* P  when `stop` was asked; 0 = it was not */
	struct qs__list unstarted;		/* P  qs_future.in_queue: cancelled on the way
						   down; the pool's references */
	struct qs__list uncalled;		/* P  qs_future.in_queue: abandoned, with callbacks
						   left to destroy; the same */
	bool is_destroyed;			/* P  the user has given it back; others may hold its memory */
	bool is_collected;			/* P  the join has looked at all threads; one that
						   is noted now is nobody's */
	uint32_t places_used;			/* P  how many workers[] were ever in use: the first ones */
	qs__atomic(uint32_t) places_free;	/* A  changes under lock; looked at without it */
	qs__atomic(uint32_t) places_taken;	/* A  workers that are there or on their way; changes under lock */
	struct qs__list guests;			/* P  of struct qs__worker */
	int worker_error;			/* P  of the first init or finish function that failed; 0 = none */
	char worker_text[QS_TEXT_SIZE];		/* P  the same in words */
	uint32_t stuck;				/* under the wait graph's lock: places whose worker
						   waits there for other tasks */
	qs__atomic(uint64_t) ends[QS_STATES];	/* A */
	qs__atomic(uint32_t) is_joining;	/* A  some join has begun to collect */
	struct qs__event joined;		/* fires when it has */
	int join_result;			/* J */
	uint32_t stragglers;			/* J */
	struct qs__worker *workers;		/* I  options.workers of them */
};

/* pool.c */
void qs__pool_count(qs_pool *pool, qs_state state);	/* one more task has ended; its hold is still there */
void qs__pool_hold(qs_pool *pool);
void qs__pool_unhold(qs_pool *pool);	/* the pool may be gone afterwards */
void qs__pool_unhold_many(qs_pool *pool, uint32_t count);
void qs__pool_release(qs_pool *pool);	/* one owner of the memory less */

/*
 * The pool's workers, guests included, one after the other, under the pool's lock: NULL for the
 * first; NULL after the last.
 */
struct qs__worker *qs__pool_next_worker_locked(qs_pool *pool, struct qs__worker *previous);

/* A zeroed worker; its place is FREE. */
void qs__worker_init(struct qs__worker *worker, qs_pool *pool);
void qs__worker_fini(struct qs__worker *worker);

#define QS__WORKER_NAME_SIZE (QS_NAME_SIZE + 12)	/* the pool's name, "-", and a number of ten digits */

/* What to call it: "NAME-7", "NAME-guest"; cut at `size`. */
void qs__worker_name(char *out, size_t size, const struct qs__worker *worker);

/* A guest that is in no list any more. */
void qs__guest_free(struct qs__worker *guest);

#endif
