/* SPDX-License-Identifier: MIT */
/*
 * control_c.c - one Ctrl-C ends a program at once, though its tasks sleep
 * and its main thread waits.
 *
 *	control_c [SECONDS]
 *
 * Jack and Jill wait, 100 s unless told otherwise.  Ctrl-C asks the soft token, which is above the
 * pool's and so above each task's: both sleeps return at that moment, their futures end, and main,
 * which waits for nothing but futures, hands them out and leaves.  The shell sees a death by
 * SIGINT.  A second Ctrl-C would not wait for a task that does not listen.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <quiesce.h>

enum { PEOPLE = 2, EXIT_USAGE = 2 };

static const char *const people[PEOPLE] = { "Jack", "Jill" };

static int wait_long(qs_task *task, void *seconds)
{
	printf("%s is waiting...\n", qs_task_name(task));
	return qs_sleep(qs_after_s(*(const int *)seconds), qs_task_stop(task));
}

/* Futures that were not made stay NULL. */
static int submit_all(qs_future **futures, qs_pool *pool, int *seconds)
{
	int error = 0;

	for (int i = 0; i < PEOPLE && error == 0; i++) {
		qs_task_options options = QS_TASK_OPTIONS_INIT;

		options.name = people[i];
		error = qs_submit_by(&futures[i], pool, wait_long, seconds, &options, QS_NOW, NULL);
	}
	return error;
}

/*
 * Says how each wait ended, as it ends.  Stopped tasks end, too: only the hard
 * token makes main give up.
 */
static int hand_out(qs_future **futures, qs_stop *hard)
{
	qs_as_completed *set = NULL;
	qs_future *future = NULL;
	int result = qs_as_completed_create(&set, futures, PEOPLE);

	if (result < 0)
		return result;
	while ((result = qs_as_completed_next(set, &future, QS_NEVER, hard)) == 1)
		printf("%s: %s\n", qs_future_name(future), qs_state_name((qs_state)qs_future_state(future)));
	qs_as_completed_destroy(set);
	return result;
}

/* Takes the pool down and says in one line what cut it short, if anything did. */
static void finish(qs_pool *pool, qs_signals *signals, qs_shutdown_mode mode)
{
	qs_report report = QS_REPORT_INIT;
	qs_cause cause = QS_CAUSE_INIT;

	(void)qs_pool_shutdown(pool, mode);
	(void)qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), &report);
	(void)qs_pool_destroy(pool);
	if (qs_stop_cause(qs_signals_soft(signals), &cause) == 1)
		(void)fprintf(stderr, "control_c: %s: %d of %d ended in time, %u left behind\n", cause.text,
			      (int)report.ends[QS_DONE], PEOPLE, report.stragglers);
}

static int run(qs_signals *signals, int *seconds)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *futures[PEOPLE] = { NULL };
	qs_pool *pool = NULL;
	int error;

	options.name = "control_c";
	options.workers = PEOPLE;
	options.stop = qs_signals_soft(signals);
	error = qs_pool_create(&pool, &options);
	if (error < 0)
		return error;
	error = submit_all(futures, pool, seconds);
	if (error == 0)
		error = hand_out(futures, qs_signals_hard(signals));
	finish(pool, signals, error == 0 ? QS_DRAIN : QS_STOP);
	for (int i = 0; i < PEOPLE; i++)
		qs_future_release(futures[i]);
	return error;
}

/* A number of seconds, or -1. */
static int parse(const char *text)
{
	char *end;
	long seconds;

	errno = 0;
	seconds = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && seconds >= 0 && seconds <= INT_MAX ? (int)seconds : -1;
}

int main(int argc, char **argv)
{
	static int seconds = 100;	/* static: a task that is left behind may still look at it */
	qs_signals *signals = NULL;
	int error;

	if (argc > 1)
		seconds = parse(argv[1]);
	if (argc > 2 || seconds < 0) {
		(void)fprintf(stderr, "usage: control_c [SECONDS]\n");
		return EXIT_USAGE;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	error = qs_stop_on_signals(&signals, NULL);
	if (error == 0)
		error = run(signals, &seconds);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (error < 0)
		(void)fprintf(stderr, "control_c: %s\n", qs_strerror(error));
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	(void)fprintf(stderr, "control_c: cannot write to standard output\n");
	return EXIT_FAILURE;
}
