/* SPDX-License-Identifier: MIT */
/*
 * cmocka.h - the part of cmocka that our tests use, for a libc that no cmocka was built for.
 *
 * Debian's library is glibc's, and a program of musl cannot be linked with it.  Names and meanings
 * are cmocka's (https://cmocka.org), those that the tests use and no more; tests/unit/test_cmocka.c
 * is passed on both.  What differs: a test that dies of a signal ends the program, which ctest
 * reports; and all output is text on standard output.
 *
 * As with cmocka, include <setjmp.h>, <stdarg.h>, <stddef.h> and <stdint.h> first, and assert
 * in the test's own thread.
 */
#ifndef CMOCKA_H
#define CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	CMFixtureFunction setup_func;
	CMFixtureFunction teardown_func;
	void *initial_state;
};

#define cmocka_unit_test(test) { #test, test, NULL, NULL, NULL }
#define cmocka_unit_test_setup_teardown(test, setup, teardown) { #test, test, setup, teardown, NULL }

/* The number of tests that failed. */
#define cmocka_run_group_tests(tests, setup, teardown) \
	cmocka_run_group_tests_name(#tests, tests, setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
	_cmocka_run_group_tests(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
			    CMFixtureFunction teardown);

/* Tests whose names fit the pattern, with * and ?, are left out. */
void cmocka_set_skip_filter(const char *pattern);

void print_message(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void print_error(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* The present test ends here. */
_Noreturn void cmocka_skip(const char *file, int line);
_Noreturn void cmocka_fail(const char *file, int line, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

#define skip() cmocka_skip(__FILE__, __LINE__)
#define fail() cmocka_fail(__FILE__, __LINE__, "Failure!")
#define fail_msg(...) cmocka_fail(__FILE__, __LINE__, __VA_ARGS__)

void cmocka_check(bool is_so, const char *what, const char *file, int line);
void cmocka_check_numbers(uintmax_t left, uintmax_t right, bool wants_equal, const char *file, int line);
void cmocka_check_range(uintmax_t number, uintmax_t least, uintmax_t most, bool wants_inside, const char *file, int line);
void cmocka_check_texts(const char *left, const char *right, bool wants_equal, const char *file, int line);
void cmocka_check_memory(const void *left, const void *right, size_t bytes, bool wants_equal, const char *file,
			 int line);

#define assert_true(condition) cmocka_check((condition) ? true : false, #condition, __FILE__, __LINE__)
#define assert_false(condition) cmocka_check((condition) ? false : true, "not " #condition, __FILE__, __LINE__)
#define assert_null(pointer) cmocka_check((pointer) == NULL, #pointer " == NULL", __FILE__, __LINE__)
#define assert_non_null(pointer) cmocka_check((pointer) != NULL, #pointer " != NULL", __FILE__, __LINE__)

#define assert_int_equal(a, b) cmocka_check_numbers((uintmax_t)(a), (uintmax_t)(b), true, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) cmocka_check_numbers((uintmax_t)(a), (uintmax_t)(b), false, __FILE__, __LINE__)
#define assert_ptr_equal(a, b) \
	cmocka_check_numbers((uintptr_t)(const void *)(a), (uintptr_t)(const void *)(b), true, __FILE__, __LINE__)
#define assert_ptr_not_equal(a, b) \
	cmocka_check_numbers((uintptr_t)(const void *)(a), (uintptr_t)(const void *)(b), false, __FILE__, __LINE__)
#define assert_in_range(number, least, most)                                                                       \
	cmocka_check_range((uintmax_t)(number), (uintmax_t)(least), (uintmax_t)(most), true, __FILE__, __LINE__)
#define assert_not_in_range(number, least, most)                                                                   \
	cmocka_check_range((uintmax_t)(number), (uintmax_t)(least), (uintmax_t)(most), false, __FILE__, __LINE__)
#define assert_string_equal(a, b) cmocka_check_texts((a), (b), true, __FILE__, __LINE__)
#define assert_string_not_equal(a, b) cmocka_check_texts((a), (b), false, __FILE__, __LINE__)
#define assert_memory_equal(a, b, bytes) cmocka_check_memory((a), (b), (bytes), true, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, bytes) cmocka_check_memory((a), (b), (bytes), false, __FILE__, __LINE__)

#endif
