/* SPDX-License-Identifier: MIT */
/*
 * test_cgroup.c - the CPU quotas of made-up machines.
 *
 * ctest: platform=linux
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/linux/cgroup.h"

/* -------------------------------------------------------------------------------------------------
 * A folder that looks like the root of some machine
 */

#define V2_MOUNT "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
#define V1_MOUNT "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHER_MOUNTS \
	"23 1 8:1 / / rw - ext4 /dev/root rw\n" \
	"33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"

static char root[] = "/tmp/quiesce-cpu-XXXXXX";

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	return remove(path);
}

static int root_make(void **state)
{
	(void)state;
	memcpy(root + sizeof(root) - sizeof("XXXXXX"), "XXXXXX", sizeof("XXXXXX"));
	return mkdtemp(root) == NULL;
}

static int root_remove(void **state)
{
	(void)state;
	return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, with the folders that lead to it. */
static void put(const char *name, const char *text)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_machine(const char *groups, const char *mounts)
{
	put("/proc/self/cgroup", groups);
	put("/proc/self/mountinfo", mounts);
}

/* -------------------------------------------------------------------------------------------------
 * Tests
 */

static void test_cgroup_quota_without_proc_is_none(void **state)
{
	(void)state;
	assert_int_equal(qs__cgroup_cpu_quota(root), QS__CPU_NO_QUOTA);
}

static void test_cgroup_quota_v2_is_rounded_up(void **state)
{
	static const struct {
		const char *line;
		unsigned cpus;
	} table[] = {
		{ "max 100000\n", QS__CPU_NO_QUOTA },
		{ "100000 100000\n", 1 },
		{ "100001 100000\n", 2 },
		{ "150000 100000\n", 2 },
		{ "400000 100000\n", 4 },
		{ "1000 100000\n", 1 },
		{ "9223372036854775807 1\n", QS__CPU_NO_QUOTA },
		{ "100000 0\n", QS__CPU_NO_QUOTA },
		{ "-1 100000\n", QS__CPU_NO_QUOTA },
		{ "100000\n", QS__CPU_NO_QUOTA },
		{ "", QS__CPU_NO_QUOTA },
		{ "nonsense\n", QS__CPU_NO_QUOTA },
	};

	(void)state;
	put_machine("0::/job\n", OTHER_MOUNTS V2_MOUNT);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		put("/sys/fs/cgroup/job/cpu.max", table[i].line);
		assert_int_equal(qs__cgroup_cpu_quota(root), table[i].cpus);
	}
}

static void test_cgroup_quota_of_a_group_above_counts(void **state)
{
	(void)state;
	put_machine("0::/slice/service/job\n", V2_MOUNT);
	put("/sys/fs/cgroup/slice/service/job/cpu.max", "800000 100000\n");
	put("/sys/fs/cgroup/slice/service/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/slice/cpu.max", "300000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 3);
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 2);
}

static void test_cgroup_quota_of_a_group_beside_does_not_count(void **state)
{
	(void)state;
	put_machine("0::/slice/job\n", V2_MOUNT);
	put("/sys/fs/cgroup/slice/other/cpu.max", "100000 100000\n");
	put("/sys/fs/cgroup/slice/job/cpu.max", "500000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 5);
}

static void test_cgroup_quota_v1_reads_the_cpu_controller(void **state)
{
	(void)state;
	put_machine("5:cpuset:/wrong\n4:cpu,cpuacct:/job\n1:name=systemd:/wrong\n", OTHER_MOUNTS V1_MOUNT);
	put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 3);
	put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), QS__CPU_NO_QUOTA);
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 2);
}

static void test_cgroup_quota_takes_the_smaller_of_both_kinds(void **state)
{
	(void)state;
	put_machine("4:cpu,cpuacct:/job\n0::/job\n", V2_MOUNT V1_MOUNT);
	put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/job/cpu.max", "700000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 3);
	put("/sys/fs/cgroup/job/cpu.max", "200000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 2);
}

static void test_cgroup_quota_in_a_container_starts_below_the_mounted_folder(void **state)
{
	(void)state;
	put_machine("0::/docker/c1/job\n", "31 23 0:28 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	put("/sys/fs/cgroup/job/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 2);
}

static void test_cgroup_quota_of_a_mount_that_hides_our_group_does_not_count(void **state)
{
	(void)state;
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	put_machine("0::/docker/c10\n", "31 23 0:28 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), QS__CPU_NO_QUOTA);
	put_machine("0::/../other\n", V2_MOUNT);
	assert_int_equal(qs__cgroup_cpu_quota(root), QS__CPU_NO_QUOTA);
}

static void test_cgroup_quota_understands_escaped_mount_points(void **state)
{
	(void)state;
	put_machine("0::/\n", "31 23 0:28 / /my\\040groups\\134 rw - cgroup2 cgroup rw\n");
	put("/my groups\\/cpu.max", "600000 100000\n");
	assert_int_equal(qs__cgroup_cpu_quota(root), 6);
}

static void test_cgroup_quota_survives_malformed_files(void **state)
{
	static const char *const machines[][2] = {
		{ "", "" },
		{ "0", V2_MOUNT },
		{ "0:", V2_MOUNT },
		{ "0::", V2_MOUNT },
		{ "0::/\n", "31 23 0:28 / /sys/fs/cgroup" },
		{ "0::/\n", " - cgroup2 \n" },
		{ "0::/\n", "31 - cgroup2 cgroup2 rw\n" },
		{ "0::/\n", "31 23 0:28 /\n" },
		{ "4:cpu:/\n", "31 23 0:28 / /sys/fs/cgroup rw - cgroup cgroup\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		put_machine(machines[i][0], machines[i][1]);
		assert_int_equal(qs__cgroup_cpu_quota(root), QS__CPU_NO_QUOTA);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cgroup_quota_without_proc_is_none, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_v2_is_rounded_up, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_of_a_group_above_counts, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_of_a_group_beside_does_not_count, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_v1_reads_the_cpu_controller, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_takes_the_smaller_of_both_kinds, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_in_a_container_starts_below_the_mounted_folder, root_make,
						root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_of_a_mount_that_hides_our_group_does_not_count, root_make,
						root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_understands_escaped_mount_points, root_make, root_remove),
		cmocka_unit_test_setup_teardown(test_cgroup_quota_survives_malformed_files, root_make, root_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
