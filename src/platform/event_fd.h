/* SPDX-License-Identifier: MIT */
/*
 * event_fd.h - a descriptor that is readable or not, as it is told; and poll with a deadline.
 *
 *	qs__event_fd_open	not readable
 *	qs__event_fd_set	readable from now on, however often it is set
 *	qs__event_fd_clear	not readable, until it is set again
 *	qs__event_fd_close	nobody may set it any more
 *
 * Any thread may set it while it is open.  A set that meets a clear comes before it or after it,
 * and what the one who set did before is seen by who finds it readable.  It is close-on-exec, and
 * none of these calls ever waits.
 */
#ifndef QS__PLATFORM_EVENT_FD_H
#define QS__PLATFORM_EVENT_FD_H

#include <poll.h>

#include "platform/clock.h"

struct qs__event_fd {
	int fd;		/* to be polled; -1 = there is none */
	int writer;	/* what a set writes to: the same, or the other end of a pipe */
};
#define QS__EVENT_FD_NONE ((struct qs__event_fd){ -1, -1 })

/* Returns 0, or -EMFILE, -ENFILE, -ENOMEM. */
int qs__event_fd_open(struct qs__event_fd *out);

/* Safe in a signal handler; errno is kept. */
void qs__event_fd_set(const struct qs__event_fd *event);

void qs__event_fd_clear(const struct qs__event_fd *event);

void qs__event_fd_close(const struct qs__event_fd *event);

/*
 * poll() until a deadline.  Returns the number of ready ones (> 0), -ETIMEDOUT,
 * -EINTR, or poll's own error.
 */
int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline);

#endif
