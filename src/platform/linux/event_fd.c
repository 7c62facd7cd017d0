/* SPDX-License-Identifier: MIT */
/*
 * event_fd.c - eventfd, or a pipe where the system has none; and poll with a deadline.
 *
 * Both take eight bytes at a time, and are unreadable once a read has found less than it had room
 * for.  So but for opening and closing there is no difference between them.
 */
#define _GNU_SOURCE
#include "platform/event_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CLEAR_AT_ONCE = 64 };	/* numbers: more than one, so that a read tells whether it found all */

static int open_pipe(struct qs__event_fd *out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	*out = (struct qs__event_fd){ ends[0], ends[1] };
	return 0;
}

static int open_any(struct qs__event_fd *out)
{
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return errno == ENOSYS ? open_pipe(out) : -errno;
	*out = (struct qs__event_fd){ fd, fd };
	return 0;
}

int qs__event_fd_open(struct qs__event_fd *out)
{
	const int saved = errno;
	const int result = open_any(out);

	errno = saved;
	return result;
}

void qs__event_fd_set(const struct qs__event_fd *event)
{
	const uint64_t one = 1;
	const int saved = errno;

	/* It can fail only when it is readable already. */
	if (write(event->writer, &one, sizeof(one)) < 0)
		errno = saved;
}

void qs__event_fd_clear(const struct qs__event_fd *event)
{
	uint64_t numbers[CLEAR_AT_ONCE];
	const int saved = errno;

	/* It fails when it is not readable anyway. */
	while (read(event->fd, numbers, sizeof(numbers)) == (ssize_t)sizeof(numbers))
		continue;
	errno = saved;
}

void qs__event_fd_close(const struct qs__event_fd *event)
{
	const int saved = errno;

	if (event->writer != event->fd)
		(void)close(event->writer);
	(void)close(event->fd);
	errno = saved;
}

/*
 * One system call: until the deadline, or to within a millisecond of it.  When a process is halted
 * for a while (SIGSTOP, a freezer), the kernel takes its calls up again by itself: poll() until the
 * same point in time, but ppoll() for the length that was left before.  So ppoll() gets no more
 * than poll() cannot count.
 */
static int poll_once(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	const qs_time left = deadline > 0 ? deadline - qs__clock_now() : 0;
	const struct timespec rest = { 0, left > 0 ? (long)left : 0 };

	if (deadline == QS_NEVER)
		return poll(fds, count, -1);
	if (left >= QS__NS_PER_MS)
		return poll(fds, count, left / QS__NS_PER_MS < INT_MAX ? (int)(left / QS__NS_PER_MS) : INT_MAX);
	return ppoll(fds, count, &rest, NULL);
}

int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	const int saved = errno;
	int result;

	do
		result = poll_once(fds, count, deadline);
	while (result == 0 && qs__clock_now() < deadline);
	if (result < 0)
		result = -errno;
	else if (result == 0)
		result = -ETIMEDOUT;
	errno = saved;
	return result;
}
