/* SPDX-License-Identifier: MIT */
/*
 * child.c - fork, and wait with a limit.
 */
#define _GNU_SOURCE
#include "support/child.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "support/patience.h"

#define NS_PER_MS INT64_C(1000000)
#define LOOK_NS 1000000	/* between two looks, on a kernel without pidfds */

void child_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: in the child: not so: %s\n", file, line, what);
	_exit(CHILD_FAILED);
}

pid_t child_start(child_fn *fn, void *arg)
{
	const struct rlimit no_core = { 0, 0 };
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		abort();
	}
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		_exit(fn(arg));
	}
	return pid;
}

/* Until the child has ended or the time is over. */
static void await(pid_t pid, qs_time limit)
{
	const int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { fd, POLLIN, 0 };
	siginfo_t info = { 0 };

	if (fd >= 0) {
		(void)poll(&ended, 1, (int)((limit - qs_now()) / NS_PER_MS));
		(void)close(fd);
		return;
	}
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 && qs_now() < limit)
		(void)nanosleep(&(struct timespec){ 0, LOOK_NS }, NULL);
}

int child_end(pid_t pid)
{
	int status = 0;

	await(pid, patience());
	if (waitpid(pid, &status, WNOHANG) == pid)
		return status;
	(void)fprintf(stderr, "child %d does not end; killing it\n", (int)pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -1;
}

int child_run(child_fn *fn, void *arg)
{
	return child_end(child_start(fn, arg));
}
