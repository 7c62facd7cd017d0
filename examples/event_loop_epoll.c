/* SPDX-License-Identifier: MIT */
/*
 * event_loop_epoll.c - a loop that waits in epoll alone, and gives away what takes long.
 *
 *	event_loop_epoll	names of files, one a line, from a pipe or a terminal: epoll takes no
 *				regular file
 *
 * Counts the lines of each file.  A name becomes a task, and its future goes into a set, whose
 * descriptor says when there is an answer to print.  A signal is one more descriptor.  So a file
 * that takes long, such as a named pipe that nobody fills, holds up neither the input nor the other
 * answers, and Ctrl-C ends it all at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <quiesce.h>

static struct loop {
	int epoll;
	bool is_reading;
	qs_pool *pool;
	qs_as_completed *set;
	size_t length;
	char name[BUFSIZ];	/* what has come of a line; one that is cut is too long
				   for the system all the same */
} loop = { .is_reading = true };

/*
 * The body of a task: it may take long, and hears of a stop meanwhile.  Returns the count, and
 * keeps the name for the answer.
 */
static int count_lines(qs_task *task, void *name)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int lines = 0, error = fd < 0 ? -errno : 0;
	char chunk[BUFSIZ];

	(void)qs_task_set_result(task, strdup(name), free);
	for (ssize_t got = 1; error >= 0 && got > 0;) {
		error = qs_wait_fd(fd, POLLIN, QS_NEVER, qs_task_stop(task));
		if (error >= 0 && (got = read(fd, chunk, sizeof(chunk))) < 0)
			error = -errno;
		for (ssize_t i = 0; i < got && error >= 0; i++)
			lines += chunk[i] == '\n';
	}
	(void)close(fd);
	return error < 0 ? error : lines;
}

/* Gives a name away; the answer comes by the set. */
static int submit(void)
{
	char *name = strndup(loop.name, loop.length);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = NULL;
	int result = -ENOMEM;

	loop.length = 0;
	options.name = name;
	options.destroy = free;
	if (name != NULL)
		result = qs_submit_by(&future, loop.pool, count_lines, name, &options, QS_NOW, NULL);
	if (result == 0)
		result = qs_as_completed_add(loop.set, future);
	else
		free(name);
	qs_future_release(future);
	return result == -ECANCELED ? 0 : result;	/* the loop hears of a stop by itself */
}

static int take_input(void)
{
	char chunk[BUFSIZ];
	const ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));
	int result = got < 0 && errno != EAGAIN ? -errno : 0;

	for (ssize_t i = 0; i < got && result >= 0; i++)
		if (chunk[i] == '\n')
			result = submit();
		else if (loop.length < BUFSIZ)
			loop.name[loop.length++] = chunk[i];
	if (got != 0)
		return result;
	loop.is_reading = false;
	(void)epoll_ctl(loop.epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	return loop.length > 0 ? submit() : 0;
}

/* Prints the answers that are there; true if more are to come. */
static bool hand_out(void)
{
	qs_future *future;
	int result;

	while ((result = qs_as_completed_next(loop.set, &future, QS_NOW, NULL)) == 1) {
		/* What never ran has the copied name, which may be cut. */
		const char *name = qs_future_result(future) != NULL ? qs_future_result(future) : qs_future_name(future);
		const qs_state state = (qs_state)qs_future_state(future);

		if (state == QS_DONE)
			printf("%d %s\n", qs_future_value(future), name);
		else
			printf("%s %s: %s\n", qs_state_name(state), name, qs_future_message(future));
	}
	return result == -ETIMEDOUT;
}

/* Until all answers are out, or until a stop. */
static int run(qs_stop *soft)
{
	const int fds[] = { qs_as_completed_fd(loop.set), qs_stop_fd(soft), STDIN_FILENO };
	struct epoll_event event = { .events = EPOLLIN };
	int result = 0;

	for (int i = 0; i < 3 && result >= 0; i++) {
		event.data.fd = fds[i];
		result = fds[i] < 0 ? fds[i] : epoll_ctl(loop.epoll, EPOLL_CTL_ADD, fds[i], &event) < 0 ? -errno : 0;
	}
	while (result >= 0 && !qs_stop_is_asked(soft) && (hand_out() || loop.is_reading)) {
		if (epoll_wait(loop.epoll, &event, 1, -1) == 1 && event.data.fd == STDIN_FILENO)
			result = take_input();
	}
	return result;
}

int main(void)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_signals *signals = NULL;
	int result = qs_stop_on_signals(&signals, NULL);

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	options.stop = qs_signals_soft(signals);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (result == 0)
		result = qs_pool_create(&loop.pool, &options);
	if (result == 0)
		result = qs_as_completed_create(&loop.set, NULL, 0);
	if (result == 0)
		result = run(options.stop);
	(void)qs_pool_shutdown(loop.pool, result < 0 ? QS_STOP : QS_DRAIN);
	(void)qs_pool_join(loop.pool, QS_NEVER, qs_signals_hard(signals), NULL);
	(void)hand_out();		/* after a stop: what became of the others */
	qs_as_completed_destroy(loop.set);
	(void)qs_pool_destroy(loop.pool);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (result < 0)
		(void)fprintf(stderr, "event_loop_epoll: %s\n", qs_strerror(result));
	return result < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
