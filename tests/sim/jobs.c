/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - the gate is a word of the simulated machine: who waits at it sleeps
 * there, and a deadlock is seen.
 *
 * The counts of a job are plain and marked, so that a body which is not
 * published by its end is a race.
 */
#include "sim/jobs.h"

#include <errno.h>

#include "platform/atomic.h"
#include "platform/park.h"

qs_pool *pool;
struct job jobs[JOBS];
qs_stop *stop;

static qs__atomic(uint32_t) gate;

/* ---- the beginning ---- */

void jobs_clear(void)
{
	static const struct job empty;

	pool = NULL;
	stop = NULL;
	for (int i = 0; i < JOBS; i++)
		jobs[i] = empty;
	qs__atomic_init(&gate, 0);
}

void jobs_begin_with(const qs_pool_options *options)
{
	jobs_clear();
	SIM_ASSERT(qs_pool_create(&pool, options) == 0);
}

void jobs_begin_bounded(uint32_t workers, size_t max_pending)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	options.workers = workers;
	options.max_pending = max_pending;
	jobs_begin_with(&options);
}

void jobs_begin(uint32_t workers)
{
	jobs_begin_bounded(workers, 0);
}

/* ---- the books ---- */

static bool has_run(int state)
{
	return state == QS_DONE || state == QS_FAILED || state == QS_STOPPED;
}

void check_sum(const qs_report *report)
{
	uint64_t ends = 0;

	for (int state = 0; state < QS_STATES; state++)
		ends += report->ends[state];
	SIM_ASSERT(report->submitted == ends);
}

static void check_job(struct job *job)
{
	if (!job->accepted) {
		SIM_ASSERT(job->runs == 0 && job->destroyed == 0);
		return;
	}
	SIM_ASSERT(qs_future_is_ended(job->future) == 1);
	SIM_ASSERT(job->destroyed == 1);
	SIM_ASSERT(job->runs == (has_run(qs_future_state(job->future)) ? 1 : 0));
	qs_future_release(job->future);
}

void jobs_end(void)
{
	join_pool(NULL);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	for (int i = 0; i < JOBS; i++)
		check_job(&jobs[i]);
	qs_stop_release(stop);
}

void jobs_release(void)
{
	for (int i = 0; i < JOBS; i++) {
		if (!jobs[i].accepted)
			continue;
		SIM_ASSERT(qs_future_is_ended(jobs[i].future) == 1);
		qs_future_release(jobs[i].future);
	}
}

/* ---- tasks ---- */

int do_job(qs_task *task, void *arg)
{
	struct job *job = arg;

	(void)task;
	QS_PLAIN_WRITE(job->runs, QS_PLAIN_READ(job->runs) + 1);
	return job->returns;
}

void pass_gate(void)
{
	while (qs__load_acquire(&gate) == 0)
		qs__park(&gate, 0, QS_NEVER);
}

int wait_at_gate(qs_task *task, void *arg)
{
	pass_gate();
	return do_job(task, arg);
}

int sleep_until_stop(qs_task *task, void *arg)
{
	(void)do_job(task, arg);
	return qs_sleep(QS_NEVER, qs_task_stop(task));
}

static void give_back(void *arg)
{
	struct job *job = arg;

	QS_PLAIN_WRITE(job->destroyed, QS_PLAIN_READ(job->destroyed) + 1);
}

int submit_until(struct job *job, qs_task_fn *body, const qs_task_options *wishes, qs_time deadline)
{
	qs_task_options options = *wishes;
	int error;

	options.destroy = give_back;
	error = qs_submit_by(&job->future, pool, body, job, &options, deadline, NULL);
	job->accepted = error == 0;
	return error;
}

int submit_with(struct job *job, qs_task_fn *body, const qs_task_options *wishes)
{
	return submit_until(job, body, wishes, QS_NOW);
}

int submit_body(struct job *job, qs_task_fn *body, qs_stop *task_stop)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.stop = task_stop;
	return submit_with(job, body, &options);
}

/* ---- what a thread does ---- */

void submit_job(void *arg)
{
	const int error = submit_body(arg, do_job, NULL);

	SIM_ASSERT(error == 0 || error == -ESHUTDOWN || error == -ECANCELED || error == -ETIMEDOUT);
}

void cancel_job(void *arg)
{
	struct job *job = arg;
	const int cancelled = qs_future_cancel(job->future);

	SIM_ASSERT(cancelled == 0 || cancelled == 1);
	if (cancelled)
		SIM_ASSERT(qs_future_state(job->future) == QS_CANCELLED);
}

void await_job(void *arg)
{
	struct job *job = arg;

	SIM_ASSERT(qs_wait(job->future, QS_NEVER, NULL) == 0);
	SIM_ASSERT(QS_PLAIN_READ(job->runs) == (has_run(qs_future_state(job->future)) ? 1 : 0));
}

void open_gate(void *arg)
{
	(void)arg;
	qs__store_release(&gate, 1);
	qs__unpark_all(&gate);
}

void ask_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

void drain_pool(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_pool_shutdown(pool, QS_DRAIN) == 0);
}

void cancel_pool(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_pool_shutdown(pool, QS_CANCEL) == 0);
}

void stop_pool(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_pool_shutdown(pool, QS_STOP) == 0);
}

void join_pool(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	SIM_ASSERT(qs_pool_join(pool, QS_NEVER, NULL, &report) == 0);
	SIM_ASSERT(report.stragglers == 0);
	check_sum(&report);
}

void join_pool_a_while(void *arg)
{
	qs_report report = QS_REPORT_INIT;

	(void)arg;
	(void)qs_pool_join(pool, qs_after_s(1), NULL, &report);
	check_sum(&report);
}
