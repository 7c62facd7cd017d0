/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipe() and socketpair(), and what they lack.
 */
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/real/spawn_plan.h"

/* The end, as it should be, or an error; then it is closed. */
static int furnish(int end)
{
	if (fcntl(end, F_SETFD, FD_CLOEXEC) < 0 || fcntl(end, F_SETFL, O_NONBLOCK) < 0) {
		const int error = errno;

		(void)close(end);
		return -error;
	}
	return qs__spawn_above_standard(end);
}

static int furnish_both(int ends[2])
{
	for (int i = 0; i < 2; i++)
		ends[i] = furnish(ends[i]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			(void)close(ends[i]);
	}
	return ends[0] < 0 ? ends[0] : ends[1];
}

int qs__pipe_open(int ends[2])
{
	const int saved = errno;
	const int rc = pipe(ends) == 0 ? furnish_both(ends) : -errno;

	errno = saved;
	return rc;
}

int qs__socket_pair_open(int ends[2])
{
	const int saved = errno;
	const int rc = socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? furnish_both(ends) : -errno;

	errno = saved;
	return rc;
}

void qs__pipe_close(int end)
{
	const int saved = errno;

	(void)close(end);
	errno = saved;
}
