/* SPDX-License-Identifier: MIT */
/*
 * sleeper.c - a semaphore for who sleeps without a deadline, a pair of sockets for who has one.
 *
 * Who is to be woken from a signal handler leaves little choice: of all that POSIX has to wait for,
 * a handler may post a semaphore or do something to a descriptor.  (A condition, which knows the
 * monotonic clock, it may not signal.)
 *
 * - Without a deadline a semaphore does all, and costs nothing but itself.  That is
 *   most waits, and all locks.
 * - With a deadline it does not: sem_timedwait() goes by the wall clock, so that a clock set back
 *   would make a wait longer; sem_clockwait() is of POSIX.1-2024, and many a libc lacks it.  poll()
 *   measures a length of time, which no clock change moves, so two sockets are made for that one
 *   sleep.  Lengths are in ms, rounded up: late by less than one, never early.
 *
 * Why sockets and not a pipe: the waker may be a thread that can be cancelled, and write()
 * is where that happens; it would take the wakes that are still due along.  shutdown() is no
 * such point, a handler may call it, and it never waits: the other socket is at its end
 * then, and that is readable.
 *
 * A wait with a deadline needs two descriptors, then, for as long as it lasts.  If there are
 * none, parking naps instead.
 *
 * The waker may still be in sem_post() when the sleeper destroys what it was woken by: POSIX allows
 * that, for nobody is blocked on it any more.
 */
#include "sleeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "pipe.h"
#include "platform/event_fd.h"

static bool init_timed(struct qs__sleeper *sleeper)
{
	int ends[2];

	if (qs__socket_pair_open(ends) < 0)
		return false;
	sleeper->end = ends[0];
	sleeper->waker = (struct qs__waker){ NULL, ends[1] };
	return true;
}

static bool init_untimed(struct qs__sleeper *sleeper)
{
	sleeper->waker = (struct qs__waker){ &sleeper->semaphore, -1 };
	return sem_init(&sleeper->semaphore, 0, 0) == 0;
}

bool qs__sleeper_init(struct qs__sleeper *sleeper, qs_time deadline)
{
	return deadline != QS_NEVER ? init_timed(sleeper) : init_untimed(sleeper);
}

void qs__sleeper_fini(struct qs__sleeper *sleeper)
{
	if (sleeper->waker.semaphore != NULL) {
		(void)sem_destroy(&sleeper->semaphore);
		return;
	}
	qs__pipe_close(sleeper->end);
	qs__pipe_close(sleeper->waker.end);
}

static enum qs__slept sleep_until(const struct qs__sleeper *sleeper, qs_time deadline)
{
	struct pollfd woken = { sleeper->end, POLLIN, 0 };
	const int ready = qs__poll(&woken, 1, deadline);

	if (ready > 0)
		return QS__SLEPT_WOKEN;
	return ready == -ETIMEDOUT ? QS__SLEPT_TIMED_OUT : QS__SLEPT_EARLY;
}

enum qs__slept qs__sleeper_sleep(struct qs__sleeper *sleeper, qs_time deadline)
{
	if (sleeper->waker.semaphore == NULL)
		return sleep_until(sleeper, deadline);
	return sem_wait(&sleeper->semaphore) == 0 ? QS__SLEPT_WOKEN : QS__SLEPT_EARLY;
}

void qs__sleeper_wake(struct qs__waker waker)
{
	if (waker.semaphore != NULL)
		(void)sem_post(waker.semaphore);
	else
		(void)shutdown(waker.end, SHUT_WR);
}

void qs__sleeper_nap(int64_t ns)
{
	struct timespec length = { (time_t)(ns / QS__NS_PER_S), (long)(ns % QS__NS_PER_S) };

	(void)pselect(0, NULL, NULL, NULL, &length, NULL);
}
