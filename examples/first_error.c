/* SPDX-License-Identifier: MIT */
/*
 * first_error.c - what becomes of the other tasks when one fails, in three ways.
 *
 *	first_error drain|background|cancel [MILLISECONDS]
 *
 * Nine tasks of 200 ms each (unless told otherwise); the fifth fails.  When its failure
 * is handed out, the program
 *
 *	drain		waits until all the others have run, then goes on; three workers
 *	background	takes no more tasks and goes on at once, while the others run; three workers
 *	cancel		cancels those that have not begun and goes on at once; two workers
 *
 * To go on means to take the next future from as-completed.  In each way it hands out all nine,
 * each once, cancelled ones too; before each result there is a line with all states.  Exit status
 * 1, for one task has failed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quiesce.h>

enum { TASKS = 9, FAILING = 5, EXIT_USAGE = 2 };

static const struct way {
	const char *name;
	unsigned workers;
	qs_shutdown_mode mode;
	bool is_waited_for;
} ways[] = {
	{ "drain", 3, QS_DRAIN, true },
	{ "background", 3, QS_DRAIN, false },
	{ "cancel", 2, QS_CANCEL, false },
	{ NULL, 0, QS_DRAIN, false },
};

static int work(qs_task *task, void *milliseconds)
{
	const int error = qs_sleep(qs_after_ms(*(const long *)milliseconds), qs_task_stop(task));
	const int number = atoi(qs_task_name(task));

	if (error == 0 && number == FAILING)
		return qs_task_fail(task, -EDOM, "task %d does not like its number", number);
	return error < 0 ? error : number * number;
}

/* Prints what all are, and how one ended; true if it is a failure. */
static bool print_end(qs_future **futures, const qs_future *future)
{
	const qs_state state = (qs_state)qs_future_state(future);

	for (int i = 0; i < TASKS; i++)
		printf("%s %s", i == 0 ? "states:" : "", qs_state_name((qs_state)qs_future_state(futures[i])));
	printf("\n");
	if (state == QS_DONE)
		printf("task %s: done, %d\n", qs_future_name(future), qs_future_value(future));
	else
		printf("task %s: %s, %s\n", qs_future_name(future), qs_state_name(state), qs_future_message(future));
	return state == QS_FAILED;
}

/* Hands out all futures; does what the way says at the first failure.  Returns 1 if there was one. */
static int hand_out(const struct way *way, qs_pool *pool, qs_future **futures, qs_stop *hard)
{
	qs_as_completed *set = NULL;
	qs_future *future = NULL;
	bool has_failed = false;
	int result = qs_as_completed_create(&set, futures, TASKS);

	while (result >= 0 && (result = qs_as_completed_next(set, &future, QS_NEVER, hard)) == 1) {
		if (!print_end(futures, future) || has_failed)
			continue;
		has_failed = true;
		(void)qs_pool_shutdown(pool, way->mode);
		if (way->is_waited_for)
			(void)qs_pool_join(pool, QS_NEVER, hard, NULL);
	}
	qs_as_completed_destroy(set);
	return result < 0 ? result : has_failed;
}

static int run(const struct way *way, qs_signals *signals, long *milliseconds)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_task_options task_options = QS_TASK_OPTIONS_INIT;
	qs_future *futures[TASKS] = { NULL };
	qs_pool *pool;
	int result;

	options.name = "first_error";
	options.workers = way->workers;
	options.stop = qs_signals_soft(signals);
	result = qs_pool_create(&pool, &options);
	if (result < 0)
		return result;
	for (int i = 0; i < TASKS && result == 0; i++) {
		task_options.name = (const char[]){ (char)('1' + i), '\0' };
		result = qs_submit_by(&futures[i], pool, work, milliseconds, &task_options, QS_NOW, NULL);
	}
	if (result == 0)
		result = hand_out(way, pool, futures, qs_signals_hard(signals));
	(void)qs_pool_shutdown(pool, result >= 0 ? QS_DRAIN : QS_STOP);
	(void)qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), NULL);
	(void)qs_pool_destroy(pool);
	for (int i = 0; i < TASKS; i++)
		qs_future_release(futures[i]);
	return result;
}

/* A number of milliseconds, or -1. */
static long parse(const char *text)
{
	char *end;
	long milliseconds;

	errno = 0;
	milliseconds = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' ? milliseconds : -1;
}

int main(int argc, char **argv)
{
	static long milliseconds = 200;	/* static: a task that is left behind may still look at it */
	const struct way *way = ways;
	qs_signals *signals = NULL;
	int result;

	while (way->name != NULL && (argc < 2 || strcmp(argv[1], way->name) != 0))
		way++;
	if (argc > 2)
		milliseconds = parse(argv[2]);
	if (way->name == NULL || argc > 3 || milliseconds < 0) {
		(void)fprintf(stderr, "usage: first_error drain|background|cancel [MILLISECONDS]\n");
		return EXIT_USAGE;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	result = qs_stop_on_signals(&signals, NULL);
	if (result == 0)
		result = run(way, signals, &milliseconds);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (result < 0)
		(void)fprintf(stderr, "first_error: %s\n", qs_strerror(result));
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	(void)fprintf(stderr, "first_error: cannot write to standard output\n");
	return EXIT_FAILURE;
}
