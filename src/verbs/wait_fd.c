/* SPDX-License-Identifier: MIT */
/*
 * wait_fd.c - wait for a descriptor, a deadline or a stop, in one poll.
 *
 * A stop beats readiness, other than with futures: a descriptor stays ready until somebody reads,
 * so that nothing is lost, and a task that reads from a source that never runs dry hears of the
 * stop all the same.  A stop beats the deadline, too; the flag is looked at once more for a stop
 * that was asked in a signal handler and has not reached the descriptor yet.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>

#include "platform/event_fd.h"
#include "quiesce.h"

/* -ECANCELED, -QS_EFORKED, or 0: nobody asked. */
static int stop_error(const qs_stop *stop)
{
	const int asked = qs_stop_is_asked(stop);

	return asked > 0 ? -ECANCELED : asked;
}

static int poll_through_signals(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	int ready;

	do
		ready = qs__poll(fds, count, deadline);
	while (ready == -EINTR);
	return ready;
}

int qs_wait_fd(int fd, short events, qs_time deadline, qs_stop *stop)
{
	struct pollfd fds[2] = { { fd, events, 0 }, { -1, POLLIN, 0 } };
	int rc = stop_error(stop);

	if (fd < 0)
		return -EBADF;	/* poll() would pass over it and wait for nothing */
	if (rc < 0)
		return rc;
	if (stop != NULL) {
		fds[1].fd = qs_stop_fd(stop);
		if (fds[1].fd < 0)
			return fds[1].fd;
	}
	rc = poll_through_signals(fds, stop != NULL ? 2 : 1, deadline);
	if (rc == -ETIMEDOUT && stop_error(stop) < 0)
		return stop_error(stop);
	if (rc < 0)
		return rc;
	if (fds[1].revents != 0)
		return -ECANCELED;
	return fds[0].revents & POLLNVAL ? -EBADF : fds[0].revents;
}
