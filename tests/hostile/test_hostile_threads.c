/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_threads.c - a user who may have so many threads and no more,
 * as `ulimit -u` says (B2).
 *
 * The limit counts all that the user runs, so each child becomes a user whom nobody else is.
 *
 * ctest: plain
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define SKIPPED 77
#define FIRST_USER 1000000u	/* beyond those that a system gives */
#define WORKERS 4
#define MOST 8			/* more than the workers, this thread and the attendant */
#define TASKS 100
#define NS_PER_MS INT64_C(1000000)

/* Root is not bound by the limit. */
static void become_somebody(rlim_t threads)
{
	const uid_t user = FIRST_USER + (uid_t)getpid();
	const struct rlimit limit = { threads, MOST };

	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(user, user, user) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
	CHILD_CHECK(setresuid(user, user, user) == 0);
}

static void allow_all(void)
{
	const struct rlimit limit = { MOST, MOST };

	CHILD_CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

static qs_pool *make_pool(int expected)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = WORKERS;
	CHILD_CHECK(qs_pool_create(&pool, &options) == expected);
	CHILD_CHECK((pool != NULL) == (expected == 0));
	return pool;
}

static void end_pool(qs_pool *pool)
{
	qs_report report = QS_REPORT_INIT;

	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, &report) == 0);
	CHILD_CHECK(report.submitted == report.ends[QS_DONE]);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
}

/*
 * The first thread, or a later one, is refused: no pool, or one with fewer
 * workers that does all the work.
 */
static int work_with(void *arg)
{
	const rlim_t threads = *(const rlim_t *)arg;
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	atomic_uint runs = 0;
	qs_stop *stop = NULL;
	qs_pool *pool;
	int expected;

	become_somebody(threads);
	pool = make_pool(threads == 1 ? -EAGAIN : 0);
	for (int i = 0; pool != NULL && i < TASKS; i++)
		CHILD_CHECK(qs_submit(NULL, pool, body_count, &runs) == 0);
	CHILD_CHECK(leftovers_threads() <= (int)threads);
	if (pool != NULL)
		end_pool(pool);
	CHILD_CHECK(runs == (pool != NULL ? TASKS : 0u));

	deadline.deadline = qs_after_ns(1000);
	expected = threads == 1 ? -EAGAIN : 0;
	/* A joined thread counts until the kernel is done with it. */
	while (qs_stop_create(&stop, &deadline) != expected)
		CHILD_CHECK(expected == 0 && qs_now() < patience());
	CHILD_CHECK(stop == NULL || qs_sleep(patience(), stop) == -ECANCELED);
	qs_stop_release(stop);
	return 0;
}

static void test_hostile_b2_each_number_of_threads(void **state)
{
	(void)state;
	for (rlim_t threads = 1; threads <= MOST; threads++)
		assert_int_equal(child_run(work_with, &threads), 0);
}

/* The system has threads again: a later submit finds out, after a pause that is not long. */
static int recover(void *arg)
{
	static struct hold hold = HOLD_INIT;
	const qs_time limit = patience();
	qs_pool *pool;

	(void)arg;
	become_somebody(2);
	pool = make_pool(0);
	for (int i = 0; i < WORKERS; i++)
		CHILD_CHECK(qs_submit(NULL, pool, body_hold, &hold) == 0);
	gate_await(&hold.entered, 1);
	CHILD_CHECK(leftovers_threads() == 2);
	allow_all();
	while (gate_level(&hold.entered) < WORKERS) {
		CHILD_CHECK(qs_now() < limit);
		CHILD_CHECK(qs_sleep(qs_after_ns(NS_PER_MS), NULL) == 0);
		CHILD_CHECK(qs_submit(NULL, pool, body_hold, &hold) == 0);
	}
	gate_raise(&hold.leave);
	end_pool(pool);
	return 0;
}

static void test_hostile_b2_threads_that_come_back_are_used(void **state)
{
	(void)state;
	assert_int_equal(child_run(recover, NULL), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b2_each_number_of_threads),
		test(test_hostile_b2_threads_that_come_back_are_used),
	};

	if (geteuid() != 0) {
		print_message("SKIP: only root can become a user whose threads are limited\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
