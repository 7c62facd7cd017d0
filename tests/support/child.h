/* SPDX-License-Identifier: MIT */
/*
 * child.h - a part of a test that runs in a process of its own: it may die, change
 * dispositions, drop privileges.
 *
 * In the child nothing of cmocka may be used; it says what it found by CHILD_CHECK and
 * returns its exit status.
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#define CHILD_FAILED 99	/* the exit status of a child whose check failed */

#define CHILD_CHECK(condition) \
	((condition) ? (void)0 : child_fail(__FILE__, __LINE__, #condition))

_Noreturn void child_fail(const char *file, int line, const char *what);

typedef int child_fn(void *arg);

/* Fork a child that ends by _exit(fn(arg)), without a core file.  Aborts if it cannot. */
pid_t child_start(child_fn *fn, void *arg);

/* Its wait status.  One that does not end in time is killed, with words, and its status is -1. */
int child_end(pid_t pid);

/* Both. */
int child_run(child_fn *fn, void *arg);

#endif
