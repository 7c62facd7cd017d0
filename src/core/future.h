/* SPDX-License-Identifier: MIT */
/*
 * future.h - one task and its one end, from inside.
 *
 * The task and its future are one object: what to run, then what came of it.  The pool owns one
 * reference until the task has ended, the user the other.
 *
 *	PENDING --> CLAIMED		who takes the task out of the queue: a worker, or who cancels it
 *	CLAIMED --> RUNNING		the worker, when nothing speaks against it
 *	CLAIMED --> CANCELLED, TIMED_OUT	the worker or the canceller: the body never ran
 *	RUNNING --> DONE, FAILED, STOPPED, TIMED_OUT	the worker, when the body has returned
 *	RUNNING --> ABANDONED		the joiner that waits no longer; the worker's own end then comes
 *					too late
 *
 * CLAIMED is seen from outside as pending.  Being out of the queue is what decides between a worker
 * and a canceller, so a claim needs no compare-and-swap; the end is decided under the event's lock.
 */
#ifndef QS__CORE_FUTURE_H
#define QS__CORE_FUTURE_H

#include "base/list.h"
#include "base/object.h"
#include "core/callback.h"
#include "core/stop.h"
#include "core/waiter.h"
#include "platform/atomic.h"
#include "quiesce.h"

/* A state besides those of the header. */
#define QS__CLAIMED ((uint32_t)QS_STATES)

/* What a future ended with. */
struct qs__outcome {
	qs_state state;
	int value;
	const struct qs__cause *cause;	/* why, if it was stopped, timed out, cancelled or abandoned; else NULL */
	qs_stop *cause_owner;		/* whose memory the cause is in; NULL = nobody's */
};

struct qs__blocked;

/*
 * I = set at submit, A = atomic, L = under ended.lock, E = set before the end is
 * published and read after it.
 */
struct qs_future {
	struct qs__object object;
	qs__atomic(uint32_t) state;		/* A  enum qs_state or QS__CLAIMED */
	struct qs__event ended;
	struct qs__list in_queue;		/* the queue's lock; later the pool's, among the unstarted */
	qs_pool *pool;				/* I  borrowed: there until the task has ended */
	qs_task_fn *fn;				/* I */
	void *arg;				/* I */
	qs_destroy_fn *destroy;			/* of arg; its owner's: the pool, then who took the
						   task; NULL = none, or done */
	qs_stop *stop;				/* I  counted; the submitter's token, or the time
						   limit's below it; NULL = none */
	bool has_limit;				/* I  `stop` is this task's alone, and its own cause
						   is that the time is over */
	int64_t run_ns;				/* I  how long the body may run; 0 = as long as it likes */
	struct qs__callback on_stop;		/* of `stop`, if there is one, while pending */
	qs_stop *above;				/* L  borrowed: what its own token hangs below; set
						   at submit, and for an inner task */
	qs_stop *token;				/* L  counted; the task's own, made when
						   first wanted, until it ends */
	struct qs__outcome outcome;		/* E  cause_owner is counted */
	struct qs__list callbacks;		/* L  what is to be called, in order: core/future_callback.c */
	bool is_calling;			/* L  somebody calls them */
	bool has_callbacks;			/* E  there were some when it ended: whoever ended it calls them */
	struct qs__blocked *blocked;		/* under the wait graph's lock: the body waits for
						   others; exec/wait_graph.h */
	char *message;				/* L, E  the body's words, or NULL */
	qs__atomic(void *) result;		/* L, then A: takers exchange it */
	qs_destroy_fn *result_destroy;		/* L, E */
	char name[QS_NAME_SIZE];		/* I */
};

/* A pending task with two owners, or NULL.  options: NULL = defaults. */
qs_future *qs__future_new(qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *options);

/* A task that was never accepted: its argument stays the caller's. */
void qs__future_discard(qs_future *future);

/* The caller has taken the task out of the queue. */
void qs__future_claim(qs_future *future);

/* The body is about to be entered. */
void qs__future_begin(qs_future *future);

/* The end, told to every waiter.  False if it had ended before; then nothing is changed. */
bool qs__future_end(qs_future *future, const struct qs__outcome *outcome);

/* Free the argument, once; the caller owns the task. */
void qs__future_destroy_arg(qs_future *future);

/*
 * Call the callbacks, in this thread, until there are none any more: for whoever ended the future,
 * if has_callbacks is set.
 */
void qs__future_call_back(qs_future *future);

/* True if the cause is that the task's own time was over: it had not begun by then, or ran too long. */
bool qs__future_is_own_limit(const qs_future *future, const struct qs__cause *cause);

/* True for the ends that a wait for the first failure looks for. */
bool qs__state_is_bad(int state);

/* True if giving back a reference may run a destructor of the user's; once the future has ended. */
bool qs__future_has_result(const qs_future *future);

/*
 * What the body leaves: words about its failure, and a pointer.  Both are given; of an abandoned
 * task they are freed at once, for its outcome stands.
 */
void qs__future_say(qs_future *future, char *message);
bool qs__future_has_message(const qs_future *future);	/* for the thread that runs the body */
void qs__future_keep(qs_future *future, void *result, qs_destroy_fn *destroy);

/* The body of an abandoned task has returned: nobody looks at its token any more. */
void qs__future_drop_token(qs_future *future);

/*
 * The task's own token, counted for the caller, made if need be; NULL without memory,
 * or if the task has ended.
 */
qs_stop *qs__future_token(qs_future *future);

/* What asked the task to stop, nearest first, or NULL; while its body runs. */
qs_stop *qs__future_asked_by(qs_future *future);

#endif
