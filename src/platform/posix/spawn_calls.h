/* SPDX-License-Identifier: MIT */
/*
 * spawn_calls.h - how a new child calls the system: the functions of libc
 * that are allowed after fork.
 *
 * Those are the async-signal-safe ones, for another thread may have held any lock of
 * libc's when fork() copied it.  Its memory is its own; so a failure is reported through a
 * pipe, which an exec closes.
 */
#ifndef QS__PLATFORM_SPAWN_CALLS_H
#define QS__PLATFORM_SPAWN_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "platform/real/spawn_plan.h"

#define IN_CHILD

#define EXEC_FAILED 127		/* the shell's exit code for a program that could not be run */

/* As the kernel would give it: negative codes. */
static inline long result_of(long result)
{
	return result < 0 ? -errno : result;
}

/* A close-on-exec copy, at `least` or above. */
static inline long call_copy(long fd, long least)
{
	return result_of(fcntl((int)fd, F_DUPFD_CLOEXEC, (int)least));
}

static inline long call_keep_at_exec(long fd)
{
	return result_of(fcntl((int)fd, F_SETFD, 0));
}

static inline long call_open_null(void)
{
	return result_of(open("/dev/null", O_RDWR | O_CLOEXEC));
}

static inline long call_put(long fd, long target)
{
	return result_of(dup2((int)fd, (int)target));
}

static inline long call_lead_group(void)
{
	return result_of(setpgid(0, 0));
}

static inline long call_change_directory(const char *directory)
{
	return result_of(chdir(directory));
}

/* execve() promises to leave the texts alone; its type is older than const. */
static inline long call_execute(const char *file, const struct qs__spawn_plan *plan)
{
	return result_of(execve(file, (char *const *)plan->argv, (char *const *)plan->environment));
}

/* The dispositions of the plan, then its mask. */
static inline void call_set_signals(const struct qs__spawn_plan *plan)
{
	struct sigaction action = { .sa_flags = 0 };

	(void)sigemptyset(&action.sa_mask);
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		action.sa_handler = sigismember(&plan->ignored, signal) == 1 ? SIG_IGN : SIG_DFL;
		/* Refused for KILL and STOP, which nobody can change, and for what is libc's own. */
		(void)sigaction(signal, &action, NULL);
	}
	(void)sigprocmask(SIG_SETMASK, &plan->mask, NULL);
}

static inline void call_leave(struct qs__spawn_plan *plan, long error)
{
	plan->error = (int)error;
	(void)!write(plan->report, &plan->error, sizeof(plan->error));
	_exit(EXEC_FAILED);
}

#endif
