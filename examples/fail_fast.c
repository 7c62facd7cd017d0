/* SPDX-License-Identifier: MIT */
/*
 * fail_fast.c - many downloads, of which the first failure stops the rest.
 *
 *	fail_fast FOLDER SOURCE...
 *
 * A source is a file, or a named pipe that somebody fills.  Each goes to FOLDER under its own name: written beside it as
 * .NAME.part, renamed when it is whole, removed when it is not.  Four run at a time.
 *
 * A download that fails asks the pool's token before its body returns.  So nothing starts after it; those that wait for data
 * return at once; and main, which waits for the first failure, says at once what it was.
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

enum { EXIT_USAGE = 2, JOBS = 4, CHUNK = 1 << 16, PART_SIZE = NAME_MAX + sizeof(".part.") };

static int folder;		/* a descriptor; set before the first task starts */
static qs_stop *all;		/* the pool's token; likewise */

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		const ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno != EINTR)
			return -errno;
		bytes += written > 0 ? written : 0;
		count -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* Chunk by chunk; -ECANCELED at the first one after a stop, or in the middle of the wait for one. */
static int copy(int from, int to, qs_stop *stop)
{
	char chunk[CHUNK];
	ssize_t got;
	int error;

	do {
		error = qs_wait_fd(from, POLLIN, QS_NEVER, stop);
		if (error < 0)
			return error;
		got = read(from, chunk, sizeof(chunk));
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		error = write_all(to, chunk, got > 0 ? (size_t)got : 0);
	} while (got != 0 && error == 0);
	return error;
}

static int fetch(const char *source, qs_stop *stop)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash != NULL ? slash + 1 : source;
	const int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char part[PART_SIZE];
	int to = -1;
	int error;

	(void)snprintf(part, sizeof(part), ".%s.part", name);
	if (from >= 0)
		to = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	error = to < 0 ? -errno : copy(from, to, stop);
	if (to >= 0 && close(to) < 0 && error == 0)
		error = -errno;
	if (error == 0 && renameat(folder, part, folder, name) < 0)
		error = -errno;
	if (error < 0 && to >= 0)
		(void)unlinkat(folder, part, 0);
	if (from >= 0)
		(void)close(from);
	return error;
}

static int download(qs_task *task, void *source)
{
	const int error = fetch(source, qs_task_stop(task));

	if (error == 0 || error == -ECANCELED)
		return error;
	(void)qs_stop_ask(all, error, "another download failed");
	return qs_task_fail(task, error, "%s: %s", (const char *)source, qs_strerror(error));
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
	(void)fprintf(stderr, "fail_fast: %zu sources: %d whole, %d failed, %d stopped, %d never started\n", count,
		      (int)report.ends[QS_DONE], (int)report.ends[QS_FAILED], (int)report.ends[QS_STOPPED],
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
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = folder < 0 ? -errno : qs_stop_on_signals(&signals, NULL);
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
