/* SPDX-License-Identifier: MIT */
/*
 * test_time.c - points in time saturate, and every one of them is a deadline
 * that a wait can take (A18).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static void test_time_too_far_is_never(void **state)
{
	(void)state;
	assert_true(qs_after_s(INT64_MAX) == QS_NEVER);
	assert_true(qs_after_s(INT64_MAX / NS_PER_S) == QS_NEVER);
	assert_true(qs_after_ms(INT64_MAX) == QS_NEVER);
	assert_true(qs_after_ns(INT64_MAX) == QS_NEVER);
	assert_true(qs_after_ns(INT64_MAX - 1) == QS_NEVER);
}

static void test_time_negative_length_is_now(void **state)
{
	const int64_t lengths[] = { 0, -1, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const qs_time before = qs_now();
		const qs_time points[] = { qs_after_s(lengths[i]), qs_after_ms(lengths[i]), qs_after_ns(lengths[i]) };
		const qs_time after = qs_now();

		for (size_t k = 0; k < sizeof(points) / sizeof(points[0]); k++)
			assert_in_range(points[k], before, after);
	}
}

static void test_time_lengths_agree(void **state)
{
	const qs_time before = qs_now();
	const qs_time s = qs_after_s(100);
	const qs_time ms = qs_after_ms(100 * 1000);
	const qs_time ns = qs_after_ns(100 * NS_PER_S);
	const qs_time after = qs_now();

	(void)state;
	assert_in_range(s, before + 100 * NS_PER_S, after + 100 * NS_PER_S);
	assert_in_range(ms, s, after + 100 * NS_PER_S);
	assert_in_range(ns, ms, after + 100 * NS_PER_S);
}

static void test_time_a18_past_deadlines_do_not_wait(void **state)
{
	const qs_time deadlines[] = { QS_NOW, -1, INT64_MIN, 1, qs_now(), qs_now() - 1 };
	const qs_time begin = qs_now();

	(void)state;
	for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
		assert_int_equal(qs_sleep(deadlines[i], NULL), 0);
	assert_true(qs_now() - begin < patience_scale() * NS_PER_S);
}

static void test_time_a18_one_nanosecond_is_a_wait_like_others(void **state)
{
	const qs_time deadline = qs_after_ns(1);

	(void)state;
	assert_int_equal(qs_sleep(deadline, NULL), 0);
	assert_true(qs_now() >= deadline);
}

static int64_t cpu_ns(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * NS_PER_S + used.tv_nsec;
}

static void test_time_a18_waiting_costs_no_cpu(void **state)
{
	const int64_t before = cpu_ns();
	const qs_time deadline = qs_after_ms(500);

	(void)state;
	assert_int_equal(qs_sleep(deadline, NULL), 0);
	assert_true(qs_now() >= deadline);
	assert_true(cpu_ns() - before < 10 * NS_PER_MS * patience_scale());
}

static void test_time_a18_the_farthest_deadlines_wait(void **state)
{
	const qs_time deadlines[] = { QS_NEVER, QS_NEVER - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
		qs_stop_options options = QS_STOP_OPTIONS_INIT;
		qs_stop *stop;

		options.deadline = qs_after_ms(20);
		assert_int_equal(qs_stop_create(&stop, &options), 0);
		/* Were the deadline misread, the sleep would end by it, with 0. */
		assert_int_equal(qs_sleep(deadlines[i], stop), -ECANCELED);
		assert_true(qs_now() >= options.deadline);
		qs_stop_release(stop);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_time_too_far_is_never),
		test(test_time_negative_length_is_now),
		test(test_time_lengths_agree),
		test(test_time_a18_past_deadlines_do_not_wait),
		test(test_time_a18_one_nanosecond_is_a_wait_like_others),
		test(test_time_a18_waiting_costs_no_cpu),
		test(test_time_a18_the_farthest_deadlines_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
