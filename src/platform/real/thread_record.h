/* SPDX-License-Identifier: MIT */
/*
 * thread_record.h - a thread that was started here: what its handle points at.
 *
 * It has two owners, the thread and its handle; the last one to go frees it.
 */
#ifndef QS__PLATFORM_THREAD_RECORD_H
#define QS__PLATFORM_THREAD_RECORD_H

#include <pthread.h>

#include "platform/atomic.h"
#include "platform/thread.h"

#define QS__THREAD_NAME_SIZE 16	/* Linux's, its end included; others have more room */

/* H: the handle's owner alone.  I: set before the thread is there.  A: atomic. */
struct qs__thread_record {
	pthread_t id;			/* H */
	qs__thread_fn *fn;		/* I */
	void *arg;			/* I */
	char name[QS__THREAD_NAME_SIZE];	/* I */
	qs__atomic(uint32_t) has_ended;	/* A  1: fn has returned, or the thread was ended in it; to be parked on */
	qs__atomic(uint32_t) owners;	/* A */
};

/* ---- what each system, or its libc, has of its own ---- */

/* Give the calling thread this name, for people and their tools, where the system has names. */
void qs__thread_name(const char *name);

/* Join it; 0, or ETIMEDOUT: it is still there. */
int qs__thread_join_by(const struct qs__thread_record *record, qs_time deadline);

#endif
