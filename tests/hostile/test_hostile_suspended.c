/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_suspended.c - SIGSTOP, a while, and SIGCONT during each wait (A20).
 *
 * ctest: serial
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "support/halted.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/soak.h"

static bool suspend(pid_t pid)
{
	siginfo_t info;

	return kill(pid, SIGSTOP) == 0 && waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0;
}

static bool resume(pid_t pid)
{
	return kill(pid, SIGCONT) == 0;
}

static void test_hostile_a20_suspended_waits_go_on(void **state)
{
	const struct halt how = { suspend, resume };

	(void)state;
	halted_check(&how, soak_or(500, 5000) * patience_scale());
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_a20_suspended_waits_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
