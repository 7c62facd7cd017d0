/* SPDX-License-Identifier: MIT */
/*
 * fork.h - notice that this process is a fork of the one that made an object.
 *
 * Each process that makes objects has an *era*, a number above 0, which a fork ends: on Linux
 * however it was made, on plain POSIX if fork() made it.  An object keeps the era in which it was
 * made; if that is not the present one, the object is inherited.
 */
#ifndef QS__PLATFORM_FORK_H
#define QS__PLATFORM_FORK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The present era, begun if need be.  0: the system gives no memory for it
 * (-ENOMEM is the caller's error).
 */
uint32_t qs__era_begin(void);

/* True if the era is the present one: two loads and one comparison.  Safe in a signal handler. */
bool qs__era_is_present(uint32_t era);

#endif
