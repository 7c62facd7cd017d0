/* SPDX-License-Identifier: MIT */
/*
 * subprocesses.c - child programs, each with a deadline of its own, of which
 * nothing is left running.
 *
 *	subprocesses SECONDS COMMAND [ARGUMENT]... [::: SECONDS COMMAND [ARGUMENT]...]...
 *
 * Four run at a time, without a shell, with nothing to read.  Each has a line when it ends: exit
 * status or signal, and its time.
 *
 * A task waits for its child's end, for the deadline, and for a stop.  Whichever came, it then ends
 * the group that the child leads: SIGTERM, SIGCONT, a second of grace, SIGKILL.  That meets what
 * the child left in the background, too, and takes no time if nothing is left.  So Ctrl-C leaves
 * nothing running, and a second one does not wait for the grace.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quiesce.h>

enum { EXIT_USAGE = 2, JOBS = 4, GRACE_MS = 1000, NS_PER_S = 1000000000, SECONDS_MAX = 1000000000 };

struct command {
	const char *const *argv;
	double seconds;
	char name[QS_NAME_SIZE];	/* its number and argv[0] */
};

static struct command *commands;	/* set before the first task starts */
static qs_stop *hard;			/* likewise */

/* A child's line.  Returns 0 if it succeeded, else any code that says how it did not. */
static int tell(const char *name, const qs_process_status *status, int waited, qs_time began)
{
	const double seconds = (double)(qs_now() - began) / NS_PER_S;
	const char *why = waited == -ETIMEDOUT ? ", out of time" : waited == -ECANCELED ? ", stopped" : "";

	if (status->signal != 0)
		printf("%s: signal %d (%s) after %.3f s%s\n", name, status->signal, strsignal(status->signal), seconds, why);
	else
		printf("%s: exit %d after %.3f s%s\n", name, status->exit_code, seconds, why);
	return waited < 0 ? waited : status->exit_code == 0 ? 0 : -ECHILD;
}

static int tell_error(const char *name, int error)
{
	printf("%s: %s\n", name, qs_strerror(error));
	return error;
}

static int run(qs_task *task, void *arg)
{
	static const qs_process_fd fds[] = { { 1, 1 }, { 2, 2 } };
	const struct command *command = arg;
	const qs_time began = qs_now();
	const qs_time deadline = began + (int64_t)(command->seconds * NS_PER_S);
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process;
	int waited, error;

	options.argv = command->argv;
	options.fds = fds;
	options.fd_count = sizeof(fds) / sizeof(fds[0]);
	error = qs_process_spawn(&process, &options, qs_task_stop(task));
	if (error < 0)
		return tell_error(command->name, error);
	waited = qs_wait_fd(qs_process_fd_of(process), POLLIN, deadline, qs_task_stop(task));
	error = qs_process_end(process, SIGTERM, qs_after_ms(GRACE_MS), hard, &status);
	qs_process_destroy(process);
	return error < 0 ? tell_error(command->name, error) : tell(command->name, &status, waited, began);
}

/* Cuts the words into commands; returns how many, 0 if they make no sense. */
static size_t split(char **words)
{
	size_t count = 0;
	char *end;

	while (*words != NULL) {
		struct command *command = &commands[count++];

		command->argv = (const char *const *)(words + 1);
		command->seconds = strtod(words[0], &end);
		if (end == words[0] || *end != '\0' || !(command->seconds >= 0 && command->seconds <= SECONDS_MAX) ||
		    words[1] == NULL || strcmp(words[1], ":::") == 0)
			return 0;
		(void)snprintf(command->name, sizeof(command->name), "%zu %s", count, words[1]);
		while (*words != NULL && strcmp(*words, ":::") != 0)
			words++;
		if (*words != NULL)
			*words++ = NULL;
	}
	return count;
}

/*
 * True if all succeeded.  The join takes no hard token: each body does, and must end,
 * for it has a group to kill.
 */
static bool run_all(qs_pool *pool, size_t count)
{
	qs_report report = QS_REPORT_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	size_t submitted = 0;
	int error = 0;

	while (error == 0 && submitted < count) {
		options.name = commands[submitted].name;
		error = qs_submit_by(NULL, pool, run, &commands[submitted], &options, QS_NEVER, NULL);
		submitted += error == 0;
	}
	(void)qs_pool_join(pool, QS_NEVER, NULL, &report);
	for (qs_future *future = NULL; (future = qs_pool_next_unstarted(pool, future)) != NULL;)
		printf("%s: never started\n", qs_future_name(future));
	(void)fprintf(stderr, "subprocesses: %zu commands: %d succeeded, %d failed, %d stopped, %d never started\n", count,
		      (int)report.ends[QS_DONE], (int)report.ends[QS_FAILED], (int)report.ends[QS_STOPPED],
		      (int)(report.ends[QS_CANCELLED] + count - submitted));
	return report.ends[QS_DONE] == count;
}

int main(int argc, char **argv)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	bool is_good = false;
	size_t count;
	int error;

	commands = calloc((size_t)argc, sizeof(*commands));
	count = commands != NULL ? split(argv + 1) : 0;
	if (count == 0) {
		(void)fprintf(stderr, "usage: subprocesses SECONDS COMMAND [ARGUMENT]... [::: SECONDS COMMAND [ARGUMENT]...]...\n");
		return EXIT_USAGE;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	error = qs_stop_on_signals(&signals, NULL);
	hard = qs_signals_hard(signals);
	options.name = "subprocesses";
	options.workers = JOBS;
	options.stop = qs_signals_soft(signals);
	if (error == 0)
		error = qs_pool_create(&pool, &options);
	if (error == 0)
		is_good = run_all(pool, count);
	else
		(void)fprintf(stderr, "subprocesses: %s\n", qs_strerror(error));
	(void)qs_pool_destroy(pool);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	return is_good && fflush(stdout) == 0 && ferror(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
