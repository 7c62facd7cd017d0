/* SPDX-License-Identifier: MIT */
/*
 * event_fd.c - a pipe that is read to its end to be cleared; and poll with a deadline.
 */
#include "platform/event_fd.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "pipe.h"

#define CLEAR_AT_ONCE 512	/* bytes; a pipe holds some 64 KiB of sets that nobody has cleared */
#define LONGEST_POLL_NS ((qs_time)INT_MAX * QS__NS_PER_MS)

int qs__event_fd_open(struct qs__event_fd *out)
{
	int ends[2];
	const int rc = qs__pipe_open(ends);

	if (rc == 0)
		*out = (struct qs__event_fd){ ends[0], ends[1] };
	return rc;
}

void qs__event_fd_set(const struct qs__event_fd *event)
{
	const int saved = errno;

	/* It can fail only when the pipe is full: it is readable already. */
	(void)!write(event->writer, "", 1);
	errno = saved;
}

void qs__event_fd_clear(const struct qs__event_fd *event)
{
	char bytes[CLEAR_AT_ONCE];
	const int saved = errno;

	/* A short read has found all there was; and it fails when there was nothing. */
	while (read(event->fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		continue;
	errno = saved;
}

void qs__event_fd_close(const struct qs__event_fd *event)
{
	qs__pipe_close(event->writer);
	qs__pipe_close(event->fd);
}

/* In ms, rounded up, as far as an int goes. */
static int length_until(qs_time deadline)
{
	qs_time left;

	if (deadline == QS_NEVER)
		return -1;
	left = deadline > 0 ? deadline - qs__clock_now() : 0;
	if (left <= 0)
		return 0;
	if (left > LONGEST_POLL_NS)
		return INT_MAX;
	return (int)((left + QS__NS_PER_MS - 1) / QS__NS_PER_MS);
}

int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	const int saved = errno;
	int result;

	do
		result = poll(fds, count, length_until(deadline));
	while (result == 0 && qs__clock_now() < deadline);
	if (result < 0)
		result = -errno;
	else if (result == 0)
		result = -ETIMEDOUT;
	errno = saved;
	return result;
}
