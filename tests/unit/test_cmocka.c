/* SPDX-License-Identifier: MIT */
/*
 * test_cmocka.c - what the tests rely on in cmocka: that each check can fail, and counts.
 *
 * It is passed on cmocka itself and on tests/cmocka, which stands in for it; so the two agree.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int fixtures;

static void good(void **state)
{
	static const char *const text = "text";

	(void)state;
	assert_true(2);
	assert_false(0);
	assert_null(NULL);
	assert_non_null(text);
	assert_int_equal(-1, (int64_t)-1);
	assert_int_not_equal(-1, UINT32_MAX);
	assert_ptr_equal(text, text);
	assert_ptr_not_equal(text, text + 1);
	assert_in_range(1, 1, 3);
	assert_in_range(3, 1, 3);
	assert_not_in_range(4, 1, 3);
	assert_string_equal(text, "text");
	assert_string_not_equal(text, "Text");
	assert_memory_equal("abc", "abd", 2);
	assert_memory_not_equal("abc", "abd", 3);
}

#define BAD(name, check)                \
	static void name(void **state)  \
	{                               \
		(void)state;            \
		check;                  \
		/* not reached */       \
		exit(EXIT_FAILURE);     \
	}

BAD(bad_true, assert_true(0))
BAD(bad_false, assert_false(1))
BAD(bad_null, assert_null(&fixtures))
BAD(bad_non_null, assert_non_null(NULL))
BAD(bad_int, assert_int_equal(0, 1))
BAD(bad_sign, assert_int_equal(-1, UINT32_MAX))
BAD(bad_not_int, assert_int_not_equal(1, 1))
BAD(bad_pointer, assert_ptr_equal(&fixtures, NULL))
BAD(bad_not_pointer, assert_ptr_not_equal(&fixtures, &fixtures))
BAD(bad_range, assert_in_range(4, 1, 3))
BAD(bad_not_range, assert_not_in_range(3, 1, 3))
BAD(bad_text, assert_string_equal("a", "b"))
BAD(bad_not_text, assert_string_not_equal("a", "a"))
BAD(bad_memory, assert_memory_equal("a", "b", 1))
BAD(bad_not_memory, assert_memory_not_equal("a", "a", 1))
BAD(bad_fail, fail())
BAD(bad_words, fail_msg("%s", "words"))
BAD(leaves_by_skip, skip())

static int fixture(void **state)
{
	*state = &fixtures;
	fixtures++;
	return 0;
}

static int broken_fixture(void **state)
{
	(void)state;
	fixtures++;
	return -1;
}

static void sees_its_fixture(void **state)
{
	assert_ptr_equal(*state, &fixtures);
}

/* A program of its own test: only the exit status is looked at, and nothing of this may be mocked. */
int main(void)
{
	const struct CMUnitTest good_tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(leaves_by_skip),
		cmocka_unit_test_setup_teardown(sees_its_fixture, fixture, fixture),
		cmocka_unit_test_setup_teardown(leaves_by_skip, fixture, fixture),
	};
	const struct CMUnitTest bad_tests[] = {
		cmocka_unit_test(bad_true),
		cmocka_unit_test(bad_false),
		cmocka_unit_test(bad_null),
		cmocka_unit_test(bad_non_null),
		cmocka_unit_test(bad_int),
		cmocka_unit_test(bad_sign),
		cmocka_unit_test(bad_not_int),
		cmocka_unit_test(bad_pointer),
		cmocka_unit_test(bad_not_pointer),
		cmocka_unit_test(bad_range),
		cmocka_unit_test(bad_not_range),
		cmocka_unit_test(bad_text),
		cmocka_unit_test(bad_not_text),
		cmocka_unit_test(bad_memory),
		cmocka_unit_test(bad_not_memory),
		cmocka_unit_test(bad_fail),
		cmocka_unit_test(bad_words),
		cmocka_unit_test_setup_teardown(good, broken_fixture, NULL),
		cmocka_unit_test_setup_teardown(good, fixture, broken_fixture),
		cmocka_unit_test_setup_teardown(bad_true, fixture, fixture),
	};
	const int bad_count = sizeof(bad_tests) / sizeof(bad_tests[0]);
	const int good_failures = cmocka_run_group_tests(good_tests, NULL, NULL);
	const int fixtures_of_good = fixtures;
	const int bad_failures = cmocka_run_group_tests_name("these must fail", bad_tests, NULL, NULL);

	cmocka_set_skip_filter("bad_*");
	const int others = cmocka_run_group_tests_name("two of these must fail", bad_tests, NULL, NULL);

	printf("%d of the good, %d of %d of the bad, %d of the others, %d and %d fixtures\n", good_failures, bad_failures,
	       bad_count, others, fixtures_of_good, fixtures);
	return good_failures == 0 && fixtures_of_good == 4 && bad_failures == bad_count && others == 2 ? EXIT_SUCCESS
												       : EXIT_FAILURE;
}
