/* SPDX-License-Identifier: MIT */
/*
 * test_error.c - words for every code and every state.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"

/* The codes that the header lists as its own. */
static const int codes[] = { EINVAL, ENOMEM, EAGAIN, ETIMEDOUT, ECANCELED, ESHUTDOWN, EDEADLK,
			     EBUSY, EMFILE, ENFILE, ENOTSUP, QS_EFORKED, QS_ELOST, QS_EEXITED };

static void test_error_each_code_has_words_of_its_own(void **state)
{
	const size_t count = sizeof(codes) / sizeof(codes[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *words = qs_strerror(-codes[i]);

		assert_non_null(words);
		assert_string_not_equal(words, "");
		assert_string_not_equal(words, "unknown error");
		assert_string_equal(words, qs_strerror(codes[i]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(words, qs_strerror(codes[k]));
	}
}

static void test_error_unknown_codes_have_words_too(void **state)
{
	const int odd[] = { 99999, -99999, INT_MAX, INT_MIN, INT_MIN + 1, 4095, 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_string_equal(qs_strerror(odd[i]), "unknown error");
	assert_non_null(qs_strerror(0));
}

static void test_error_errno_is_left_alone(void **state)
{
	(void)state;
	errno = 77;
	(void)qs_strerror(-99999);
	(void)qs_strerror(-ENOMEM);
	assert_int_equal(qs_stop_ask(NULL, 0, NULL), -EINVAL);
	assert_int_equal(qs_sleep(qs_after_ms(1), NULL), 0);
	assert_int_equal(errno, 77);
}

static void test_error_states_have_names_of_their_own(void **state)
{
	(void)state;
	for (int i = 0; i < QS_STATES; i++) {
		assert_string_not_equal(qs_state_name((qs_state)i), "unknown");
		for (int k = 0; k < i; k++)
			assert_string_not_equal(qs_state_name((qs_state)i), qs_state_name((qs_state)k));
	}
	assert_string_equal(qs_state_name((qs_state)QS_STATES), "unknown");
	assert_string_equal(qs_state_name((qs_state)-1), "unknown");
}

static void test_error_version_is_three_numbers(void **state)
{
	(void)state;
	assert_int_equal(strspn(qs_version(), "0123456789."), strlen(qs_version()));
	assert_non_null(strchr(qs_version(), '.'));
	assert_ptr_not_equal(strchr(qs_version(), '.'), strrchr(qs_version(), '.'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_each_code_has_words_of_its_own),
		cmocka_unit_test(test_error_unknown_codes_have_words_too),
		cmocka_unit_test(test_error_errno_is_left_alone),
		cmocka_unit_test(test_error_states_have_names_of_their_own),
		cmocka_unit_test(test_error_version_is_three_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
