/* SPDX-License-Identifier: MIT */
/*
 * fail_fast.c - many downloads, of which the first failure stops the rest.
 *
 *	fail_fast FOLDER SOURCE...
 *
 * A source is a file, or a named pipe that somebody fills.  Each goes to FOLDER under its
 * own name: written beside it as .NAME.part, renamed when it is whole, removed when it is
 * not.  Four run at a time.
 *
 * A download that fails asks the pool's token before its body returns.  So nothing starts after
 * it; those that wait for data return at once; and main, which waits for the first failure,
 * says at once what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quiesce.h>

enum { EXIT_USAGE = 2, JOBS = 4, CHUNK = 1 << 16 };

static const char *folder;	/* set before the first task starts */
static qs_stop *all;		/* the pool's token; likewise */

/* Asks the others to stop, and says which file it was.  Who was stopped has not failed. */
static int fail(qs_task *task, int error, const char *path)
{
	if (error == -ECANCELED)
		return error;
	(void)qs_stop_ask(all, error, "another download failed");
	return qs_task_fail(task, error, "%s: %s%s", path, qs_strerror(error),
			    error == -EEXIST ? " (it is being written, or a run that was killed left it)" : "");
}

/* Chunk by chunk; -ECANCELED at the first one after a stop, or in the middle of the wait for one. */
static int copy(qs_task *task, int from, const char *source, FILE *to, const char *part)
{
	char chunk[CHUNK];
	ssize_t got;

	do {
		const int error = qs_wait_fd(from, POLLIN, QS_NEVER, qs_task_stop(task));

		if (error < 0)
			return fail(task, error, source);
		got = read(from, chunk, sizeof(chunk));
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return fail(task, -errno, source);
		if (got > 0 && fwrite(chunk, 1, (size_t)got, to) < (size_t)got)
			return fail(task, -errno, part);
	} while (got != 0);
	return 0;
}

static int fetch(qs_task *task, int from, const char *source)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash != NULL ? slash + 1 : source;
	char part[PATH_MAX], whole[PATH_MAX];
	FILE *to;
	int error;

	if (snprintf(part, sizeof(part), "%s/.%s.part", folder, name) >= PATH_MAX)
		return fail(task, -ENAMETOOLONG, source);
	(void)snprintf(whole, sizeof(whole), "%s/%s", folder, name);
	to = fopen(part, "wxe");		/* x: unless it is there */
	if (to == NULL)
		return fail(task, -errno, part);
	error = copy(task, from, source, to, part);
	if (fclose(to) != 0 && error == 0)
		error = fail(task, -errno, part);
	if (error == 0 && rename(part, whole) < 0)
		error = fail(task, -errno, whole);
	if (error < 0)
		(void)unlink(part);
	return error;
}

static int download(qs_task *task, void *source)
{
	const int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const int error = from < 0 ? fail(task, -errno, source) : fetch(task, from, source);

	if (from >= 0)
		(void)close(from);
	return error;
}

/* Hands the sources over, waits, and says what went wrong as soon as it has. */
static int download_all(qs_pool *pool, char **sources, size_t count, qs_stop *hard)
{
	qs_future **futures = calloc(count, sizeof(*futures));
	qs_report report = QS_REPORT_INIT;
	size_t submitted = 0, failed;
	int result = futures != NULL ? 0 : -ENOMEM;

	while (result == 0 && submitted < count) {
		result = qs_submit(&futures[submitted], pool, download, sources[submitted]);
		submitted += result == 0;
	}
	if (result == 0 || result == -ECANCELED)	/* one may have failed before the last was submitted */
		result = qs_wait_first_failure(&failed, futures, submitted, QS_NEVER, hard);
	if (result == 1)
		(void)fprintf(stderr, "fail_fast: %s\n", qs_future_message(futures[failed]));
	(void)qs_pool_shutdown(pool, result == 0 ? QS_DRAIN : QS_STOP);
	(void)qs_pool_join(pool, QS_NEVER, hard, &report);
	(void)fprintf(stderr, "fail_fast: %zu source%s: %d whole, %d failed, %d stopped, %d never started\n", count,
		      count == 1 ? "" : "s", (int)report.ends[QS_DONE], (int)report.ends[QS_FAILED], (int)report.ends[QS_STOPPED],
		      (int)(count - submitted + report.ends[QS_CANCELLED]));
	while (submitted > 0)
		qs_future_release(futures[--submitted]);
	free(futures);
	return result;
}

int main(int argc, char **argv)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	int result;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: fail_fast FOLDER SOURCE...\n");
		return EXIT_USAGE;
	}
	folder = argv[1];
	if (access(folder, F_OK) < 0) {
		(void)fprintf(stderr, "fail_fast: %s: %s\n", folder, qs_strerror(-errno));
		return EXIT_FAILURE;
	}
	result = qs_stop_on_signals(&signals, NULL);
	options.name = "fail_fast";
	options.workers = JOBS;
	options.stop = qs_signals_soft(signals);
	if (result == 0)
		result = qs_pool_create(&pool, &options);
	all = qs_pool_stop(pool);
	if (result == 0)
		result = download_all(pool, argv + 2, (size_t)argc - 2, qs_signals_hard(signals));
	if (result < 0)
		(void)fprintf(stderr, "fail_fast: %s\n", qs_strerror(result));
	(void)qs_pool_destroy(pool);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
