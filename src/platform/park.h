/* SPDX-License-Identifier: MIT */
/*
 * park.h - sleep while a word holds a value.
 *
 * The look at the word and the falling asleep are one step against an unpark of the same address: a
 * change of the word followed by an unpark is never missed.  Every park may return early without a
 * reason; callers loop over a predicate.
 *
 * Unparking uses the address alone and never looks at the memory, which may have been freed since.
 */
#ifndef QS__PLATFORM_PARK_H
#define QS__PLATFORM_PARK_H

#include "platform/atomic.h"
#include "platform/clock.h"

/*
 * Sleep while *word == value, until unparked or until the deadline (a past one does not sleep).
 * Returns 0 (woken, the word differs, a signal, or no reason at all) or -ETIMEDOUT.
 */
int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline);

/* Wake one, or all, of those parked on this address.  Safe in a signal handler; errno is kept. */
void qs__unpark_one(const qs__atomic(uint32_t) *word);
void qs__unpark_all(const qs__atomic(uint32_t) *word);

#endif
