/* SPDX-License-Identifier: MIT */
/*
 * test_cpu.c - usable CPUs of the machine that this runs on.  Quotas are in test_cgroup.c.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/cpu.h"
#include "support/platform.h"

static void test_cpu_usable_is_some_of_the_machines(void **state)
{
	(void)state;
	assert_in_range(qs__cpu_usable(), 1, sysconf(_SC_NPROCESSORS_CONF));
}

static void test_cpu_usable_is_within_affinity_mask(void **state)
{
	cpu_set_t mask;

	(void)state;
	skip_on_posix(POSIX_NO_AFFINITY);
	assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
	assert_in_range(qs__cpu_usable(), 1, CPU_COUNT(&mask));
}

static void test_cpu_usable_follows_affinity_mask(void **state)
{
	cpu_set_t old;
	cpu_set_t one;
	int first = 0;

	(void)state;
	skip_on_posix(POSIX_NO_AFFINITY);
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	while (!CPU_ISSET(first, &old))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	const unsigned usable = qs__cpu_usable();
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(usable, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_usable_is_some_of_the_machines),
		cmocka_unit_test(test_cpu_usable_is_within_affinity_mask),
		cmocka_unit_test(test_cpu_usable_follows_affinity_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
