/* SPDX-License-Identifier: MIT */
/*
 * watcher.h - a thread that waits for one child, and a descriptor that tells of its end.
 */
#ifndef QS__PLATFORM_WATCHER_H
#define QS__PLATFORM_WATCHER_H

#include <sys/types.h>

#include "platform/thread.h"

struct qs__watcher {
	struct qs__watch *watch;	/* shared with the thread, until it has been told */
	qs__thread thread;
	int fd;				/* our end of the pipe, close-on-exec, above 0 to 2 */
};

/* Start the thread.  0, -EAGAIN, -ENOMEM, -EMFILE, -ENFILE. */
int qs__watcher_start(struct qs__watcher *out);

/*
 * Tell it whom to watch.  From then on the descriptor is the caller's, to be closed by close(), and
 * the rest looks after itself.  When the child has ended, there is something to be read; if its
 * status was taken by somebody else before that was seen, there is only the pipe's end.
 */
void qs__watcher_watch(struct qs__watcher *watcher, pid_t pid);

/* There is no child: end the thread, close the descriptor. */
void qs__watcher_dismiss(struct qs__watcher *watcher);

/* What the descriptor says. */
enum qs__watched {
	QS__WATCHED_LIVES,
	QS__WATCHED_ENDED,	/* a zombie, as far as this process has not taken its status */
	QS__WATCHED_LOST,
};
enum qs__watched qs__watched(int fd);

#endif
