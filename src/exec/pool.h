/* SPDX-License-Identifier: MIT */
/*
 * pool.h - a pool from inside: a queue, places for workers, and what keeps the two from ending too early.
 *
 * A pool's life is measured in *holds*.  One is taken for being open, given back by the first shutdown; one for each task
 * accepted, given back when it has ended and nothing of it touches the pool any more; one for each worker that is there or
 * on its way.  When the last hold goes, the event `over` fires, and that is what a join waits for.  New holds are taken
 * only by those who know of another one, so the count does not come back from 0 but for a submit that is about to be
 * refused.
 *
 * The memory has owners of its own: the user, and each worker.  So a worker that was left behind still has a pool to leave.
 *
 * A place for a worker:
 *
 *	FREE -> STARTING	who finds a task unattended, under the lock, while the pool is open
 *	STARTING -> FREE	the same, if the system gives no thread
 *	STARTING, FREE -> WORKING	the thread itself, under the lock
 *	WORKING -> LEFT		the thread itself, its last act with a hold
 *	STARTING, WORKING -> LOST	the joiner that waits no longer
 *
 * Lock order: pool, worker, the future's event, queue; the pool's and the worker's are held together only by a join.
 */
#ifndef QS__EXEC_POOL_H
#define QS__EXEC_POOL_H

#include "base/current.h"
#include "base/mutex.h"
#include "base/object.h"
#include "core/callback.h"
#include "core/queue.h"
#include "core/task.h"
#include "core/waiter.h"
#include "platform/atomic.h"
#include "platform/thread.h"
#include "quiesce.h"

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
 * I = set at creation, P = under the pool's lock, L = under this worker's lock, W = the worker's own.
 */
struct qs__worker {
	struct qs__current current;	/* W  what the thread-local pointer points at */
	struct qs_task task;		/* W  the handle of the task that runs; checkpoint is atomic */
	qs_pool *pool;			/* I */
	enum qs__place place;		/* P */
	bool has_thread;		/* P  `thread` is one of ours, to be joined */
	qs__thread thread;		/* P */
	int thread_id;			/* L */
	qs__mutex lock;
	bool is_busy;			/* L  code of the user's runs: a body, a destructor */
	qs_future *running;		/* L  whose; NULL: a future's that has ended and given back its hold */
	struct qs__outcome outcome;	/* L  of running, once its body has returned; before, its state is QS_RUNNING */
	qs_time since;			/* L  when that began */
	bool is_lost;			/* L  the joiner has ended and counted `running`, and given back its hold */
	bool is_straggler;		/* P  named in the report, by the next one */
	qs_straggler straggler;		/* P */
};

/*
 * I = set at creation, P = under lock, A = atomic, J = set by the join, read after it.
 */
struct qs_pool {
	struct qs__object object;		/* owners: the user, and each worker */
	qs_pool_options options;		/* I  `name` and `stop` are not kept here */
	char name[QS_NAME_SIZE];		/* I */
	qs_stop *stop;				/* I  counted; the pool's own token */
	struct qs__callback on_stop;		/* of `stop`: cancels what is pending */
	struct qs__queue queue;
	qs__atomic(uint32_t) holds;		/* A */
	struct qs__event over;			/* fires with the last hold */
	qs__mutex lock;
	enum qs__mode mode;			/* P */
	qs__atomic(uint32_t) is_cancelling;	/* A  a shutdown cancels what is pending: nothing is claimed any more */
	qs_time retry_at;			/* P  no thread is started before it, after one could not be */
	int64_t retry_pause_ns;			/* P  doubles with each failure */
	qs_time asked_at;			/* P  when `stop` was asked; 0 = it was not */
	struct qs__list unstarted;		/* P  qs_future.in_queue: cancelled on the way down; the pool's references */
	bool is_collected;			/* P  the join has looked at all threads; one that is noted now is nobody's */
	uint32_t places_used;			/* P  how many workers[] were ever in use: the first ones */
	qs__atomic(uint32_t) places_free;	/* A  changes under lock; looked at without it */
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

/* worker.c: start one more worker, if there is a place for it, the pool is open, and the system lets us. */
int qs__pool_grow(qs_pool *pool);

/*
 * cancel.c: what becomes of tasks that will not run.  Telling comes first and runs no code of the user's; the destructors
 * of the arguments run in dispose.
 */

/* End a claimed task, which the caller owns, as cancelled, and tell. */
void qs__task_cancel(qs_future *future, const struct qs__cause *cause, qs_stop *cause_owner);
/* Take what is pending, and end and tell it all; `cancelled` is initialized here.  Returns how many those are. */
uint32_t qs__pool_cancel_all(qs_pool *pool, const struct qs__cause *cause, qs_stop *cause_owner,
			     struct qs__list *cancelled);
/* Free the arguments of those, note them as never started, and give back their holds. */
void qs__pool_dispose(qs_pool *pool, struct qs__list *cancelled, uint32_t count);
/* Note them as never started, which takes the pool's references; an argument that is still there is freed by destroy. */
void qs__pool_note_unstarted(qs_pool *pool, struct qs__list *cancelled);
/* The callback of the pool's token. */
void qs__pool_stopped(void *pool);
/* The callback of the submitter's token. */
void qs__task_stopped(void *future);

#endif
