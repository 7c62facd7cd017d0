/* SPDX-License-Identifier: MIT */
/*
 * frame.h - code of the user's on a worker's stack: a body, a destructor, callbacks.
 *
 * A body that waits for another task may run that one itself, so frames lie on each other.
 * They tell a joiner whom to leave behind and what to end in his place: a frame may *hold* a
 * task, which is one whose hold on the pool is given back after it.  A joiner that waits no
 * longer ends and counts that task, gives back its hold, and marks the frame as lost; from then
 * on the task is none of the worker's business.  All else that a worker does is ours and short,
 * and a joiner waits for it.
 */
#ifndef QS__EXEC_FRAME_H
#define QS__EXEC_FRAME_H

#include "core/task.h"
#include "exec/pool.h"

/* I = set when it is entered, L = under the worker's lock. */
struct qs__frame {
	struct qs__frame *below;	/* I  what is suspended below it; NULL = nothing */
	struct qs_task *task;		/* I  the handle, if this is a body */
	qs_future *held;		/* I  NULL = no task has a hold to give back after this */
	struct qs__outcome outcome;	/* L  of `held`; its state is QS_RUNNING until that is known */
	qs_time since;			/* I */
	bool is_lost;			/* L  the joiner has ended and counted `held`, and given back its hold */
};

/* What this thread works as, the innermost; NULL = it is no worker of this process. */
struct qs__worker *qs__worker_here(void);

/*
 * The innermost body of this worker, as its handle and as its future that has not ended; NULL =
 * none.  For its own thread.
 */
struct qs_task *qs__task_here(const struct qs__worker *worker);
qs_future *qs__future_here(const struct qs__worker *worker);

void qs__frame_enter(struct qs__worker *worker, struct qs__frame *frame, qs_future *held, struct qs_task *task);

/*
 * False if the joiner did not wait for that: then the held task is ended,
 * counted and not held any more.
 */
bool qs__frame_leave(struct qs__worker *worker, struct qs__frame *frame);

/*
 * What is known of the held task from now on, should the joiner have to end it because its
 * argument's destructor does not return.
 */
void qs__frame_note(struct qs__worker *worker, struct qs__frame *frame, const struct qs__outcome *outcome);

/*
 * For the joiner, under the pool's lock: describes what the worker runs.  False if it
 * runs no code of the user's.
 */
bool qs__frame_describe(struct qs__worker *worker, qs_straggler *out);

/*
 * For the joiner: takes one held task after the other, counted, and marks its frame as
 * lost; false after the last.
 */
bool qs__frame_lose(struct qs__worker *worker, qs_future **out, struct qs__outcome *out_outcome);

#endif
