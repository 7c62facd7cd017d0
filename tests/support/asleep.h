/* SPDX-License-Identifier: MIT */
/*
 * asleep.h - what the kernel says of a thread of this process: whether it sleeps, and
 * how often it went to sleep.
 *
 * A thread that nobody wakes goes to sleep once.  One that polls, or is woken for nothing,
 * does so again and again.
 */
#ifndef TEST_ASLEEP_H
#define TEST_ASLEEP_H

#include <stdbool.h>

/* The number by which the calls below know the calling thread. */
int asleep_self(void);

/* Waits until the thread sleeps; fails the test if it does not. */
void asleep_await(int thread);

/* How often it went to sleep so far. */
long asleep_count(int thread);

#endif
