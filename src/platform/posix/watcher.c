/* SPDX-License-Identifier: MIT */
/*
 * watcher.c - one child's end, made into a descriptor.
 *
 * POSIX has no descriptor of a process.  What it has is a call that waits for one child and leaves
 * it a zombie (waitid with WNOWAIT); so a thread sits in that call, and writes to a pipe when it
 * returns.  Other ways were weighed: SIGCHLD is the host's; and a pipe that the child holds tells
 * when the last who inherited it has gone, which may be another one, or when it is closed.
 *
 *	ASKED --> NOBODY		dismissed
 *	  |
 *	  +-----> the child's number	waits for it, says so, and goes
 *
 * The thread is there before the child is: no child has to be killed for want of it.  The number is
 * used only until the descriptor says "ended", and nobody takes the status before (spawn.c looks at
 * the descriptor first); only the host can, and then the wait ends with ECHILD.
 *
 * The thread lives as long as the child does, also when nobody asks for that any more.
 */
#include "watcher.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipe.h"
#include "platform/alloc.h"
#include "platform/atomic.h"
#include "platform/park.h"

#define ASKED 0u
#define NOBODY UINT32_MAX

#define STACK_BESIDES 16384	/* beyond the least: two frames and a sanitizer's */

/* W: the thread's own.  A: atomic. */
struct qs__watch {
	qs__atomic(uint32_t) whom;	/* A  ASKED, NOBODY or a child's number, which is positive */
	int end;			/* W  of the pipe */
};

static uint32_t await_word(struct qs__watch *watch)
{
	uint32_t whom;

	/* Nobody else touches the watch any more.  Pairs with store_release in tell(). */
	while ((whom = qs__load_acquire(&watch->whom)) == ASKED)
		(void)qs__park(&watch->whom, ASKED, QS_NEVER);
	return whom;
}

/* True if it has ended and is there, false if somebody has taken its status. */
static bool await_end(pid_t pid)
{
	siginfo_t info;
	int rc;

	do
		rc = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	while (rc < 0 && errno == EINTR);
	return rc == 0;
}

static void watch_main(void *memory)
{
	struct qs__watch *watch = memory;
	const uint32_t whom = await_word(watch);

	/* Nobody may be left to read it: SIGPIPE is blocked here, as all signals are. */
	if (whom != NOBODY && await_end((pid_t)whom))
		(void)!write(watch->end, "", 1);
	qs__pipe_close(watch->end);
	qs__free(watch);
}

/* The thread may free `watch` as soon as it sees the word. */
static void tell(struct qs__watcher *watcher, uint32_t whom)
{
	qs__atomic(uint32_t) *word = &watcher->watch->whom;

	/* The last touch of the watch.  Pairs with load_acquire in await_word(). */
	qs__store_release(word, whom);
	qs__unpark_all(word);
}

int qs__watcher_start(struct qs__watcher *out)
{
	struct qs__watch *watch = qs__alloc(sizeof(*watch));
	int ends[2];
	int rc;

	if (watch == NULL)
		return -ENOMEM;
	rc = qs__pipe_open(ends);
	if (rc < 0)
		goto free_watch;
	qs__atomic_init(&watch->whom, ASKED);
	watch->end = ends[1];
	rc = qs__thread_start(&out->thread, watch_main, watch, qs__thread_min_stack() + STACK_BESIDES, "qs-child");
	if (rc < 0)
		goto close_pipe;
	out->watch = watch;
	out->fd = ends[0];
	return 0;

close_pipe:
	qs__pipe_close(ends[0]);
	qs__pipe_close(ends[1]);
free_watch:
	qs__free(watch);
	return rc;
}

void qs__watcher_watch(struct qs__watcher *watcher, pid_t pid)
{
	tell(watcher, (uint32_t)pid);
	qs__thread_detach(watcher->thread);
}

void qs__watcher_dismiss(struct qs__watcher *watcher)
{
	tell(watcher, NOBODY);
	(void)qs__thread_join(watcher->thread, QS_NEVER);
	qs__pipe_close(watcher->fd);
}

enum qs__watched qs__watched(int fd)
{
	struct pollfd end = { fd, POLLIN, 0 };

	if (poll(&end, 1, 0) <= 0)
		return QS__WATCHED_LIVES;
	return end.revents & POLLIN ? QS__WATCHED_ENDED : QS__WATCHED_LOST;
}
