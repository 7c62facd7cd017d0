/* SPDX-License-Identifier: MIT */
/*
 * park.c - parking on the futex of Linux.
 *
 * The bitset form of the wait takes an absolute point on the monotonic clock, so an interrupted wait goes on without sums.
 * With a 64-bit time_t on a 32-bit system the call must be futex_time64: the old one would read half of each number.
 */
#define _GNU_SOURCE
#include "platform/park.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's numbers; musl-gcc has no <linux/futex.h>. */
#define FUTEX_WAIT_BITSET_PRIVATE (9 | 128)
#define FUTEX_WAKE_PRIVATE (1 | 128)
#define FUTEX_ANY_BIT 0xffffffffu

#ifdef SYS_futex
#define SYS_FUTEX_OLD SYS_futex
#else
#define SYS_FUTEX_OLD SYS_futex_time64
#endif
#ifdef SYS_futex_time64
#define SYS_FUTEX (sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_FUTEX_OLD)
#else
#define SYS_FUTEX SYS_FUTEX_OLD
#endif

#ifdef __SANITIZE_THREAD__
/* The thread sanitizer keeps signals back until a call that it intercepts; a bare system call is none. */
static void run_deferred_handlers(void)
{
	const struct timespec no_time = { 0, 0 };

	(void)nanosleep(&no_time, NULL);
}
#else
static void run_deferred_handlers(void)
{
}
#endif

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	const struct timespec *until = NULL;
	struct timespec point;
	const int saved = errno;
	int result = 0;

	if (deadline <= 0)
		return -ETIMEDOUT;
	if (deadline != QS_NEVER) {
		point.tv_sec = (time_t)(deadline / QS__NS_PER_S);
		point.tv_nsec = (long)(deadline % QS__NS_PER_S);
		until = &point;
	}
	if (syscall(SYS_FUTEX, word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL, FUTEX_ANY_BIT) < 0) {
		result = errno == ETIMEDOUT ? -ETIMEDOUT : 0;
		if (errno == EINTR)
			run_deferred_handlers();
	}
	errno = saved;
	return result;
}

static void wake(const qs__atomic(uint32_t) *word, int count)
{
	const int saved = errno;

	(void)syscall(SYS_FUTEX, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
	errno = saved;
}

void qs__unpark_one(const qs__atomic(uint32_t) *word)
{
	wake(word, 1);
}

void qs__unpark_all(const qs__atomic(uint32_t) *word)
{
	wake(word, INT_MAX);
}
