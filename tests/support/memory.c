/* SPDX-License-Identifier: MIT */
/*
 * memory.c - qs__alloc() and its companions over libc's, with counters.
 */
#include "support/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/alloc.h"

static atomic_long pieces;
static atomic_long most_pieces;
static atomic_long calls_left;	/* until the first that fails; 0 = that one, less = it has been */
static atomic_long to_fail;	/* how many, from that one on */
static atomic_long failures;

void memory_reset(void)
{
	memory_fail_none();
	atomic_store(&pieces, 0);
	memory_mark();
}

long memory_pieces(void)
{
	return atomic_load(&pieces);
}

long memory_most_pieces(void)
{
	return atomic_load(&most_pieces);
}

void memory_mark(void)
{
	atomic_store(&most_pieces, atomic_load(&pieces));
}

void memory_fail(long granted, long failing)
{
	memory_fail_none();
	atomic_store(&failures, 0);
	atomic_store(&calls_left, granted);
	atomic_store(&to_fail, failing);
}

void memory_fail_none(void)
{
	atomic_store(&to_fail, 0);
}

long memory_failures(void)
{
	return atomic_load(&failures);
}

static bool is_to_fail(void)
{
	const long left = atomic_fetch_sub(&calls_left, 1);

	if (left > 0 || -left >= atomic_load(&to_fail))
		return false;
	(void)atomic_fetch_add(&failures, 1);
	return true;
}

static void count_one(void)
{
	const long now = atomic_fetch_add(&pieces, 1) + 1;
	long most = atomic_load(&most_pieces);

	while (now > most && !atomic_compare_exchange_weak(&most_pieces, &most, now))
		continue;
}

void *qs__alloc(size_t bytes)
{
	return qs__alloc_array(1, bytes);
}

void *qs__alloc_array(size_t count, size_t bytes)
{
	void *memory = is_to_fail() ? NULL : calloc(count, bytes);

	if (memory != NULL)
		count_one();
	return memory;
}

void qs__free(void *memory)
{
	if (memory != NULL)
		(void)atomic_fetch_sub(&pieces, 1);
	free(memory);
}
