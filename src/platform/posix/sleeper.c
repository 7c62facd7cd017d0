/* SPDX-License-Identifier: MIT */
/*
 * sleeper.c - a semaphore for who sleeps without a deadline, a pipe for who has one.
 *
 * Who is to be woken from a signal handler leaves little choice: of all that POSIX has to wait for, a handler may post a
 * semaphore or write to a descriptor.  (A condition, which knows the monotonic clock, it may not signal.)
 *
 * - Without a deadline a semaphore does all, and costs nothing but itself.  That is most waits, and all locks.
 * - With a deadline it does not: sem_timedwait() goes by the wall clock, so that a clock set back would make a wait longer;
 *   sem_clockwait() is of POSIX.1-2024, and many a libc lacks it.  poll() measures a length of time, which no clock change
 *   moves, so a pipe is made for that one sleep.  Lengths are in ms, rounded up: late by less than one, never early.
 *
 * A wait with a deadline needs two descriptors, then, for as long as it lasts.  If there are none, parking naps instead.
 */
#include "sleeper.h"

#include <errno.h>
#include <limits.h>
#include <sys/select.h>
#include <unistd.h>

#include "pipe.h"
#include "platform/event_fd.h"

bool qs__sleeper_init(struct qs__sleeper *sleeper, qs_time deadline)
{
	sleeper->is_timed = deadline != QS_NEVER;
	return sleeper->is_timed ? qs__pipe_open(sleeper->ends) == 0 : sem_init(&sleeper->woken, 0, 0) == 0;
}

void qs__sleeper_fini(struct qs__sleeper *sleeper)
{
	if (!sleeper->is_timed) {
		(void)sem_destroy(&sleeper->woken);
		return;
	}
	qs__pipe_close(sleeper->ends[0]);
	qs__pipe_close(sleeper->ends[1]);
}

int qs__sleeper_sleep(struct qs__sleeper *sleeper, qs_time deadline)
{
	struct pollfd woken = { sleeper->ends[0], POLLIN, 0 };

	if (sleeper->is_timed)
		return qs__poll(&woken, 1, deadline) == -ETIMEDOUT ? -ETIMEDOUT : 0;
	(void)sem_wait(&sleeper->woken);
	return 0;
}

void qs__sleeper_wake(struct qs__sleeper *sleeper)
{
	if (sleeper->is_timed)
		(void)!write(sleeper->ends[1], "", 1);
	else
		(void)sem_post(&sleeper->woken);
}

void qs__sleeper_nap(int64_t ns)
{
	struct timespec length = { (time_t)(ns / QS__NS_PER_S), (long)(ns % QS__NS_PER_S) };

	(void)pselect(0, NULL, NULL, NULL, &length, NULL);
}
