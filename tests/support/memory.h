/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the library's memory, piece by piece: how much of it there is, and
 * none when a test says so.
 *
 * It brings qs__alloc() and its companions.  A program that calls one of these functions gets them,
 * since the linker looks here first, and the library's own are left out.  tests/faults is for what
 * the library asks of the system beside memory.
 */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

/*
 * For the beginning of a test: nothing is there, whatever the one before has
 * left, and nothing fails.
 */
void memory_reset(void);

/* Allocated and not freed. */
long memory_pieces(void);

/* How many there were at most, since memory_mark(). */
long memory_most_pieces(void);
void memory_mark(void);

/*
 * Of the allocations from now on, the first `granted` succeed, then `failing` fail; what comes
 * after them succeeds again.
 */
void memory_fail(long granted, long failing);
void memory_fail_none(void);

/* How many have failed since memory_fail(). */
long memory_failures(void);

#endif
