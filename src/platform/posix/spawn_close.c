/* SPDX-License-Identifier: MIT */
/*
 * spawn_close.c - in the new child: close what it is not to have, by trying.
 *
 * POSIX has no list of what is open.  poll() says of many descriptors at once which are not, so
 * that a system which allows a million of them costs some thousand calls and not a million.  What
 * lies above the limit (which was lowered, then) stays open.
 */
#include "platform/real/spawn_plan.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "spawn_calls.h"

#define AT_ONCE 256		/* 2 KiB of stack */
#define MOST_FDS (1L << 20)	/* more than that is no limit; no system gives them unless told to */

static bool is_to_close(const struct qs__spawn_plan *plan, int fd)
{
	return fd != plan->report && !qs__spawn_is_target(plan, fd);
}

static long close_some(const struct qs__spawn_plan *plan, long first, long count)
{
	struct pollfd fds[AT_ONCE];

	for (long i = 0; i < count; i++)
		fds[i] = (struct pollfd){ (int)(first + i), 0, 0 };
	if (poll(fds, (nfds_t)count, 0) < 0)
		return -errno;
	for (long i = 0; i < count; i++) {
		if (!(fds[i].revents & POLLNVAL) && is_to_close(plan, fds[i].fd))
			(void)close(fds[i].fd);
	}
	return 0;
}

long qs__spawn_close_others(const struct qs__spawn_plan *plan)
{
	const long limit = sysconf(_SC_OPEN_MAX);
	const long end = limit > 0 && limit < MOST_FDS ? limit : MOST_FDS;
	long rc = 0;

	for (long first = 0; first < end && rc == 0; first += AT_ONCE)
		rc = close_some(plan, first, end - first < AT_ONCE ? end - first : AT_ONCE);
	return rc;
}
