/* SPDX-License-Identifier: MIT */
/*
 * cmocka.c - runs tests one after the other; a check that fails jumps out of the one that runs.
 */
#include "cmocka.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum outcome { PASSED, FAILED, SKIPPED };

static jmp_buf way_out;
static bool is_running;		/* a test or a fixture: there is a way out */
static const char *skip_filter;

/* --------------------------------------------------------------------------------------- output */

void print_message(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	(void)fflush(stdout);
}

void print_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
}

/* --------------------------------------------------------------------------------------- checks */

static _Noreturn void leave(enum outcome outcome)
{
	if (!is_running)
		abort();	/* a check outside of any test */
	longjmp(way_out, (int)outcome);
}

void cmocka_skip(const char *file, int line)
{
	(void)file;
	(void)line;
	leave(SKIPPED);
}

void cmocka_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	(void)fprintf(stderr, "%s:%d: ", file, line);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "\n");
	leave(FAILED);
}

void cmocka_check(bool is_so, const char *what, const char *file, int line)
{
	if (!is_so)
		cmocka_fail(file, line, "not so: %s", what);
}

void cmocka_check_numbers(uintmax_t left, uintmax_t right, bool wants_equal, const char *file, int line)
{
	if ((left == right) != wants_equal)
		cmocka_fail(file, line, "%#" PRIxMAX " %s %#" PRIxMAX, left, wants_equal ? "!=" : "==", right);
}

void cmocka_check_range(uintmax_t number, uintmax_t least, uintmax_t most, bool wants_inside, const char *file, int line)
{
	if ((number >= least && number <= most) != wants_inside)
		cmocka_fail(file, line, "%" PRIuMAX " is %s %" PRIuMAX " to %" PRIuMAX, number,
			    wants_inside ? "not within" : "within", least, most);
}

void cmocka_check_texts(const char *left, const char *right, bool wants_equal, const char *file, int line)
{
	if ((strcmp(left, right) == 0) != wants_equal)
		cmocka_fail(file, line, "\"%s\" %s \"%s\"", left, wants_equal ? "!=" : "==", right);
}

void cmocka_check_memory(const void *left, const void *right, size_t bytes, bool wants_equal, const char *file,
			 int line)
{
	if ((memcmp(left, right, bytes) == 0) != wants_equal)
		cmocka_fail(file, line, "%zu bytes are %s", bytes, wants_equal ? "different" : "equal");
}

/* ---------------------------------------------------------------------------------------- tests */

static enum outcome run_fixture(CMFixtureFunction fixture, void **state)
{
	volatile enum outcome outcome = FAILED;

	if (fixture == NULL)
		return PASSED;
	is_running = true;
	switch (setjmp(way_out)) {
	case PASSED:
		outcome = fixture(state) == 0 ? PASSED : FAILED;
		break;
	case SKIPPED:
		outcome = SKIPPED;
		break;
	}
	is_running = false;
	return outcome;
}

static enum outcome run_body(const struct CMUnitTest *test, void **state)
{
	volatile enum outcome outcome = FAILED;

	is_running = true;
	switch (setjmp(way_out)) {
	case PASSED:
		test->test_func(state);
		outcome = PASSED;
		break;
	case SKIPPED:
		outcome = SKIPPED;
		break;
	}
	is_running = false;
	return outcome;
}

/* The teardown is not run after a setup that failed, and a test whose teardown fails has failed. */
static enum outcome run_test(const struct CMUnitTest *test, void *group_state)
{
	void *state = test->initial_state != NULL ? test->initial_state : group_state;
	enum outcome outcome = run_fixture(test->setup_func, &state);

	if (outcome != PASSED)
		return outcome;
	outcome = run_body(test, &state);
	return run_fixture(test->teardown_func, &state) == FAILED ? FAILED : outcome;
}

static bool is_wanted(const char *name)
{
	return skip_filter == NULL || fnmatch(skip_filter, name, 0) != 0;
}

void cmocka_set_skip_filter(const char *pattern)
{
	skip_filter = pattern;
}

int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
			    CMFixtureFunction teardown)
{
	static const char *const words[] = { "       OK", "  FAILED ", "  SKIPPED" };
	int sums[] = { 0, 0, 0 };
	void *state = NULL;

	if (run_fixture(setup, &state) == FAILED) {
		print_message("[  FAILED  ] setup of %s\n", name);
		return (int)count;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(tests[i].name))
			continue;
		print_message("[ RUN      ] %s\n", tests[i].name);
		const enum outcome outcome = run_test(&tests[i], state);
		print_message("[%s ] %s\n", words[outcome], tests[i].name);
		sums[outcome]++;
	}
	if (run_fixture(teardown, &state) == FAILED)
		print_message("[  FAILED  ] teardown of %s\n", name);
	print_message("%s: %d passed, %d failed, %d skipped\n", name, sums[PASSED], sums[FAILED], sums[SKIPPED]);
	return sums[FAILED];
}
