/* SPDX-License-Identifier: MIT */
/*
 * spawn_calls.h - how a new child calls the system: bare system calls, for it
 * lives in its parent's memory.
 *
 * It may be stopped at any instruction with anybody's lock taken, and what it writes,
 * the parent keeps.  Hence:
 *
 * - System calls are made through syscall() alone, which the parent has called before, and
 *   errno looked at (their lazy binding is done).  The wrappers of libc are not used:
 *   sanitizers and preloaded libraries replace them by code that takes locks or that keeps
 *   books, and those books are the parent's.
 * - No function here is instrumented.
 *
 * Its memory being the parent's is also how a failure is reported: in plan->error.  Where a
 * tool turns vfork into fork (valgrind, qemu-user) that word is not shared, and a failed exec
 * is seen as exit code 127.
 */
#ifndef QS__PLATFORM_SPAWN_CALLS_H
#define QS__PLATFORM_SPAWN_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/real/spawn_plan.h"

#if defined(__mips__)
#error "the kernel's struct sigaction and its signal sets have another shape here"
#endif

#define IN_CHILD __attribute__((__no_sanitize__("address", "thread", "undefined")))

#define EXEC_FAILED 127		/* the shell's exit code for a program that could not be run */
#define KERNEL_SIGNALS 64
#define KERNEL_SIGNALS_BYTES 8	/* a sigset_t begins with what the kernel knows */

/*
 * What rt_sigaction takes.  The handler comes first; the rest, in whatever order,
 * is 0 for what is set here.
 */
struct kernel_sigaction {
	uintptr_t handler;
	unsigned long rest[4];
};

/* A system call's result as the kernel gives it: negative codes. */
#define CALL(...) result_of(syscall(__VA_ARGS__))

IN_CHILD static inline long result_of(long result)
{
	return result == -1 ? -errno : result;
}

/* A close-on-exec copy, at `least` or above. */
IN_CHILD static inline long call_copy(long fd, long least)
{
	return CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
}

IN_CHILD static inline long call_keep_at_exec(long fd)
{
	return CALL(SYS_fcntl, fd, F_SETFD, 0);
}

IN_CHILD static inline long call_open_null(void)
{
	return CALL(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
}

IN_CHILD static inline long call_put(long fd, long target)
{
	return CALL(SYS_dup3, fd, target, 0);
}

IN_CHILD static inline long call_lead_group(void)
{
	return CALL(SYS_setpgid, 0, 0);
}

IN_CHILD static inline long call_change_directory(const char *directory)
{
	return CALL(SYS_chdir, directory);
}

IN_CHILD static inline long call_execute(const char *file, const struct qs__spawn_plan *plan)
{
	return CALL(SYS_execve, file, plan->argv, plan->environment);
}

/* Is it in the set?  By hand: sigismember() may be anybody's. */
IN_CHILD static inline unsigned long has_signal(const sigset_t *set, int signal)
{
	const unsigned bits = sizeof(unsigned long) * CHAR_BIT;
	const unsigned bit = (unsigned)signal - 1;

	return ((const unsigned long *)set)[bit / bits] >> bit % bits & 1;
}

/* The dispositions of the plan, then its mask. */
IN_CHILD static inline void call_set_signals(const struct qs__spawn_plan *plan)
{
	for (int signal = 1; signal <= KERNEL_SIGNALS; signal++) {
		struct kernel_sigaction action = { 0, { 0, 0, 0, 0 } };

		if (has_signal(&plan->ignored, signal))
			action.handler = (uintptr_t)SIG_IGN;
		/* Refused for KILL and STOP alone, which nobody can change. */
		(void)CALL(SYS_rt_sigaction, signal, &action, NULL, KERNEL_SIGNALS_BYTES);
	}
	(void)CALL(SYS_rt_sigprocmask, SIG_SETMASK, &plan->mask, NULL, KERNEL_SIGNALS_BYTES);
}

IN_CHILD static inline void call_leave(struct qs__spawn_plan *plan, long error)
{
	plan->error = (int)error;
	for (;;)
		(void)CALL(SYS_exit_group, EXEC_FAILED);
}

#endif
