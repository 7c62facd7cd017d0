/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - child processes by clone, pidfd and waitid.
 *
 * The child borrows our memory until its exec (CLONE_VM): no page table is copied, which makes it
 * as fast as vfork and twice as fast as fork.  It has a stack of its own, and this thread is held
 * until the exec has succeeded or the child has gone (CLONE_VFORK).  spawn_calls.h tells by which
 * rules it lives meanwhile; what can be prepared is in the plan.
 *
 * The child gets no exit signal before its exec, which gives it SIGCHLD.  So a spawn that fails is
 * nothing that the host's SIGCHLD handler hears of, or that its waitpid(-1) could find; that is why
 * every wait here says __WALL.
 *
 * A child's number is used only while its status has not been taken; waiting and signalling go
 * through the pidfd (D2, D3).
 */
#define _GNU_SOURCE
#include "platform/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/alloc.h"
#include "platform/real/spawn_plan.h"

#define CHILD_STACK_BYTES 16384	/* ours needs 2 KiB; the rest is for what libc or a tool may put below */
#define STACK_ALIGNMENT 16

/* From the kernel's headers, which not every libc comes with. */
#define KERNEL_CLONE_PIDFD 0x1000
#define KERNEL_P_PIDFD 3
#define KERNEL_SIGNAL_GROUP 4u	/* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

/* A set of signals as the kernel has them: all of them, libc's own as well. */
#define ALL_SIGNALS (~UINT64_C(0))

static int open_pidfd(pid_t pid)
{
	const long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : qs__spawn_above_standard((int)fd);
}

void qs__child_close_fd(int fd)
{
	const int saved = errno;

	close(fd);
	errno = saved;
}

/* -------------------------------------------------------------------------------------------------
 * Start
 */

#if defined(__SANITIZE_THREAD__)
#define CLONE_IS_REPLACED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLONE_IS_REPLACED 1
#endif
#endif

#ifdef CLONE_IS_REPLACED
/*
 * The thread sanitizer's clone() does in the child what is to be done after fork: it tells itself
 * to look away from now on.  In borrowed memory that holds for this thread as well, and false
 * reports follow.  Glibc has the function by a second name.
 */
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

static long set_mask(const uint64_t *mask, uint64_t *out_old)
{
	return syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, out_old, sizeof(*mask));
}

/* Returns the child's number, and its pidfd if the system makes one with it, else -1. */
static pid_t clone_child(struct qs__spawn_plan *plan, int *out_fd)
{
	const int flags = CLONE_VM | CLONE_VFORK;
	char *top = plan->extra + CHILD_STACK_BYTES;
	void *stack_top = top - (uintptr_t)top % STACK_ALIGNMENT;
	uint64_t mask;

	*out_fd = -1;
	(void)set_mask(&(uint64_t){ ALL_SIGNALS }, &mask);
	pid_t pid = clone(qs__spawn_child, stack_top, flags | KERNEL_CLONE_PIDFD, plan, out_fd);
	if (pid < 0 && errno == EINVAL)
		pid = clone(qs__spawn_child, stack_top, flags, plan);
	if (pid < 0)
		pid = -errno;
	(void)set_mask(&mask, NULL);
	return pid;
}

/* A child that nobody has been told of: end it, and leave nothing of it. */
static void discard(pid_t pid, int fd)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
}

static int start(struct qs__child *out, struct qs__spawn_plan *plan)
{
	int fd;
	const pid_t pid = clone_child(plan, &fd);

	if (pid < 0)
		return pid;
	if (plan->error < 0) {
		discard(pid, fd);
		return plan->error;
	}
	fd = fd < 0 ? open_pidfd(pid) : qs__spawn_above_standard(fd);
	if (fd == -ESRCH)
		return -QS_ELOST;	/* it has ended already, and the host reaped it: the
					   number says nothing any more */
	if (fd < 0) {
		discard(pid, fd);
		return fd;
	}
	*out = (struct qs__child){ pid, fd, plan->own_group };
	return 0;
}

int qs__spawn(struct qs__child *out, const qs_process_options *options)
{
	const int saved = errno;
	struct qs__spawn_plan *plan = qs__spawn_plan_create(options, CHILD_STACK_BYTES);
	const int rc = plan == NULL ? -ENOMEM : start(out, plan);

	qs__free(plan);
	errno = saved;
	return rc;
}

/* -------------------------------------------------------------------------------------------------
 * Signal and look
 */

static int send_signal(const struct qs__child *child, int signal, bool held)
{
	const unsigned flags = child->own_group ? KERNEL_SIGNAL_GROUP : 0;

	if (syscall(SYS_pidfd_send_signal, child->fd, signal, NULL, flags) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (!held)
		return -ESRCH;
	return kill(child->own_group ? -child->pid : child->pid, signal) == 0 ? 0 : -errno;
}

int qs__child_signal(const struct qs__child *child, int signal, bool held)
{
	const int saved = errno;
	const int rc = send_signal(child, signal, held);

	errno = saved;
	return rc;
}

/* The kernel's struct rusage; libc's has wider times on some 32-bit systems. */
struct kernel_rusage {
	long user_s, user_us, system_s, system_us;
	long maxrss, ixrss, idrss, isrss;
	long minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

static void put_usage(struct rusage *out, const struct kernel_rusage *usage)
{
	*out = (struct rusage){
		.ru_utime = { .tv_sec = usage->user_s, .tv_usec = usage->user_us },
		.ru_stime = { .tv_sec = usage->system_s, .tv_usec = usage->system_us },
		.ru_maxrss = usage->maxrss,
		.ru_ixrss = usage->ixrss,
		.ru_idrss = usage->idrss,
		.ru_isrss = usage->isrss,
		.ru_minflt = usage->minflt,
		.ru_majflt = usage->majflt,
		.ru_nswap = usage->nswap,
		.ru_inblock = usage->inblock,
		.ru_oublock = usage->oublock,
		.ru_msgsnd = usage->msgsnd,
		.ru_msgrcv = usage->msgrcv,
		.ru_nsignals = usage->nsignals,
		.ru_nvcsw = usage->nvcsw,
		.ru_nivcsw = usage->nivcsw,
	};
}

static void put_status(qs_process_status *out, const siginfo_t *info, const struct kernel_rusage *usage)
{
	const bool exited = info->si_code == CLD_EXITED;

	out->exit_code = exited ? info->si_status : -1;
	out->signal = exited ? 0 : info->si_status;
	out->dumped_core = info->si_code == CLD_DUMPED;
	put_usage(&out->usage, usage);
}

int qs__child_look(const struct qs__child *child, bool take, qs_process_status *out)
{
	const int saved = errno;
	const int how = WEXITED | WNOHANG | __WALL | (take ? 0 : WNOWAIT);
	siginfo_t info = { .si_pid = 0 };
	struct kernel_rusage usage = { 0 };
	int rc = -EBUSY;

	/* By hand: waitid() of libc does not tell what the child used. */
	if (syscall(SYS_waitid, KERNEL_P_PIDFD, child->fd, &info, how, &usage) < 0)
		rc = -errno;
	else if (info.si_pid != 0)
		rc = 0;
	if (rc == 0)
		put_status(out, &info, &usage);
	errno = saved;
	return rc;
}

/* -------------------------------------------------------------------------------------------------
 * The group
 */

static bool has_ended(int fd)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	return poll(&poll_fd, 1, 0) > 0;
}

static bool is_other_member(const struct qs__child *child, pid_t pid)
{
	return pid > 0 && pid != child->pid && getpgid(pid) == child->pid;
}

/*
 * A pidfd of this process if it is a living member, -ENOENT if not.  The number
 * may be reused: look again.
 */
static int member_fd(const struct qs__child *child, pid_t pid)
{
	if (!is_other_member(child, pid))
		return -ENOENT;

	const int fd = open_pidfd(pid);
	if (fd == -ESRCH)
		return -ENOENT;
	if (fd >= 0 && (has_ended(fd) || !is_other_member(child, pid))) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static int find_member(const struct qs__child *child)
{
	DIR *processes = opendir("/proc");
	int fd = -ENOENT;

	if (processes == NULL)
		return errno == ENOENT ? -ENOSYS : -errno;
	for (const struct dirent *entry; fd == -ENOENT && (entry = readdir(processes)) != NULL;)
		fd = member_fd(child, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(processes);
	return fd;
}

int qs__child_group_member(const struct qs__child *child)
{
	const int saved = errno;
	const int fd = find_member(child);

	errno = saved;
	return fd;
}
