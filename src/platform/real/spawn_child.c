/* SPDX-License-Identifier: MIT */
/*
 * spawn_child.c - what a new child does between clone and exec.
 *
 * It runs in the parent's memory, on a stack of its own, while the thread that made it is held in
 * clone; the parent's other threads go on.  So it may be stopped at any instruction with anybody's lock
 * taken, and what it writes, the parent keeps.  Hence:
 *
 * - System calls are made through syscall() alone, which the parent has called before, and errno looked
 *   at (their lazy binding is done).  The wrappers of libc are not used: sanitizers and preloaded
 *   libraries replace them by code that takes locks or that keeps books, and those books are the
 *   parent's.
 * - No function here is instrumented, nothing is allocated, no loop is longer than the plan.
 * - All signals are blocked until nobody of the parent's handlers is left to run (FAILURES C13).
 *
 * Its memory being the parent's is also how a failure is reported: in plan->error.  Where a tool turns
 * vfork into fork (valgrind, qemu-user) that word is not shared, and a failed exec is seen as exit code
 * 127.
 */
#define _GNU_SOURCE
#include "spawn_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__mips__)
#error "the kernel's struct sigaction and its signal sets have another shape here"
#endif

#define IN_CHILD __attribute__((__no_sanitize__("address", "thread", "undefined")))

#define EXEC_FAILED 127		/* the shell's exit code for a program that could not be run */
#define FIRST_FREE 3		/* copies are put above standard input, output and error */

/* What rt_sigaction takes.  The handler comes first; the rest, in whatever order, is 0 for what is set here. */
struct kernel_sigaction {
	uintptr_t handler;
	unsigned long rest[4];
};

/* What getdents64 gives. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* A system call's result as the kernel gives it: negative codes. */
#define CALL(...) result_of(syscall(__VA_ARGS__))

IN_CHILD static long result_of(long result)
{
	return result == -1 ? -errno : result;
}

IN_CHILD static void set_signals(qs__signal_bits ignored)
{
	for (int signal = 1; signal <= QS__SIGNAL_LAST; signal++) {
		struct kernel_sigaction action = { 0, { 0, 0, 0, 0 } };

		if (ignored >> (signal - 1) & 1)
			action.handler = (uintptr_t)SIG_IGN;
		/* Refused for KILL and STOP alone, which nobody can change. */
		(void)CALL(SYS_rt_sigaction, signal, &action, NULL, sizeof(qs__signal_bits));
	}
}

IN_CHILD static bool is_target(const struct qs__spawn_plan *plan, long fd)
{
	size_t low = 0;
	size_t high = plan->fd_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (plan->fds[middle].child == fd)
			return true;
		if (plan->fds[middle].child < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * A copy of fd whose number nothing will be put on.  Copies that came to lie on such a number are not
 * closed: what is put there replaces them.
 */
IN_CHILD static long copy_aside(const struct qs__spawn_plan *plan, long fd)
{
	long copy = FIRST_FREE - 1;

	do
		copy = CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, copy + 1);
	while (is_target(plan, copy));
	return copy == -EINVAL ? -EMFILE : copy;	/* EINVAL: beyond the limit */
}

/*
 * All sources must be open before the first new descriptor is made, which might take the number of one
 * that is not.  Clearing close-on-exec is the test, and all that a descriptor that keeps its number
 * needs.
 */
IN_CHILD static long check_sources(const struct qs__spawn_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		const int ours = plan->fds[i].ours;

		if (ours == QS_NULL_FD)
			continue;
		const long rc = CALL(SYS_fcntl, ours, F_SETFD, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

IN_CHILD static long open_null(const struct qs__spawn_plan *plan)
{
	const long fd = CALL(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	return is_target(plan, fd) ? copy_aside(plan, fd) : fd;
}

/* Find for each target a source that no other target overwrites. */
IN_CHILD static long find_sources(const struct qs__spawn_plan *plan)
{
	long null_fd = QS_NULL_FD;

	for (size_t i = 0; i < plan->fd_count; i++) {
		const qs_process_fd *fd = &plan->fds[i];
		long source = fd->ours;

		if (source == QS_NULL_FD) {
			if (null_fd == QS_NULL_FD)
				null_fd = open_null(plan);
			source = null_fd;
		} else if (source != fd->child && is_target(plan, source)) {
			source = copy_aside(plan, source);
		}
		if (source < 0)
			return source;
		plan->sources[i] = (int)source;
	}
	return 0;
}

IN_CHILD static long fill_targets(const struct qs__spawn_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		if (plan->sources[i] == plan->fds[i].child)
			continue;
		const long rc = CALL(SYS_dup3, plan->sources[i], plan->fds[i].child, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A number in decimal; -1 if the text is something else. */
IN_CHILD static long parse_fd(const char *text)
{
	long fd = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || fd > INT_MAX / 10)
			return -1;
		fd = fd * 10 + (*text - '0');
	}
	return fd;
}

/* The way of Linux before 5.9.  The folder lists by number: closing what was listed loses nothing of the rest. */
IN_CHILD static long close_listed(const struct qs__spawn_plan *plan)
{
	_Alignas(struct kernel_dirent) char buffer[1024];
	const long folder = CALL(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long bytes;

	if (folder < 0)
		return folder == -ENOENT ? -ENOSYS : folder;
	while ((bytes = CALL(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < bytes;) {
			const struct kernel_dirent *entry = (const struct kernel_dirent *)(buffer + at);
			const long fd = parse_fd(entry->name);

			if (fd >= 0 && fd != folder && !is_target(plan, fd))
				(void)CALL(SYS_close, fd);
			at += entry->length;
		}
	}
	(void)CALL(SYS_close, folder);
	return bytes;
}

/* Close what lies between the targets, and above the last. */
IN_CHILD static long close_others(const struct qs__spawn_plan *plan)
{
	unsigned first = 0;
	long rc = 0;

	for (size_t i = 0; i < plan->fd_count && rc == 0; i++) {
		const unsigned target = (unsigned)plan->fds[i].child;

		if (first < target)
			rc = CALL(SYS_close_range, first, target - 1, 0);
		first = target + 1;
	}
	if (rc == 0)
		rc = CALL(SYS_close_range, first, UINT_MAX, 0);
	return rc == -ENOSYS ? close_listed(plan) : rc;
}

IN_CHILD static long set_descriptors(const struct qs__spawn_plan *plan)
{
	long rc = check_sources(plan);

	if (rc == 0)
		rc = find_sources(plan);
	if (rc == 0)
		rc = fill_targets(plan);
	if (rc == 0)
		rc = close_others(plan);
	return rc;
}

/* Errors that say nothing of the other folders of PATH. */
IN_CHILD static bool may_be_elsewhere(long error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ENAMETOOLONG ||
	       error == -ESTALE || error == -ENODEV || error == -ETIMEDOUT;
}

/* Returns only if no file could be executed: one that may not be says more than one that is not there. */
IN_CHILD static long execute(const struct qs__spawn_plan *plan)
{
	bool denied = false;
	long rc = -ENOENT;

	for (size_t i = 0; plan->files[i] != NULL; i++) {
		rc = CALL(SYS_execve, plan->files[i], plan->argv, plan->environment);
		if (!may_be_elsewhere(rc))
			return rc;
		denied = denied || rc == -EACCES;
	}
	return denied ? -EACCES : rc;
}

IN_CHILD static long become(const struct qs__spawn_plan *plan)
{
	long rc = 0;

	if (plan->own_group)
		rc = CALL(SYS_setpgid, 0, 0);
	if (rc == 0)
		rc = set_descriptors(plan);
	if (rc == 0 && plan->directory != NULL)
		rc = CALL(SYS_chdir, plan->directory);
	if (rc < 0)
		return rc;
	set_signals(plan->ignored);
	(void)CALL(SYS_rt_sigprocmask, SIG_SETMASK, &plan->mask, NULL, sizeof(plan->mask));
	return execute(plan);
}

IN_CHILD int qs__spawn_child(void *arg)
{
	struct qs__spawn_plan *plan = arg;

	plan->error = (int)become(plan);
	for (;;)
		(void)CALL(SYS_exit_group, EXEC_FAILED);
}
