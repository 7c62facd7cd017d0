/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_time_namespace.c - the monotonic clock of a container that has been moved is years
 * ahead, or almost at its beginning (A19).
 *
 * ctest: serial
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/each_wait.h"
#include "support/leftovers.h"
#include "support/patience.h"

#define SKIPPED 77
#define WAIT_MS 50
#define LATE_MS 500	/* how much a deadline may be missed by; scaled.  A wrong clock is wrong by years */
#define TEN_YEARS_S 315360000L
#define BEGINNING_S 2L	/* what the clock says at the least; the kernel allows no time before its 0 */
#define KERNEL_NEW_TIME 0x80	/* CLONE_NEWTIME */

/* In a namespace whose monotonic clock is so many seconds ahead of ours. */
static bool move_clock(long seconds)
{
	int fd;
	bool is_moved;

	if (unshare(KERNEL_NEW_TIME) != 0)
		return false;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	is_moved = dprintf(fd, "monotonic %ld 0\n", seconds) > 0;
	(void)close(fd);
	return is_moved;
}

static int wait_there(void *arg)
{
	const struct each_wait_bounds bounds = { .ms = WAIT_MS, .late_ms = LATE_MS * patience_scale() };

	(void)arg;
	each_wait_check(&bounds);
	return 0;
}

/* Only what is forked after the move is in the new namespace. */
static int move_and_wait(void *seconds)
{
	int status;

	if (!move_clock(*(const long *)seconds))
		return SKIPPED;
	status = child_run(wait_there, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_FAILED;
}

static void run_moved(long seconds)
{
	const int status = child_run(move_and_wait, &seconds);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_hostile_a19_clock_ten_years_ahead(void **state)
{
	(void)state;
	run_moved(TEN_YEARS_S);
}

static void test_hostile_a19_clock_that_has_just_begun(void **state)
{
	struct timespec now;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	run_moved(BEGINNING_S - (long)now.tv_sec);
}

static int try_to_move(void *arg)
{
	(void)arg;
	return move_clock(0) ? 0 : SKIPPED;
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_a19_clock_ten_years_ahead),
		test(test_hostile_a19_clock_that_has_just_begun),
	};

	if (child_run(try_to_move, NULL) != 0) {
		print_message("SKIP: no time namespace can be made here (that takes root, and a kernel that has them)\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
