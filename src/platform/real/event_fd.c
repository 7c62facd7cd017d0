/* SPDX-License-Identifier: MIT */
/*
 * event_fd.c - eventfd, and poll with a deadline.
 */
#define _GNU_SOURCE
#include "platform/event_fd.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int qs__event_fd_open(void)
{
	const int saved = errno;
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const int result = fd >= 0 ? fd : -errno;

	errno = saved;
	return result;
}

void qs__event_fd_set(int fd)
{
	const uint64_t one = 1;
	const int saved = errno;

	/* It can fail only when it is readable already. */
	if (write(fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void qs__event_fd_close(int fd)
{
	const int saved = errno;

	(void)close(fd);
	errno = saved;
}

/*
 * One system call: until the deadline, or to within a millisecond of it.  When a process is halted for a while (SIGSTOP, a
 * freezer), the kernel takes its calls up again by itself: poll() until the same point in time, but ppoll() for the length
 * that was left before.  So ppoll() gets no more than poll() cannot count.
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
