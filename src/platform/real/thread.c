/* SPDX-License-Identifier: MIT */
/*
 * thread.c - POSIX threads.
 *
 * A thread inherits the mask of the one that starts it; so all signals are blocked around the
 * start, and no signal can reach the new thread before it has a mask of its own.
 *
 * A thread says that it has ended also when its body left by pthread_exit().
 */
#include "thread_record.h"

#include <errno.h>
#include <stdio.h>

#include "platform/alloc.h"
#include "platform/park.h"
#include "platform/signal_mask.h"

#define OWNERS 2	/* the thread and its handle */

static void release(struct qs__thread_record *record)
{
	/* What one owner did comes before the other one's free.  Pairs with itself. */
	if (qs__fetch_sub_acq_rel(&record->owners, 1) == 1) {
		qs__atomic_fini(&record->has_ended);
		qs__atomic_fini(&record->owners);
		qs__free(record);
	}
}

static void leave(void *memory)
{
	struct qs__thread_record *record = memory;

	/*
	 * relaxed: says that a pthread_join() will not take long; that one
	 * publishes what the thread did.
	 */
	qs__store_relaxed(&record->has_ended, 1);
	qs__unpark_all(&record->has_ended);
	release(record);
}

static void *thread_main(void *memory)
{
	struct qs__thread_record *record = memory;

	pthread_cleanup_push(leave, record);
	qs__thread_name(record->name);
	record->fn(record->arg);
	pthread_cleanup_pop(1);
	return NULL;
}

/* pthread_create with our attributes; a positive errno, as the pthread calls return it. */
static int create(struct qs__thread_record *record, size_t stack_bytes)
{
	const int saved = errno;
	pthread_attr_t attributes;
	sigset_t old;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	if (stack_bytes != 0)
		error = pthread_attr_setstacksize(&attributes, stack_bytes);
	if (error == 0) {
		qs__signals_block(&old);
		error = pthread_create(&record->id, &attributes, thread_main, record);
		qs__signals_restore(&old);
	}
	(void)pthread_attr_destroy(&attributes);
	errno = saved;
	return error;
}

int qs__thread_start(qs__thread *out, qs__thread_fn *fn, void *arg, size_t stack_bytes, const char *name)
{
	struct qs__thread_record *record = qs__alloc(sizeof(*record));
	int error;

	if (record == NULL)
		return -ENOMEM;
	record->fn = fn;
	record->arg = arg;
	(void)snprintf(record->name, sizeof(record->name), "%s", name);
	qs__atomic_init(&record->has_ended, 0);
	qs__atomic_init(&record->owners, OWNERS);
	error = create(record, stack_bytes);
	if (error != 0)
		qs__free(record);
	else
		*out = record;
	return -error;
}

int qs__thread_join(qs__thread thread, qs_time deadline)
{
	const int error = deadline == QS_NEVER ? pthread_join(thread->id, NULL)
					       : qs__thread_join_by(thread, deadline > 0 ? deadline : QS_NOW);

	if (error == 0)
		release(thread);
	return -error;
}

void qs__thread_detach(qs__thread thread)
{
	(void)pthread_detach(thread->id);
	release(thread);
}

void qs__thread_guard(qs__thread_fn *fn, qs__thread_fn *on_exit, void *arg)
{
	/*
	 * Built with -fexceptions this is a destructor of the frame, which
	 * an exception runs as well.
	 */
	pthread_cleanup_push(on_exit, arg);
	fn(arg);
	pthread_cleanup_pop(0);
}

int qs__thread_allow_cancel(void)
{
	int before;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
	return before;
}

int qs__thread_refuse_cancel(void)
{
	int before;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

void qs__thread_restore_cancel(int before)
{
	(void)pthread_setcancelstate(before, &before);
	/* Cancelled at any instant, nobody's data would be whole. */
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before);
}

static _Thread_local void *current;

const void *qs__thread_self(void)
{
	return &current;
}

void *qs__current(void)
{
	return current;
}

void qs__set_current(void *value)
{
	current = value;
}
