/* SPDX-License-Identifier: MIT */
/*
 * idle.c - how often the threads of an idle pool wake up: never, it is hoped.
 *
 *	idle [SECONDS]		10 s unless told otherwise
 *
 * A pool that has worked, its workers all there; the attendant, for signals and for a deadline that
 * is far away; a thread that waits for a task which waits for a stop.  The kernel counts how often
 * each thread has gone to sleep; this program counts the difference over the time, its own main
 * thread apart.  Exit status 1 if it is not 0.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <quiesce.h>

#include "support/measure.h"

enum { SETTLE_MS = 200 };

static int nothing(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

static int wait_for_stop(qs_task *task, void *arg)
{
	(void)arg;
	return qs_sleep(QS_NEVER, qs_task_stop(task));
}

static int wait_for_future(qs_task *task, void *future)
{
	return qs_wait(future, QS_NEVER, qs_task_stop(task));
}

/* How often this thread has gone to sleep, or 0 if it is gone. */
static long sleeps_of(const char *thread)
{
	char path[64], line[128];
	long sleeps = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", thread);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps);
	if (file != NULL)
		(void)fclose(file);
	return sleeps;
}

/* The sum over all threads but this one. */
static long sleeps_of_all(int *out_threads)
{
	DIR *folder = opendir("/proc/self/task");
	const struct dirent *entry;
	long sum = 0;

	*out_threads = 0;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == (int)getpid())
			continue;
		sum += sleeps_of(entry->d_name);
		(*out_threads)++;
	}
	if (folder != NULL)
		(void)closedir(folder);
	return sum;
}

static void measure(unsigned seconds)
{
	int threads, threads_before;
	long before, after;

	measure_must("qs_sleep", qs_sleep(qs_after_ms(SETTLE_MS), NULL));
	before = sleeps_of_all(&threads_before);
	measure_must("qs_sleep", qs_sleep(qs_after_s(seconds), NULL));
	after = sleeps_of_all(&threads);
	printf("%ld wake-ups of %d threads in %u s\n", after - before, threads, seconds);
	if (after != before || threads != threads_before)
		exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	const unsigned seconds = measure_rounds(argc, argv, 10);
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_stop_options far = QS_STOP_OPTIONS_INIT;
	qs_signals *signals = NULL;
	qs_stop *deadline = NULL;
	qs_future *sleeper = NULL;
	qs_pool *pool = NULL;

	measure_heading("idle: wake-ups while nothing happens");
	measure_must("qs_stop_on_signals", qs_stop_on_signals(&signals, NULL));
	far.parent = qs_signals_soft(signals);
	far.deadline = qs_after_s(3600);
	measure_must("qs_stop_create", qs_stop_create(&deadline, &far));
	options.stop = deadline;
	options.workers = 6;
	measure_must("qs_pool_create", qs_pool_create(&pool, &options));
	measure_must("qs_submit", qs_submit(&sleeper, pool, wait_for_stop, NULL));
	measure_must("qs_submit", qs_submit(NULL, pool, wait_for_future, sleeper));
	for (int i = 0; i < 1000; i++)
		measure_must("qs_submit", qs_submit(NULL, pool, nothing, NULL));
	measure(seconds);
	(void)qs_stop_ask(deadline, 0, NULL);
	measure_must("qs_pool_join", qs_pool_join(pool, QS_NEVER, NULL, NULL));
	measure_must("qs_pool_destroy", qs_pool_destroy(pool));
	qs_future_release(sleeper);
	qs_stop_release(deadline);
	(void)qs_stop_exit(signals);
	return EXIT_SUCCESS;
}
