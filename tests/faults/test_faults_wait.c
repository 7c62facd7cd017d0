/* SPDX-License-Identifier: MIT */
/*
 * test_faults_wait.c - waits for many futures at once while the system refuses
 * what they ask for (B1, B4).
 *
 * Few futures are waited for with what is on the stack, so there are many.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"
#include "support/pools.h"

#define TASKS 24

/*
 * A pool whose tasks stay until they are let go, and their futures; all of it made
 * while nothing is lacking.
 */
struct crowd {
	qs_pool *pool;
	struct hold hold;
	qs_future *futures[TASKS];
};

static void crowd_make(struct crowd *crowd)
{
	*crowd = (struct crowd){ .hold = HOLD_INIT };
	sites_pause();
	crowd->pool = pool_make(1);
	for (size_t i = 0; i < TASKS; i++)
		crowd->futures[i] = task_submit(crowd->pool, body_hold, &crowd->hold);
	gate_await(&crowd->hold.entered, 1);
	sites_resume();
}

/* A wait that fails has changed nothing: every future still comes to its end. */
static void crowd_end(struct crowd *crowd)
{
	gate_raise(&crowd->hold.leave);
	for (size_t i = 0; i < TASKS; i++)
		task_end(crowd->futures[i], QS_DONE);
	workload_end_pool(crowd->pool, QS_DRAIN);
}

/* Waits that time out, since nobody is let go; 0, or the error of the first that could not wait. */
static int use_waits(void)
{
	struct crowd crowd;
	int any;
	int all;
	int first_failure;

	crowd_make(&crowd);
	any = qs_wait_any(NULL, crowd.futures, TASKS, qs_after_ns(1000), NULL);
	all = qs_wait_all(crowd.futures, TASKS, qs_after_ns(1000), NULL);
	first_failure = qs_wait_first_failure(NULL, crowd.futures, TASKS, qs_after_ns(1000), NULL);
	crowd_end(&crowd);
	any = any == -ETIMEDOUT ? 0 : any;
	all = all == -ETIMEDOUT ? 0 : all;
	first_failure = first_failure == -ETIMEDOUT ? 0 : first_failure;
	return workload_first_error(workload_first_error(any, all), first_failure);
}

static int use_as_completed(void)
{
	qs_as_completed *set = NULL;
	qs_future *future = NULL;
	size_t got = 0;
	struct crowd crowd;
	int error;

	crowd_make(&crowd);
	error = qs_as_completed_create(&set, crowd.futures, TASKS);
	gate_raise(&crowd.hold.leave);
	while (error == 0 && qs_as_completed_next(set, &future, patience(), NULL) == 1) {
		assert_int_equal(qs_future_value(future), 0);
		got++;
	}
	assert_int_equal(got, error == 0 ? TASKS : 0);
	qs_as_completed_destroy(set);
	crowd_end(&crowd);
	return error;
}

/* Futures that are added one by one; one that is not in the set is still the caller's to wait for. */
static int use_adding(void)
{
	qs_as_completed *set = NULL;
	qs_future *future = NULL;
	struct crowd crowd;
	size_t added = 0;
	size_t got = 0;
	int error;

	crowd_make(&crowd);
	error = qs_as_completed_create(&set, NULL, 0);
	for (; error == 0 && added < TASKS; added += error == 0) {
		const int result = qs_as_completed_add(set, crowd.futures[added]);

		error = result < 0 ? result : 0;
	}
	/* It is in already; that may take memory to find out, but it is not in twice. */
	if (error == 0)
		error = qs_as_completed_add(set, crowd.futures[0]);
	assert_true(error <= 0);
	gate_raise(&crowd.hold.leave);
	while (set != NULL && qs_as_completed_next(set, &future, patience(), NULL) == 1) {
		assert_int_equal(qs_future_value(future), 0);
		got++;
	}
	assert_int_equal(got, added);
	qs_as_completed_destroy(set);
	crowd_end(&crowd);
	return error;
}

/* Without a descriptor for an event loop the set works all the same. */
static int use_descriptor(void)
{
	qs_as_completed *set = NULL;
	qs_future *future = NULL;
	struct crowd crowd;
	int fd = -1;
	int error;

	crowd_make(&crowd);
	error = qs_as_completed_create(&set, crowd.futures, 1);
	if (error == 0) {
		fd = qs_as_completed_fd(set);
		error = fd < 0 ? fd : 0;
	}
	gate_raise(&crowd.hold.leave);
	if (fd >= 0)
		assert_int_equal(qs_wait_fd(fd, POLLIN, patience(), NULL), POLLIN);
	if (set != NULL)
		assert_int_equal(qs_as_completed_next(set, &future, patience(), NULL), 1);
	qs_as_completed_destroy(set);
	crowd_end(&crowd);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "waits", use_waits, NEEDS_MEMORY },
		{ "as_completed", use_as_completed, NEEDS_MEMORY },
		{ "adding", use_adding, NEEDS_MEMORY },
		{ "descriptor", use_descriptor, NEEDS_MEMORY | NEEDS_DESCRIPTORS },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
