/* SPDX-License-Identifier: MIT */
/*
 * thread.c - POSIX threads.
 *
 * A thread inherits the mask of the one that starts it; so all signals are blocked around the start, and no signal can reach
 * the new thread before it has a mask of its own.
 */
#define _GNU_SOURCE
#include "platform/thread.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "platform/alloc.h"
#include "platform/signal_mask.h"

#define THREAD_NAME_SIZE 16	/* the kernel's, its end included */
#define STACK_OF_OUR_OWN 16384	/* what our frames below a body, and libc's above it, may use */

struct start {
	qs__thread_fn *fn;
	void *arg;
	char name[THREAD_NAME_SIZE];
};

static void *thread_main(void *memory)
{
	const struct start start = *(struct start *)memory;

	qs__free(memory);
	(void)pthread_setname_np(pthread_self(), start.name);
	start.fn(start.arg);
	return NULL;
}

/* pthread_create with our attributes; a positive errno, as the pthread calls return it. */
static int create(pthread_t *out, struct start *start, size_t stack_bytes)
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
		error = pthread_create(out, &attributes, thread_main, start);
		qs__signals_restore(&old);
	}
	(void)pthread_attr_destroy(&attributes);
	errno = saved;
	return error;
}

int qs__thread_start(qs__thread *out, qs__thread_fn *fn, void *arg, size_t stack_bytes, const char *name)
{
	struct start *start = qs__alloc(sizeof(*start));
	int error;

	if (start == NULL)
		return -ENOMEM;
	start->fn = fn;
	start->arg = arg;
	(void)snprintf(start->name, sizeof(start->name), "%s", name);
	error = create(out, start, stack_bytes);
	if (error != 0)
		qs__free(start);
	return -error;
}

#ifdef __SANITIZE_THREAD__
/*
 * The thread sanitizer does not see pthread_clockjoin_np: it would report each worker as leaked, and miss that what it did
 * comes before.  It does see the twin on the wall clock, which under it may be trusted not to jump.
 */
static int join_by(qs__thread thread, qs_time deadline)
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
	return pthread_timedjoin_np(thread, NULL, &point);
}
#else
static int join_by(qs__thread thread, qs_time deadline)
{
	const struct timespec point = {
		.tv_sec = (time_t)(deadline / QS__NS_PER_S),
		.tv_nsec = (long)(deadline % QS__NS_PER_S),
	};

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &point);
}
#endif

int qs__thread_join(qs__thread thread, qs_time deadline)
{
	if (deadline == QS_NEVER)
		return -pthread_join(thread, NULL);
	return -join_by(thread, deadline > 0 ? deadline : QS_NOW);
}

void qs__thread_detach(qs__thread thread)
{
	(void)pthread_detach(thread);
}

void qs__thread_guard(qs__thread_fn *fn, qs__thread_fn *on_exit, void *arg)
{
	/* Built with -fexceptions this is a destructor of the frame, which an exception runs as well. */
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

size_t qs__thread_min_stack(void)
{
	const long frame = sysconf(_SC_MINSIGSTKSZ);
	const long least = sysconf(_SC_THREAD_STACK_MIN);

	return (size_t)(least > 0 ? least : PTHREAD_STACK_MIN) + (size_t)(frame > 0 ? frame : MINSIGSTKSZ) +
	       STACK_OF_OUR_OWN;
}

int qs__thread_id(void)
{
	return (int)syscall(SYS_gettid);
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
