/* SPDX-License-Identifier: MIT */
/*
 * sleeper.h - one thread falls asleep, somebody wakes it, once: what parking is made of (park.c).
 *
 * A wake counts also when it comes before the sleep.  A sleep may end early without a reason.
 */
#ifndef QS__PLATFORM_SLEEPER_H
#define QS__PLATFORM_SLEEPER_H

#include <semaphore.h>
#include <stdbool.h>

#include "platform/clock.h"

/* By whom a sleeper is woken: a value, so that the sleeper need not be looked at for it. */
struct qs__waker {
	sem_t *semaphore;	/* NULL: by the descriptor */
	int end;
};

struct qs__sleeper {
	struct qs__waker waker;
	sem_t semaphore;	/* without a deadline */
	int end;		/* with one: what becomes readable */
};

/* For sleeping until this deadline.  False: the system gives nothing to sleep on. */
bool qs__sleeper_init(struct qs__sleeper *sleeper, qs_time deadline);

/* When the wake has come, or never will. */
void qs__sleeper_fini(struct qs__sleeper *sleeper);

enum qs__slept {
	QS__SLEPT_WOKEN,
	QS__SLEPT_TIMED_OUT,
	QS__SLEPT_EARLY,
};

/* May be called again, with this deadline or without one, until the wake has come. */
enum qs__slept qs__sleeper_sleep(struct qs__sleeper *sleeper, qs_time deadline);

/* Safe in a signal handler, and no cancellation point; errno may change. */
void qs__sleeper_wake(struct qs__waker waker);

/*
 * A moment for others: for who must wait and has nobody to wake it.  Safe in a signal
 * handler; errno may change.
 */
void qs__sleeper_nap(int64_t ns);

#endif
