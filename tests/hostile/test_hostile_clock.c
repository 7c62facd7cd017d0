/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_clock.c - what the wall clock says is nobody's business (A19).
 *
 * The kernel watches: in a child a system call filter ends the process at the first wait that goes
 * by the wall clock, in our code or in libc's on our behalf.
 *
 * ctest: serial plain
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/each_wait.h"
#include "support/leftovers.h"
#include "support/patience.h"

#define WAIT_MS 50
#define LATE_MS 500	/* how much a deadline may be missed by; scaled.  A wrong clock is wrong by years */
#define WAIT_BITSET_PRIVATE (9 | 128)

#define FUTEX_CLOCK_REALTIME_FLAG 256u

#define LOW_HALF(argument) ((uint32_t)offsetof(struct seccomp_data, args[argument]))
#define HIGH_HALF(argument) (LOW_HALF(argument) + 4u)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define JUMP_IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define JUMP_IF_SET(bits, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (uint32_t)(what))

/*
 * From here on a futex wait with a timeout on the wall clock kills the process, and so does
 * clock_nanosleep() on it.
 */
static bool forbid_wall_clock_waits(void)
{
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		JUMP_IF_EQUAL(SYS_futex, 0, 6),
		LOAD(LOW_HALF(1)),
		JUMP_IF_SET(FUTEX_CLOCK_REALTIME_FLAG, 0, 8),
		LOAD(LOW_HALF(3)),
		JUMP_IF_EQUAL(0, 0, 5),		/* without a timeout the flag means nothing */
		LOAD(HIGH_HALF(3)),
		JUMP_IF_EQUAL(0, 4, 3),
		JUMP_IF_EQUAL(SYS_clock_nanosleep, 0, 3),
		LOAD(LOW_HALF(0)),
		JUMP_IF_EQUAL(CLOCK_REALTIME, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int wait_without_wall_clock(void *arg)
{
	const struct each_wait_bounds bounds = { .ms = WAIT_MS, .late_ms = LATE_MS * patience_scale() };

	(void)arg;
	CHILD_CHECK(forbid_wall_clock_waits());
	each_wait_check(&bounds);
	return 0;
}

static void test_hostile_a19_no_wait_goes_by_the_wall_clock(void **state)
{
	(void)state;
	assert_int_equal(child_run(wait_without_wall_clock, NULL), 0);
}

/* The filter bites. */
static int wait_by_wall_clock(void *arg)
{
	const struct timespec past = { 1, 0 };
	uint32_t word = 0;

	(void)arg;
	CHILD_CHECK(forbid_wall_clock_waits());
	(void)syscall(SYS_futex, &word, WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME_FLAG, 0, &past, NULL, UINT32_MAX);
	return 0;
}

static void test_hostile_a19_who_did_would_be_caught(void **state)
{
	const int status = child_run(wait_by_wall_clock, NULL);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_a19_no_wait_goes_by_the_wall_clock),
		test(test_hostile_a19_who_did_would_be_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
