/* SPDX-License-Identifier: MIT */
/*
 * park.c - parking on the futex of Linux.
 *
 * The bitset form of the wait takes an absolute point on the monotonic clock, so an interrupted
 * wait goes on without sums.  With a 64-bit time_t on a 32-bit system the call must be
 * futex_time64: the old one would read half of each number.
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
#define TSAN_SLICE_NS (20 * QS__NS_PER_MS)

/*
 * The thread sanitizer keeps signals back until the thread makes a call that it intercepts, which a
 * bare system call is not.  So under it a thread parks in slices and makes such a call after each;
 * a park may return early anyway.
 */
static qs_time slice(qs_time deadline)
{
	const struct timespec no_time = { 0, 0 };
	const qs_time end = qs__clock_now() + TSAN_SLICE_NS;

	(void)nanosleep(&no_time, NULL);
	return deadline < end ? deadline : end;
}
#endif

/* The system call: 0, -ETIMEDOUT, or 0 for whatever else ends it. */
static int wait_on(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	const struct timespec point = {
		.tv_sec = (time_t)(deadline / QS__NS_PER_S),
		.tv_nsec = (long)(deadline % QS__NS_PER_S),
	};
	const struct timespec *until = deadline != QS_NEVER ? &point : NULL;

	if (syscall(SYS_FUTEX, word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL, FUTEX_ANY_BIT) == 0)
		return 0;
	return errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	const int saved = errno;
	int result;

	if (deadline <= 0)
		return -ETIMEDOUT;
#ifdef __SANITIZE_THREAD__
	result = wait_on(word, value, slice(deadline));
	if (result == -ETIMEDOUT && qs__clock_now() < deadline)
		result = 0;
#else
	result = wait_on(word, value, deadline);
#endif
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
