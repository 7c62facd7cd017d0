/* SPDX-License-Identifier: MIT */
/*
 * thread_system.c - what POSIX does not say of a thread: it has no name, and no number but
 * the one that we give it.
 */
#include "platform/real/thread_record.h"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

/*
 * What our frames below a body, and libc's above it, may use; and what a signal's frame takes
 * beyond MINSIGSTKSZ, which was fixed before registers grew.
 */
#define STACK_OF_OUR_OWN 32768

void qs__thread_name(const char *name)
{
	(void)name;
}

size_t qs__thread_min_stack(void)
{
	const long least = sysconf(_SC_THREAD_STACK_MIN);

	return (size_t)(least > 0 ? least : PTHREAD_STACK_MIN) + MINSIGSTKSZ + STACK_OF_OUR_OWN;
}

/* 1, 2, 3, ... in the order in which threads first ask. */
int qs__thread_id(void)
{
	static qs__atomic(uint32_t) last;
	static _Thread_local int own;

	/* relaxed: a number, which publishes nothing. */
	if (own == 0)
		own = (int)qs__fetch_add_relaxed(&last, 1) + 1;
	return own;
}
