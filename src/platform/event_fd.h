/* SPDX-License-Identifier: MIT */
/*
 * event_fd.h - a descriptor that becomes readable once and stays so; and poll with a deadline.
 */
#ifndef QS__PLATFORM_EVENT_FD_H
#define QS__PLATFORM_EVENT_FD_H

#include <poll.h>

#include "platform/clock.h"

/* Close-on-exec.  Returns the descriptor, or -EMFILE, -ENFILE, -ENOMEM. */
int qs__event_fd_open(void);

/* Make it readable.  Safe in a signal handler; errno is kept. */
void qs__event_fd_set(int fd);

void qs__event_fd_close(int fd);

/* poll() until a deadline.  Returns the number of ready ones (> 0), -ETIMEDOUT, -EINTR, or poll's own error. */
int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline);

#endif
