/* SPDX-License-Identifier: MIT */
/*
 * event_fd.c - eventfd and ppoll.
 */
#define _GNU_SOURCE
#include "platform/event_fd.h"

#include <errno.h>
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

int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	const int saved = errno;
	struct timespec length = { 0, 0 };
	int result;

	if (deadline > 0 && deadline != QS_NEVER) {
		const qs_time left = deadline - qs__clock_now();

		if (left > 0) {
			length.tv_sec = (time_t)(left / QS__NS_PER_S);
			length.tv_nsec = (long)(left % QS__NS_PER_S);
		}
	}
	result = ppoll(fds, count, deadline == QS_NEVER ? NULL : &length, NULL);
	if (result < 0)
		result = -errno;
	else if (result == 0)
		result = -ETIMEDOUT;
	errno = saved;
	return result;
}
