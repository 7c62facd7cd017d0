/* SPDX-License-Identifier: MIT */
/*
 * job.c - the life of one job, on the worker that runs its task.
 *
 *	waiting -> (slot, words) -> started -> told -> ended -> drained -> written
 *	                                \-------------^
 *
 * started: the worker sleeps in one poll() on the two pipes, the process and the run's stop.
 * told:    the run was stopped, and the job's group got the signal that stopped it.  The worker goes on collecting; what
 *          hurries the job after that is the hard token (here) and the warden (for whoever left the group).
 * ended:   the leader is dead but not yet waited for, so its group's number cannot be anybody else's.  In a stopped run the
 *          rest of the group gets TERM now.
 * drained: what was in the pipes is read; a process that the job left behind may hold them open for ever, so their end is
 *          not waited for beyond a short while.
 *
 * The output of a job that ended by itself is written at once.  That of a job that we stopped is kept for the end.
 */
#include "job.h"

#include "kin.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_NS INT64_C(100000000)	/* what the processes that a job left behind have to finish their last words */
#define BURY_EVERY 64			/* jobs: so many dead orphans there are at most, if each job leaves one */
#define JOB_NAME_BYTES (TEXT_ITEM_BYTES + 32)	/* "job 12 (item)" */
#define HOW_BYTES 48				/* "was killed by SIGVTALRM" */
#define RETRIES 8			/* of a start for which the system had no room */
#define RETRY_NS INT64_C(10000000)	/* the first pause; it doubles: 2.5 s together */

struct job {
	struct run *run;
	uint64_t number;
	bool is_too_long;	/* only its beginning is here */
	bool has_run;
	char item[];		/* ends in NUL */
};

/* What a worker holds while its job runs. */
struct watch {
	struct run *run;
	struct slot *slot;
	qs_process *process;
	int out;		/* reading ends; -1 = closed, or there is none */
	int err;
	bool was_told;
};

/* ---- Starting ---- */

/* Both ends close on exec; ours does not wait. */
static int open_pipe(int *out_ours, int *out_theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*out_ours = ends[0];
	*out_theirs = ends[1];
	return 0;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct watch *watch, int out, int err)
{
	const qs_process_fd fds[] = { { STDOUT_FILENO, out }, { STDERR_FILENO, err } };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;

	options.flags = QS_PROCESS_MASK;
	options.mask = &watch->run->birth->mask;
	options.argv = watch->slot->arguments.words;
	options.fds = fds;
	options.fd_count = sizeof(fds) / sizeof(*fds);
	/* No stop here: it would kill a job that has just begun.  The watch sees the stop at once and asks politely. */
	return qs_process_spawn(&watch->process, &options, NULL);
}

static int spawn_with_pipes(struct watch *watch)
{
	int out = -1, err = -1;
	int error = open_pipe(&watch->out, &out);

	if (!error)
		error = open_pipe(&watch->err, &err);
	if (!error)
		error = spawn(watch, out, err);
	close_if_open(&out);
	close_if_open(&err);
	if (error) {
		close_if_open(&watch->out);
		close_if_open(&watch->err);
	}
	return error;
}

static bool may_pass(int error)
{
	return error == -EAGAIN || error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int start(struct watch *watch)
{
	int64_t pause = RETRY_NS;
	int error;

	for (int i = 0;; i++) {
		if (qs_stop_is_asked(watch->run->stop))
			return -ECANCELED;
		error = watch->run->options->straight ? spawn(watch, STDOUT_FILENO, STDERR_FILENO) : spawn_with_pipes(watch);
		if (!may_pass(error) || i == RETRIES)
			return error;
		if (qs_sleep(qs_after_ns(pause), watch->run->stop) < 0)
			return -ECANCELED;
		pause *= 2;
	}
}

/* ---- Collecting ---- */

static int stop_signal(struct run *run)
{
	qs_cause cause = QS_CAUSE_INIT;

	if (qs_stop_cause(run->stop, &cause) == 1 && cause.kind == QS_CAUSE_SIGNAL && cause.signal != SIGQUIT)
		return cause.signal;
	return SIGTERM;
}

static void tell(struct watch *watch)
{
	const int signal = stop_signal(watch->run);

	qs_process_signal(watch->process, signal);
	qs_process_signal(watch->process, SIGCONT);
	if (signal != SIGTERM)
		kin_tell_the_deaf(qs_process_pid(watch->process), signal);
	watch->was_told = true;
}

/* The leader is dead; in a stopped run, what is left of its group is told by TERM. */
static void tell_the_rest(struct watch *watch)
{
	if (!qs_stop_is_asked(watch->run->stop))
		return;
	qs_process_signal(watch->process, SIGTERM);
	qs_process_signal(watch->process, SIGCONT);
}

static void spool_trouble(struct run *run, int error)
{
	char shown[TEXT_NAME_BYTES];
	char what[TEXT_NAME_BYTES + 32];

	snprintf(what, sizeof(what), "waiting output in %s (TMPDIR)", text_name(shown, run->spool.folder));
	run_trouble(run, what, error);
}

/* Reads one stream once; closes it at its end, and when no more of it can be kept, which ends the run. */
static int read_stream(struct watch *watch, int *fd, struct capture *capture)
{
	const int got = capture_read(capture, &watch->run->spool, *fd);

	if (got > 0 || got == -EAGAIN)
		return got;
	close_if_open(fd);
	if (got < 0)
		spool_trouble(watch->run, got);
	return got;
}

/* All that is in a pipe at this moment: no more than it can hold, however fast somebody goes on writing. */
static void empty_stream(struct watch *watch, int *fd, struct capture *capture)
{
	const int size = *fd >= 0 ? fcntl(*fd, F_GETPIPE_SZ) : 0;
	int left = size > 0 ? size : 0;

	while (left > 0 && *fd >= 0) {
		const int got = read_stream(watch, fd, capture);

		if (got <= 0)
			break;
		left -= got;
	}
}

enum watched { WATCHED_OUT, WATCHED_ERR, WATCHED_PROCESS, WATCHED_STOP, WATCHED };

static int poll_timeout(qs_time until)
{
	const int64_t left = until == QS_NEVER ? -1 : until - qs_now();

	if (until == QS_NEVER)
		return -1;
	return left > 0 ? (int)(left / 1000000) + 1 : 0;
}

static bool is_over(const struct watch *watch, bool has_ended, qs_time drain_until)
{
	if (!has_ended)
		return false;
	return (watch->out < 0 && watch->err < 0) || qs_now() >= drain_until;
}

/* Until the job has ended and its output is here. */
static void collect(struct watch *watch)
{
	struct run *const run = watch->run;
	struct pollfd fds[WATCHED] = {
		[WATCHED_OUT] = { .events = POLLIN },
		[WATCHED_ERR] = { .events = POLLIN },
		[WATCHED_PROCESS] = { .fd = qs_process_fd_of(watch->process), .events = POLLIN },
		[WATCHED_STOP] = { .fd = run->stop_fd, .events = POLLIN },
	};
	qs_time drain_until = QS_NEVER;
	bool has_ended = false;

	while (!is_over(watch, has_ended, drain_until)) {
		fds[WATCHED_OUT].fd = watch->out;
		fds[WATCHED_ERR].fd = watch->err;
		if (poll(fds, WATCHED, poll_timeout(drain_until)) < 0)
			continue;
		if (fds[WATCHED_OUT].revents)
			read_stream(watch, &watch->out, &watch->slot->out);
		if (fds[WATCHED_ERR].revents)
			read_stream(watch, &watch->err, &watch->slot->err);
		if (fds[WATCHED_STOP].revents && !watch->was_told) {
			tell(watch);
			fds[WATCHED_STOP].fd = run->hard_fd;
		} else if (fds[WATCHED_STOP].revents) {
			qs_process_signal(watch->process, SIGKILL);
			fds[WATCHED_STOP].fd = -1;
		}
		if (fds[WATCHED_PROCESS].revents) {
			has_ended = true;
			fds[WATCHED_PROCESS].fd = -1;
			tell_the_rest(watch);
			empty_stream(watch, &watch->out, &watch->slot->out);
			empty_stream(watch, &watch->err, &watch->slot->err);
			drain_until = qs_after_ns(DRAIN_NS);
		}
	}
	close_if_open(&watch->out);
	close_if_open(&watch->err);
}

/* ---- Ending ---- */

/* "job 12 (item)", as it stands in messages. */
static const char *name_job(char *out, const struct job *job)
{
	char excerpt[TEXT_ITEM_BYTES];

	snprintf(out, JOB_NAME_BYTES, "job %" PRIu64 " (%s)", job->number,
		 text_item(excerpt, job->item, strlen(job->item)));
	return out;
}

/* `how` says what became of the job: it follows its name in the report. */
static void fail_fast(struct run *run, const struct job *job, int exit_code, const char *how)
{
	char name[JOB_NAME_BYTES];
	char why[STATUS_WHY_BYTES];

	if (!run->options->fail_fast)
		return;
	snprintf(why, sizeof(why), "%s %s", name_job(name, job), how);
	run_end(run, ENDING_FAIL_FAST, exit_code, why);
}

static void fail_fast_by_end(struct run *run, const struct job *job, const qs_process_status *status)
{
	char signal[TEXT_SIGNAL_BYTES];
	char how[HOW_BYTES];

	if (status->signal) {
		snprintf(how, sizeof(how), "was killed by %s", text_signal(signal, status->signal));
		fail_fast(run, job, EXIT_OF_SIGNAL + status->signal, how);
	} else {
		snprintf(how, sizeof(how), "failed with status %d", status->exit_code);
		fail_fast(run, job, status->exit_code, how);
	}
}

/* Says why it could not be started, if that is news, and what this means for the run. */
static enum job_end judge_start(struct run *run, const struct job *job, const char *command, int error)
{
	char name[JOB_NAME_BYTES];
	char shown[TEXT_NAME_BYTES];
	const bool is_unknown = error == -ENOENT || error == -ENOTDIR;

	if (error == -ECANCELED)
		return JOB_NOT_STARTED;
	if (error == -E2BIG || may_pass(error)) {
		screen_say(&run->screen, "%s: %s", name_job(name, job), qs_strerror(error));
		fail_fast(run, job, EXIT_OF_UNRUNNABLE, "could not be started");
		return JOB_FAILED;
	}
	if (run_end(run, ENDING_COMMAND, is_unknown ? EXIT_OF_UNKNOWN : EXIT_OF_UNRUNNABLE, NULL))
		screen_say(&run->screen, "%s: %s", text_name(shown, command),
			   error == -ENOENT && !strchr(command, '/') ? "command not found" : qs_strerror(error));
	return JOB_NOT_STARTED;
}

static enum job_end judge_end(struct run *run, const struct job *job, const struct watch *watch,
			      const qs_process_status *status)
{
	char name[JOB_NAME_BYTES];
	char signal[TEXT_SIGNAL_BYTES];

	if (!status->signal && status->exit_code == 0)
		return JOB_DONE;
	if (watch->was_told)
		return JOB_STOPPED;
	if (status->signal == SIGPIPE && run->options->straight && screen_reader_is_gone(&run->screen))
		run_end(run, ENDING_READER_GONE, 0, NULL);
	else if (status->signal)
		screen_say(&run->screen, "%s: killed by %s%s", name_job(name, job), text_signal(signal, status->signal),
			   status->dumped_core ? " (core dumped)" : "");
	fail_fast_by_end(run, job, status);
	return JOB_FAILED;
}

static void write_output(struct run *run, struct slot *slot)
{
	const int error = screen_write_job(&run->screen, &run->spool, &slot->out, &slot->err);

	if (error == -EPIPE && sigismember(&run->birth->ignored, SIGPIPE) == 0)
		run_end(run, ENDING_READER_GONE, 0, NULL);
	else if (error && error != -ECANCELED)
		run_trouble(run, run->screen.out.error ? run->screen.out.name : run->screen.err.name, error);
}

static enum job_end see_through(struct run *run, struct job *job, struct watch *watch)
{
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	int error;

	job->has_run = true;
	collect(watch);
	error = qs_process_wait(watch->process, QS_NEVER, NULL, &status);
	qs_process_destroy(watch->process);
	if (error) {	/* its status was taken from us: not to be called a success */
		run_trouble(run, "status of a job", error);
		return JOB_FAILED;
	}
	return judge_end(run, job, watch, &status);
}

static enum job_end start_and_see_through(struct run *run, struct job *job, struct slot *slot)
{
	const struct filling filling = { job->item, strlen(job->item), job->number, slot->number };
	struct watch watch = { .run = run, .slot = slot, .out = -1, .err = -1 };
	int error;

	error = job->is_too_long ? -E2BIG : command_fill(&run->command, &filling, &slot->arguments);
	if (!error)
		error = start(&watch);
	if (error)
		return judge_start(run, job, error == -E2BIG ? "" : slot->arguments.words[0], error);
	return see_through(run, job, &watch);
}

static void bury_orphans(struct run *run)
{
	struct kin_list living = { 0 };

	if (pthread_mutex_trylock(&run->burial) != 0)
		return;
	kin_adopted(&living);
	pthread_mutex_unlock(&run->burial);
	kin_list_clear(&living);
}

static int run_job(qs_task *task, void *arg)
{
	struct job *const job = arg;
	struct run *const run = job->run;
	struct slot *const slot = slots_take(&run->slots, job->number);
	enum job_end end;

	(void)task;
	if (!slot) {
		run_trouble(run, "memory for a job", -ENOMEM);
		return -ENOMEM;
	}
	status_job_starts(&run->status);
	end = start_and_see_through(run, job, slot);
	job->has_run = true;
	if (end == JOB_STOPPED) {
		slots_keep(&run->slots, slot);
	} else {
		write_output(run, slot);
		slots_give_back(&run->slots, slot);
	}
	if (status_job_ends(&run->status, end) % BURY_EVERY == 0)
		bury_orphans(run);
	return end == JOB_DONE ? 0 : end == JOB_FAILED ? -ECHILD : -ECANCELED;
}

/* ---- Handing over ---- */

static void destroy_job(void *arg)
{
	struct job *const job = arg;

	if (!job->has_run)
		status_not_started(&job->run->status);
	free(job);
}

static struct job *make_job(struct run *run, const struct item *item, uint64_t number)
{
	struct job *const job = malloc(sizeof(*job) + item->kept + 1);

	if (!job)
		return NULL;
	*job = (struct job){ .run = run, .number = number, .is_too_long = item->length > item->kept };
	memcpy(job->item, item->text, item->kept);
	job->item[item->kept] = '\0';
	return job;
}

int job_submit(struct run *run, qs_pool *pool, const struct item *item, uint64_t number)
{
	struct job *const job = make_job(run, item, number);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error;

	if (!job) {
		status_not_started(&run->status);
		return -ENOMEM;
	}
	options.name = job->item;
	options.destroy = destroy_job;
	error = qs_submit_by(NULL, pool, run_job, job, &options, QS_NEVER, run->stop);
	if (error)
		destroy_job(job);
	return error;
}
