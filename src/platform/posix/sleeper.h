/* SPDX-License-Identifier: MIT */
/*
 * sleeper.h - one thread falls asleep, somebody wakes it: what parking is made of (park.c).
 *
 * A wake counts also when it comes before the sleep.  A sleep may end early without a reason.
 */
#ifndef QS__PLATFORM_SLEEPER_H
#define QS__PLATFORM_SLEEPER_H

#include <semaphore.h>
#include <stdbool.h>

#include "platform/clock.h"

struct qs__sleeper {
	bool is_timed;
	sem_t woken;	/* not timed */
	int ends[2];	/* timed: a pipe */
};

/* For one sleep until this deadline.  False: the system gives nothing to sleep on. */
bool qs__sleeper_init(struct qs__sleeper *sleeper, qs_time deadline);
void qs__sleeper_fini(struct qs__sleeper *sleeper);

/* 0, or -ETIMEDOUT. */
int qs__sleeper_sleep(struct qs__sleeper *sleeper, qs_time deadline);

/* Safe in a signal handler; errno may change. */
void qs__sleeper_wake(struct qs__sleeper *sleeper);

/* A moment for others: for who must wait and has nobody to wake it.  Safe in a signal handler; errno may change. */
void qs__sleeper_nap(int64_t ns);

#endif
