/* SPDX-License-Identifier: MIT */
/*
 * outlet.c - a write that can be given up.
 *
 * The descriptor is shared with other processes, so it must not be made non-blocking.  A pipe or a terminal is instead
 * asked before each write whether it has room, and is then given no more than it is sure to take (PIPE_BUF on a pipe).
 */
#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

void outlet_init(struct outlet *out, int fd, const char *name)
{
	struct stat about;

	*out = (struct outlet){ .fd = fd, .name = name, .is_terminal = isatty(fd) };
	if (fstat(fd, &about) != 0)
		return;
	out->is_file = S_ISREG(about.st_mode);
	if (S_ISFIFO(about.st_mode))
		out->reader_gone = POLLERR;
	else if (S_ISSOCK(about.st_mode))
		out->reader_gone = POLLERR | POLLHUP;
}

static int wait_for_room(const struct outlet *outlet, qs_stop *hard)
{
	int ready = qs_wait_fd(outlet->fd, POLLOUT, QS_NEVER, hard);

	if (ready == -ECANCELED)
		ready = qs_wait_fd(outlet->fd, POLLOUT, QS_NOW, NULL);
	return ready == -ETIMEDOUT ? -ECANCELED : ready;
}

static ssize_t write_some(const struct outlet *outlet, const char *data, size_t length, qs_stop *hard)
{
	ssize_t written;

	if (!outlet->is_file) {
		const int ready = wait_for_room(outlet, hard);

		if (ready < 0)
			return ready;
		length = length < PIPE_BUF ? length : PIPE_BUF;
	}
	written = write(outlet->fd, data, length);
	if (written >= 0)
		return written;
	return errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

int outlet_write(struct outlet *outlet, const void *data, size_t length, qs_stop *hard)
{
	const char *at = data;

	while (length > 0 && !outlet->error) {
		const ssize_t written = write_some(outlet, at, length, hard);

		if (written < 0) {
			outlet->error = (int)written;
		} else {
			at += written;
			length -= (size_t)written;
		}
	}
	return length > 0 ? outlet->error : 0;
}
