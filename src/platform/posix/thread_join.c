/* SPDX-License-Identifier: MIT */
/*
 * thread_join.c - a join with a deadline, where pthreads has none: the thread says that it
 * ends, and then it is joined.
 *
 * What is left to it after it has said so is libc's: freeing its stack, and the destructors
 * of the host's thread-local things.  Should one of these not return, neither does the join;
 * the join of glibc would.
 */
#include "platform/real/thread_record.h"

#include <errno.h>

#include "platform/park.h"

/* relaxed: see thread.c, where it is said. */
static bool has_ended(const struct qs__thread_record *record)
{
	return qs__load_relaxed(&record->has_ended) != 0;
}

int qs__thread_join_by(const struct qs__thread_record *record, qs_time deadline)
{
	while (!has_ended(record)) {
		if (qs__park(&record->has_ended, 0, deadline) == -ETIMEDOUT && !has_ended(record))
			return ETIMEDOUT;
	}
	return pthread_join(record->id, NULL);
}
