/* SPDX-License-Identifier: MIT */
/*
 * thread_system.c - what Linux knows of a thread besides POSIX: a name, a number, how
 * large a signal's frame is.
 */
#define _GNU_SOURCE
#include "platform/real/thread_record.h"

#include <limits.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_OF_OUR_OWN 16384	/* what our frames below a body, and libc's above it, may use */

void qs__thread_name(const char *name)
{
	(void)pthread_setname_np(pthread_self(), name);
}

size_t qs__thread_min_stack(void)
{
	/*
	 * What the kernel writes for a signal grows with the registers of the machine;
	 * old kernels do not tell.
	 */
	const unsigned long frame = getauxval(AT_MINSIGSTKSZ);
	const long least = sysconf(_SC_THREAD_STACK_MIN);

	return (size_t)(least > 0 ? least : PTHREAD_STACK_MIN) + (size_t)(frame > 0 ? frame : MINSIGSTKSZ) +
	       STACK_OF_OUR_OWN;
}

int qs__thread_id(void)
{
	return (int)syscall(SYS_gettid);
}
