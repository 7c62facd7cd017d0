/* SPDX-License-Identifier: MIT */
/*
 * test_as_completed_size.c - a set of many futures, and one that lives for long: what it costs
 * (A16), and what becomes of it without memory (B1).
 *
 * The futures are bare ones that no pool knows: the test is their worker.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/future.h"
#include "quiesce.h"
#include "support/memory.h"

static int no_body(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

/* A task whose body runs; one more owner for who ends it. */
static qs_future *future_make(void)
{
	qs_future *future = qs__future_new(NULL, no_body, NULL, NULL);

	assert_non_null(future);
	qs__future_claim(future);
	qs__future_begin(future);
	return future;
}

static void future_end(qs_future *future)
{
	const struct qs__outcome outcome = { QS_DONE, 42, NULL, NULL };

	assert_true(qs__future_end(future, &outcome));
	qs_future_release(future);
}

static qs_as_completed *set_make(qs_future *const *futures, size_t count)
{
	qs_as_completed *set = NULL;

	assert_int_equal(qs_as_completed_create(&set, futures, count), 0);
	return set;
}

static void check_next(qs_as_completed *set, const qs_future *expected)
{
	qs_future *future = NULL;

	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, NULL), 1);
	assert_ptr_equal(future, expected);
}

static void check_over(qs_as_completed *set)
{
	qs_future *future;

	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, NULL), 0);
}

/* ----------------------------------------------------------------------------------------- time */

#define FEW ((size_t)1 << 10)
#define MANY ((size_t)1 << 18)
#define FLAT 6.0	/* times as much for each of 256 times as many: caches count; a scan would make it 256 */
#define NS_PER_S 1e9

/* Nanoseconds of this thread alone, whatever else the machine does. */
static double time_used(void)
{
	struct timespec used;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
	return (double)used.tv_sec * NS_PER_S + (double)used.tv_nsec;
}

/* Nanoseconds for each of so many futures: one half given, one half added; ended, and handed out. */
static double cost_of(size_t count)
{
	qs_future **futures = calloc(count, sizeof(qs_future *));
	qs_as_completed *set;
	double began, used;

	assert_non_null(futures);
	for (size_t i = 0; i < count; i++)
		futures[i] = future_make();
	began = time_used();
	set = set_make(futures, count / 2);
	for (size_t i = count / 2; i < count; i++)
		assert_int_equal(qs_as_completed_add(set, futures[i]), 1);
	for (size_t i = count; i-- > 0;)
		future_end(futures[i]);
	for (size_t i = count; i-- > 0;)
		check_next(set, futures[i]);
	check_over(set);
	used = time_used() - began;
	qs_as_completed_destroy(set);
	for (size_t i = 0; i < count; i++)
		qs_future_release(futures[i]);
	free(futures);
	return used / (double)count;
}

static double least_cost_of(size_t count, int times)
{
	double least = cost_of(count);

	for (int i = 1; i < times; i++) {
		const double cost = cost_of(count);

		least = cost < least ? cost : least;
	}
	return least;
}

static void test_as_completed_a16_many_futures_cost_as_much_each_as_few(void **state)
{
	const double few = least_cost_of(FEW, 20);
	const double many = least_cost_of(MANY, 2);

	(void)state;
	print_message("%.0f ns for each of %zu, %.0f ns for each of %zu\n", few, FEW, many, MANY);
	assert_true(many < FLAT * few);
}

/* --------------------------------------------------------------------------------------- memory */

#define STREAM 1000000
#define WINDOW 100

/* A loop that adds one for each that ends; returns how many pieces of memory there were at most. */
static long stream(qs_as_completed *set, qs_future **futures, int count)
{
	memory_mark();
	for (int i = 0; i < count; i++) {
		qs_future **place = &futures[i % WINDOW];

		future_end(*place);
		check_next(set, *place);
		qs_future_release(*place);
		*place = future_make();
		assert_int_equal(qs_as_completed_add(set, *place), 1);
	}
	return memory_most_pieces();
}

static void test_as_completed_a16_endless_stream_takes_no_more_memory_than_a_short_one(void **state)
{
	qs_future *futures[WINDOW];
	qs_as_completed *set = set_make(NULL, 0);
	long after_few;

	(void)state;
	for (int i = 0; i < WINDOW; i++) {
		futures[i] = future_make();
		assert_int_equal(qs_as_completed_add(set, futures[i]), 1);
	}
	/* Long enough to fill the quarantine of a debug build. */
	after_few = stream(set, futures, STREAM / 1000);
	assert_in_range(stream(set, futures, STREAM), WINDOW, after_few);
	for (int i = 0; i < WINDOW; i++) {
		future_end(futures[i]);
		check_next(set, futures[i]);
		qs_future_release(futures[i]);
	}
	qs_as_completed_destroy(set);
}

static void test_as_completed_is_small_again_when_many_were_handed_out(void **state)
{
	qs_future **futures = calloc(MANY, sizeof(qs_future *));
	qs_as_completed *set = set_make(NULL, 0);
	const long before = memory_pieces();

	(void)state;
	assert_non_null(futures);
	for (size_t i = 0; i < MANY; i++) {
		futures[i] = future_make();
		assert_int_equal(qs_as_completed_add(set, futures[i]), 1);
		future_end(futures[i]);
		qs_future_release(futures[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		check_next(set, futures[i]);
	check_over(set);
	/*
	 * One small piece of the table may be left, and one of the entries'; the
	 * last future is still lent.
	 */
	qs__object_empty_quarantine();
	assert_in_range(memory_pieces(), before, before + 3);
	qs_as_completed_destroy(set);
	free(futures);
}

/* ------------------------------------------------------------------------------------ no memory */

#define MEMBERS 40	/* more than there is room for at the beginning, and again */

/*
 * Each allocation of an add fails once: the future is not in, what is in stays, and
 * the add can be done again.
 */
static void test_as_completed_b1_add_without_memory_changes_nothing(void **state)
{
	qs_future *futures[MEMBERS];
	qs_as_completed *set = set_make(NULL, 0);
	int refused = 0;

	(void)state;
	for (int i = 0; i < MEMBERS; i++) {
		int result;
		long n = 0;

		futures[i] = future_make();
		if (i % 2 == 0)
			future_end(futures[i]);
		do {
			const long before = memory_pieces();

			memory_fail(n++, 1);
			result = qs_as_completed_add(set, futures[i]);
			memory_fail_none();
			if (result != 1) {
				assert_int_equal(result, -ENOMEM);
				assert_in_range(memory_pieces(), before, before + 1);	/* what came before it is kept */
				refused++;
			}
		} while (result != 1);
	}
	assert_true(refused >= 4);
	for (int i = 0; i < MEMBERS; i += 2)
		check_next(set, futures[i]);
	for (int i = 1; i < MEMBERS; i += 2) {
		future_end(futures[i]);
		check_next(set, futures[i]);
	}
	check_over(set);
	qs_as_completed_destroy(set);
	for (int i = 0; i < MEMBERS; i++)
		qs_future_release(futures[i]);
}

/* A set that cannot be made whole is not made, and its futures are as they were. */
static void test_as_completed_b1_create_without_memory_leaves_nothing(void **state)
{
	qs_future *futures[MEMBERS];
	qs_as_completed *set = NULL;
	int result;
	long n = 0;

	(void)state;
	for (int i = 0; i < MEMBERS; i++) {
		futures[i] = future_make();
		if (i % 2 == 0)
			future_end(futures[i]);
	}
	do {
		qs__object_empty_quarantine();
		const long before = memory_pieces();

		memory_fail(n++, 1);
		result = qs_as_completed_create(&set, futures, MEMBERS);
		memory_fail_none();
		qs__object_empty_quarantine();
		if (result != 0) {
			assert_int_equal(result, -ENOMEM);
			assert_null(set);
			assert_int_equal(memory_pieces(), before);
		}
	} while (result != 0);
	assert_true(n > 4);
	qs_as_completed_destroy(set);
	for (int i = 0; i < MEMBERS; i++) {
		if (i % 2 != 0)
			future_end(futures[i]);
		qs_future_release(futures[i]);
	}
}

static int begin(void **state)
{
	(void)state;
	qs__object_empty_quarantine();
	memory_reset();
	return 0;
}

static int end(void **state)
{
	(void)state;
	qs__object_empty_quarantine();
	if (memory_pieces() != 0)
		print_error("%ld pieces of memory are left\n", memory_pieces());
	return memory_pieces() == 0 ? 0 : -1;
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_as_completed_a16_many_futures_cost_as_much_each_as_few),
		test(test_as_completed_a16_endless_stream_takes_no_more_memory_than_a_short_one),
		test(test_as_completed_is_small_again_when_many_were_handed_out),
		test(test_as_completed_b1_add_without_memory_changes_nothing),
		test(test_as_completed_b1_create_without_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
