/* SPDX-License-Identifier: MIT */
/*
 * thread_join.c - the join with a deadline of glibc.
 *
 * It waits for the whole thread, the destructors of its thread-local things included, so that none
 * of these can hold the joiner up beyond its deadline.  A libc without pthread_clockjoin_np()
 * takes posix/thread_join.c.
 */
#define _GNU_SOURCE
#include "platform/real/thread_record.h"

#include <time.h>

#ifdef __SANITIZE_THREAD__
/*
 * The thread sanitizer does not see pthread_clockjoin_np: it would report each worker as leaked,
 * and miss that what it did comes before.  It does see the twin on the wall clock, which under it
 * may be trusted not to jump.
 */
int qs__thread_join_by(const struct qs__thread_record *record, qs_time deadline)
{
	const qs_time left = deadline - qs__clock_now();
	struct timespec now;
	struct timespec point;
	qs_time sum;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	sum = (qs_time)now.tv_sec * QS__NS_PER_S + now.tv_nsec;
	sum = left < QS_NEVER - sum ? sum + left : QS_NEVER;
	point.tv_sec = (time_t)(sum / QS__NS_PER_S);
	point.tv_nsec = (long)(sum % QS__NS_PER_S);
	return pthread_timedjoin_np(record->id, NULL, &point);
}
#else
int qs__thread_join_by(const struct qs__thread_record *record, qs_time deadline)
{
	const struct timespec point = {
		.tv_sec = (time_t)(deadline / QS__NS_PER_S),
		.tv_nsec = (long)(deadline % QS__NS_PER_S),
	};

	return pthread_clockjoin_np(record->id, NULL, CLOCK_MONOTONIC, &point);
}
#endif
