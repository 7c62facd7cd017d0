/* SPDX-License-Identifier: MIT */
/*
 * wait.h - waits: for a future, for a descriptor; a signal handler of Python's may end them.
 */
#ifndef QUIESCE_PYTHON_WAIT_H
#define QUIESCE_PYTHON_WAIT_H

#include "core.h"

/* A timeout as people write it: None, seconds.  -1 with an exception. */
int deadline_of(PyObject *timeout, qs_time *out);

/* In this thread Python runs signal handlers; a forked child says so again. */
void note_main_thread(unsigned long ident);

/* Whether Python runs signal handlers in this thread. */
bool is_main_thread(void);

/* 1 when it is readable, 0 at the deadline, -1 with an exception.  For the main thread. */
int wait_readable(int fd, qs_time deadline);

/* 0, or -1 with an exception: the future has not ended by then, or never could. */
int wait_for_future(qs_future *future, qs_time deadline);

/* Sleeps until the stop is asked: 1; 0 at the deadline; -1 with an exception. */
int wait_for_stop(qs_stop *stop, qs_time deadline);

#endif
