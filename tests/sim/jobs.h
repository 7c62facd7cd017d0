/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - a pool with a few tasks for the cases of exec/, what threads do to it,
 * and the books at the end.
 *
 *	static void setup(void)
 *	{
 *		jobs_begin(1);
 *		SIM_ASSERT(submit_body(&jobs[0], do_job, NULL) == 0);
 *		sim_thread("canceller", cancel_job, &jobs[0]);
 *	}
 *
 *	static const struct sim_case some_case = { .setup = setup, .finish = jobs_end, ... };
 *
 * At the end of each execution what was submitted is the sum of the ends, each accepted task has
 * reached one, its body ran if and only if that end says so, and its argument was given back once.
 */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include "quiesce.h"
#include "sim/sim.h"

enum { JOBS = 3 };

/* One task: what was asked for, and what happened. */
struct job {
	qs_future *future;
	bool accepted;
	int runs;		/* plain: what the body did is published by the end */
	int destroyed;
	int returns;		/* what do_job() is to return */
	struct job *awaits;	/* for bodies of a case's own: the task that this one waits for, */
	int waited;		/* and what that wait said; plain */
};

/* Those of the present execution. */
extern qs_pool *pool;
extern struct job jobs[JOBS];
extern qs_stop *stop;		/* made by cases that ask it; NULL = none */

/* ---- the beginning and the end ---- */

/* No job was submitted, the gate is shut, there is no pool. */
void jobs_clear(void);

/* The same, and a pool. */
void jobs_begin(uint32_t workers);
void jobs_begin_bounded(uint32_t workers, size_t max_pending);
void jobs_begin_with(const qs_pool_options *options);

/* Joins, checks the books, frees. */
void jobs_end(void);

/*
 * After a join that gave up, perhaps: each job has ended, whether its body has
 * or not; lets go of them.
 */
void jobs_release(void);

/* Submitted is the sum of the ends. */
void check_sum(const qs_report *report);

/* ---- bodies; the argument is the job ---- */

qs_task_fn do_job;		/* runs, and returns what it is to return */
qs_task_fn wait_at_gate;	/* does so when the gate is open */
qs_task_fn sleep_until_stop;

void pass_gate(void);

/* ---- submit; returns what qs_submit_by() does ---- */

int submit_until(struct job *job, qs_task_fn *body, const qs_task_options *wishes, qs_time deadline);

/* Now or not at all. */
int submit_with(struct job *job, qs_task_fn *body, const qs_task_options *wishes);
int submit_body(struct job *job, qs_task_fn *body, qs_stop *task_stop);

/* ---- what a thread does, for sim_thread() ---- */

/* The argument is the job. */
void submit_job(void *arg);		/* accepted, or refused because the pool goes down */
void cancel_job(void *arg);
void await_job(void *arg);

/* The argument is not used. */
void open_gate(void *arg);
void ask_stop(void *arg);
void drain_pool(void *arg);		/* shut down, each by its mode */
void cancel_pool(void *arg);
void stop_pool(void *arg);
void join_pool(void *arg);		/* however long it takes: nobody is left */
void join_pool_a_while(void *arg);	/* or give up; the sum is right either way */

#endif
