/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - child processes by fork, a pipe and waitid.
 *
 *	1. a watcher for the child that is to be (watcher.c), and a pipe for what it reports
 *	2. fork; the child carries out the plan, and reports only if that fails: an exec closes the pipe
 *	3. read the pipe to its end: the exec has succeeded, or the child is gone
 *
 * What Linux gives and POSIX does not, and what that means here:
 *
 * - fork() copies the page tables of the host, and runs its pthread_atfork() hooks.
 * - A child that reports a failure has been one: it is reaped here, but SIGCHLD was sent, and the
 *   host's waitpid(-1) may find it first.
 * - There is no pidfd.  The child's number is safe while it is a zombie that nobody
 *   but the host could take; if the host does, the number may come to mean another
 *   child of its own before we look.
 * - Nobody says who is in a group (-ENOSYS), nor what one child used (zeros).
 */
#include "platform/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipe.h"
#include "platform/alloc.h"
#include "platform/real/spawn_plan.h"
#include "watcher.h"

void qs__child_close_fd(int fd)
{
	qs__pipe_close(fd);
}

/* -------------------------------------------------------------------------------------------------
 * Start
 */

/* Before we open a descriptor ourselves, which might take the number of one that is not open. */
static int check_sources(const struct qs__spawn_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		if (plan->fds[i].ours != QS_NULL_FD && fcntl(plan->fds[i].ours, F_GETFD) < 0)
			return -EBADF;
	}
	return 0;
}

/* The child's number.  It has begun with all signals blocked, and will not come back from here. */
static pid_t fork_child(struct qs__spawn_plan *plan)
{
	sigset_t all;
	sigset_t mask;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	pid_t pid = fork();
	if (pid == 0)
		(void)qs__spawn_child(plan);
	if (pid < 0)
		pid = -errno;
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return pid;
}

/* What the child reports: a negative code, or 0 when the pipe ends without a word. */
static int await_report(int end)
{
	struct pollfd report = { end, POLLIN, 0 };
	int error = 0;

	while (read(end, &error, sizeof(error)) < 0 && (errno == EAGAIN || errno == EINTR))
		(void)poll(&report, 1, -1);
	return error;
}

/* A child of which nobody has been told has ended: leave nothing of it. */
static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The child, or a code.  `ends` are for its report, and ours to close. */
static pid_t start_child(struct qs__spawn_plan *plan, const int ends[2])
{
	int error;

	plan->report = ends[1];
	const pid_t pid = fork_child(plan);
	qs__pipe_close(ends[1]);
	if (pid < 0)
		return pid;
	error = await_report(ends[0]);
	if (error < 0)
		reap(pid);
	return error < 0 ? error : pid;
}

static int start(struct qs__child *out, struct qs__spawn_plan *plan)
{
	struct qs__watcher watcher;
	int ends[2];
	int rc = check_sources(plan);

	if (rc < 0)
		return rc;
	rc = qs__watcher_start(&watcher);
	if (rc < 0)
		return rc;
	rc = qs__pipe_open(ends);
	if (rc == 0) {
		rc = (int)start_child(plan, ends);
		qs__pipe_close(ends[0]);
	}
	if (rc < 0) {
		qs__watcher_dismiss(&watcher);
		return rc;
	}
	qs__watcher_watch(&watcher, (pid_t)rc);
	*out = (struct qs__child){ (pid_t)rc, watcher.fd, plan->own_group };
	return 0;
}

int qs__spawn(struct qs__child *out, const qs_process_options *options)
{
	const int saved = errno;
	struct qs__spawn_plan *plan = qs__spawn_plan_create(options, 0);
	const int rc = plan == NULL ? -ENOMEM : start(out, plan);

	qs__free(plan);
	errno = saved;
	return rc;
}

/* -------------------------------------------------------------------------------------------------
 * Signal and look
 */

int qs__child_signal(const struct qs__child *child, int signal, bool held)
{
	const int saved = errno;
	int rc = -ESRCH;

	if (held)
		rc = kill(child->own_group ? -child->pid : child->pid, signal) == 0 ? 0 : -errno;
	errno = saved;
	return rc;
}

static void put_status(qs_process_status *out, const siginfo_t *info)
{
	const bool exited = info->si_code == CLD_EXITED;

	out->exit_code = exited ? info->si_status : -1;
	out->signal = exited ? 0 : info->si_status;
	out->dumped_core = info->si_code == CLD_DUMPED;
	memset(&out->usage, 0, sizeof(out->usage));
}

static int look(const struct qs__child *child, bool take, qs_process_status *out)
{
	const int how = WEXITED | WNOHANG | (take ? 0 : WNOWAIT);
	const enum qs__watched watched = qs__watched(child->fd);
	siginfo_t info = { .si_pid = 0 };

	if (watched != QS__WATCHED_ENDED)
		return watched == QS__WATCHED_LIVES ? -EBUSY : -ECHILD;
	if (waitid(P_PID, (id_t)child->pid, &info, how) < 0)
		return -errno;
	if (info.si_pid == 0)
		return -ECHILD;	/* the host took it, and another one has the number */
	put_status(out, &info);
	return 0;
}

int qs__child_look(const struct qs__child *child, bool take, qs_process_status *out)
{
	const int saved = errno;
	const int rc = look(child, take, out);

	errno = saved;
	return rc;
}

int qs__child_group_member(const struct qs__child *child)
{
	(void)child;
	return -ENOSYS;
}
