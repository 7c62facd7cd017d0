/* SPDX-License-Identifier: MIT */
/*
 * stoppable_thread.c - two threads that end the moment they are told to, and neither polls for it.
 *
 *	find . -name '*.c' | stoppable_thread
 *
 * Counts the lines of the files whose names come in, one a line.  One task reads names and puts
 * them on a queue; the other is a worker over that queue, and counts file by file, chunk by chunk.
 * Wherever a Ctrl-C meets them, they hear of it at once:
 *
 *	no name comes, or no data		qs_wait_fd() returns
 *	the queue is full, or dry		qs_queue_put() returns, or qs_queue_get()
 *	in the midst of a large file		before the next chunk, where qs_wait_fd() looks at the token
 *						and need not wait
 *
 * As long as no name comes and nobody asks, nothing in this process wakes up.
 */
#define _GNU_SOURCE	/* fopencookie() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <quiesce.h>

enum { CHUNK = 1 << 16, NAMES_AHEAD = 1000, EXIT_USAGE = 2 };

static qs_queue *names;	/* of strings, each freed by whoever has it; set before the first task starts */

struct source {
	int file;
	qs_stop *stop;
};

/*
 * As read(), but waits until there is something, or with ECANCELED until a stop; stdio
 * can read through it, too.
 */
static ssize_t read_chunk(void *source, char *chunk, size_t size)
{
	const struct source *it = source;
	ssize_t got;

	do {
		const int ready = qs_wait_fd(it->file, POLLIN, QS_NEVER, it->stop);

		errno = ready < 0 ? -ready : 0;
		got = ready < 0 ? -1 : read(it->file, chunk, size);
	} while (got < 0 && errno == EAGAIN);
	return got;
}

static int complain(const char *what, int error)
{
	(void)fprintf(stderr, "stoppable_thread: %s: %s\n", what, error == -ECANCELED ? "cut short" : qs_strerror(error));
	return error;
}

static int read_names(qs_task *task, void *unused)
{
	struct source input = { STDIN_FILENO, qs_task_stop(task) };
	FILE *lines = fopencookie(&input, "r", (cookie_io_functions_t){ .read = read_chunk });
	int error = lines != NULL ? 0 : -ENOMEM;

	(void)unused;
	while (error == 0) {
		char *name = NULL;
		const ssize_t length = getline(&name, &(size_t){ 0 }, lines);

		if (length > 0 && name[length - 1] == '\n')
			name[length - 1] = '\0';
		error = length >= 0 ? qs_queue_put(names, name, QS_NEVER, input.stop) : feof(lines) ? -ENODATA : -errno;
		if (error < 0)
			free(name);
	}
	if (lines != NULL)
		(void)fclose(lines);
	(void)qs_queue_close(names);	/* the worker ends when it has had the last one */
	return error == -ENODATA ? 0 : complain("standard input", error);
}

static int count_lines(const char *name, qs_stop *stop)
{
	struct source source = { open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), stop };
	unsigned long long lines = 0;
	char chunk[CHUNK];
	ssize_t got = -1;
	int error;

	while (source.file >= 0 && (got = read_chunk(&source, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			lines += chunk[i] == '\n';
	}
	error = got < 0 ? -errno : 0;
	if (source.file >= 0)
		(void)close(source.file);
	if (error == 0)
		printf("%llu %s\n", lines, name);
	return error == 0 ? 0 : complain(name, error);
}

static int count_files(qs_task *task, void *unused)
{
	qs_stop *stop = qs_task_stop(task);
	int result = 0, error;
	void *name;

	(void)unused;
	while ((error = qs_queue_get(names, &name, QS_NEVER, stop)) == 0) {
		result = count_lines(name, stop) < 0 ? -EIO : result;
		free(name);
	}
	return error == -ESHUTDOWN ? result : error;
}

int main(int argc, char **argv)
{
	qs_queue_options queue_options = QS_QUEUE_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	int error;

	if (argc > 1) {
		(void)fprintf(stderr, "usage: %s < NAMES\n", argv[0]);
		return EXIT_USAGE;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	error = qs_stop_on_signals(&signals, NULL);
	queue_options.limit = NAMES_AHEAD;
	queue_options.destroy = free;
	options.name = "stoppable";
	options.workers = 2;
	options.stop = qs_signals_soft(signals);
	if (error == 0 && (error = qs_queue_create(&names, &queue_options)) == 0)
		error = qs_pool_create(&pool, &options);
	if (error == 0 && (error = qs_submit(NULL, pool, read_names, NULL)) == 0)
		error = qs_submit(NULL, pool, count_files, NULL);
	(void)qs_pool_shutdown(pool, error == 0 ? QS_DRAIN : QS_STOP);
	(void)qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), &report);
	(void)qs_pool_destroy(pool);
	if (qs_stop_is_asked(options.stop) == 1)
		(void)fprintf(stderr, "stoppable_thread: %zu files not begun\n", qs_queue_count(names));
	(void)qs_stop_exit(signals);	/* returns if no signal came; else the queue is left
					   to whoever is left behind */
	qs_queue_release(names);
	if (fflush(stdout) != 0 || ferror(stdout))
		error = complain("standard output", -EIO);
	else if (error < 0)
		(void)complain("cannot start", error);
	return error == 0 && report.ends[QS_FAILED] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
