/* SPDX-License-Identifier: MIT */
/*
 * each_wait.h - every public call that waits, each in a thread of its own, with nothing to wait for
 * but a deadline and a stop.
 *
 * For tests of what happens to waits meanwhile.  Runs in a child of the test
 * (child.h), whose checks it uses.
 */
#ifndef TEST_EACH_WAIT_H
#define TEST_EACH_WAIT_H

#include "quiesce.h"

#define EACH_WAIT_MAX 16

/* What one of them came to. */
struct each_wait {
	const char *name;
	int at_deadline;	/* what it says when its deadline comes: -ETIMEDOUT, or 0 */
	int result;
	qs_time since_due;	/* how long after its deadline it returned, ns; less than 0: before it */
};

/*
 * Start them all, with this deadline and this stop; call meanwhile(arg), NULL allowed, when they
 * are under way; and return when all have.  Returns how many there are.
 */
size_t each_wait_run(struct each_wait out[EACH_WAIT_MAX], qs_time deadline, qs_stop *stop, void (*meanwhile)(void *arg),
		     void *arg);

/*
 * The child: until a deadline that is `ms` away, then without one until its stop is asked.  Checks
 * that the first ended at their deadline, not before it and at most `late_ms` after, and the others
 * by the stop; and that no other error leaked out.
 */
struct each_wait_bounds {
	int64_t ms;
	int64_t late_ms;
	void (*meanwhile)(void *arg);	/* NULL allowed */
	void *arg;
};
void each_wait_check(const struct each_wait_bounds *bounds);

#endif
