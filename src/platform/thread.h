/* SPDX-License-Identifier: MIT */
/*
 * thread.h - start and join threads; the one thread-local pointer.
 */
#ifndef QS__PLATFORM_THREAD_H
#define QS__PLATFORM_THREAD_H

#include <stddef.h>

#include "platform/clock.h"

/* What is to be joined or detached, once. */
typedef struct qs__thread_record *qs__thread;
typedef void qs__thread_fn(void *arg);

/*
 * Start fn(arg) in a thread that blocks all signals but those that report a fault of its own.
 *
 *   stack_bytes  0 = the system's default; see qs__thread_min_stack()
 *   name         borrowed for the call; the system may cut it (15 bytes on Linux) or have no names
 *
 * Returns 0, -EAGAIN, -ENOMEM, -EINVAL.
 */
int qs__thread_start(qs__thread *out, qs__thread_fn *fn, void *arg, size_t stack_bytes, const char *name);

/*
 * Wait until the thread is gone; 0, or -ETIMEDOUT: it is still there and must be
 * joined or detached later.
 */
int qs__thread_join(qs__thread thread, qs_time deadline);
void qs__thread_detach(qs__thread thread);

/*
 * Call fn(arg), which may end the thread: then, on the way out, on_exit(arg) is called
 * instead of a return.  That is pthread_exit(), pthread_cancel(), and a C++ exception that
 * some caller of ours catches.
 */
void qs__thread_guard(qs__thread_fn *fn, qs__thread_fn *on_exit, void *arg);

/*
 * Whether pthread_cancel() works on this thread, at its next cancellation point.
 * Return what to give back.
 */
int qs__thread_allow_cancel(void);
int qs__thread_refuse_cancel(void);
void qs__thread_restore_cancel(int before);

/* The least stack that a worker can live on. */
size_t qs__thread_min_stack(void);

/* The system's number of this thread, for people and their tools; ours, where the system has none. */
int qs__thread_id(void);

/*
 * An address that is this thread's alone while it lives: to tell whether two
 * moments are in the same thread.
 */
const void *qs__thread_self(void);

/*
 * One pointer per thread, NULL at its start: the task that runs in it, or the worker that does.
 * Only waits, submit, join and destroy look at it; everything else is handed its context.
 */
void *qs__current(void);
void qs__set_current(void *value);

#endif
