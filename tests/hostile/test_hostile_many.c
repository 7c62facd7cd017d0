/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_many.c - very many tasks, workers and pools; and what is left of them
 * afterwards: nothing (B15).
 *
 * ctest: serial plain
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define KIB 1024L
#define BYTES_PER_TASK 512L	/* what a pending task may take, future and place in the queue included */
#define SLACK_BYTES (4 * KIB * KIB)	/* of libc's allocator and its pages */

/* What the process holds in memory, in bytes, after libc has given back what it can. */
static long resident(void)
{
	FILE *file;
	long pages = 0;

#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
	file = fopen("/proc/self/statm", "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	(void)fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void check_back_to(long before)
{
	const long after = resident();

	if (after > before + SLACK_BYTES)
		print_error("%ld KiB more than before\n", (after - before) / KIB);
	assert_true(after <= before + SLACK_BYTES);
}

static void test_hostile_b15_pending_tasks(void **state)
{
	const long count = soak_or(200000, 1000000);
	struct hold hold = HOLD_INIT;
	atomic_uint runs = 0;
	qs_pool *pool = pool_make(1);
	long before;
	long each;

	(void)state;
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	gate_await(&hold.entered, 1);
	before = resident();
	for (long i = 0; i < count; i++)
		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
	each = (resident() - before) / count;
	print_message("%ld bytes for each pending task\n", each);
	assert_true(each <= BYTES_PER_TASK);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], count + 1);
	assert_int_equal(runs, count);
	check_back_to(before);
}

static void test_hostile_b15_pending_tasks_that_are_cancelled(void **state)
{
	const long count = soak_or(200000, 1000000);
	struct hold hold = HOLD_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	atomic_uint destroyed = 0;
	qs_pool *pool = pool_make(1);
	long before;

	(void)state;
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	gate_await(&hold.entered, 1);
	options.destroy = destroy_count;
	before = resident();
	for (long i = 0; i < count; i++)
		assert_int_equal(qs_submit_by(NULL, pool, body_return, &destroyed, &options, QS_NOW, NULL), 0);
	assert_int_equal(qs_pool_shutdown(pool, QS_CANCEL), 0);
	assert_int_equal(destroyed, count);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_CANCEL).ends[QS_CANCELLED], count);
	check_back_to(before);
}

/* As many workers as the system gives; returns how many. */
static int crowd(long count)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct hold hold = HOLD_INIT;
	qs_pool *pool = NULL;
	int threads;

	options.workers = (uint32_t)count;
	options.stack_bytes = 64 * KIB;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	for (long i = 0; i < count; i++)
		assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	threads = leftovers_threads() - 1;
	gate_await(&hold.entered, (unsigned)threads);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], count);
	return threads;
}

/* Libc keeps stacks for the next threads, so the second crowd is what counts. */
static void test_hostile_b15_workers(void **state)
{
	const long count = soak_or(1000, 10000);
	const int threads = crowd(count);
	const long before = resident();

	(void)state;
	print_message("%d workers of %ld\n", threads, count);
	assert_true(threads >= 1 && threads <= count);
	assert_true(crowd(count) <= count);
	check_back_to(before);
}

static void live_and_die(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_stop *stop = NULL;

	options.parent = qs_pool_stop(pool);
	options.flags = QS_STOP_FROM_HANDLER;
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_true(qs_stop_fd(stop) >= 0);
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	(void)pool_end(pool, QS_STOP);
	qs_stop_release(stop);
}

static void test_hostile_b15_lives(void **state)
{
	long before;

	(void)state;
	for (long i = 0; i < 100; i++)
		live_and_die();		/* until libc has what it keeps */
	before = resident();
	for (long i = soak_or(5000, 100000); i > 0; i--)
		live_and_die();
	check_back_to(before);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b15_pending_tasks),
		test(test_hostile_b15_pending_tasks_that_are_cancelled),
		test(test_hostile_b15_workers),
		test(test_hostile_b15_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
