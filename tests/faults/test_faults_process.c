/* SPDX-License-Identifier: MIT */
/*
 * test_faults_process.c - children while the system refuses what they ask for (B1, B4, D13): a
 * child, or none and an error.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults/loop.h"
#include "support/patience.h"

static int spawn(qs_process **out, const char *const *argv, qs_stop *stop)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;

	options.argv = argv;
	return qs_process_spawn(out, &options, stop);
}

static int use_short_life(void)
{
	const char *const argv[] = { "true", NULL };
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process = NULL;
	const int error = spawn(&process, argv, NULL);

	if (error == 0) {
		assert_true(qs_process_pid(process) > 0);
		assert_true(qs_process_fd_of(process) >= 0);
		assert_int_equal(qs_process_wait(process, patience(), NULL, &status), 0);
		assert_int_equal(status.exit_code, 0);
	}
	qs_process_destroy(process);
	return error;
}

static int use_exec_that_fails(void)
{
	const char *const argv[] = { "/nowhere/at/all", NULL };
	qs_process *process = NULL;
	const int error = spawn(&process, argv, NULL);

	assert_null(process);
	return error == -ENOENT ? 0 : error;
}

/* A wait with a token needs that token's descriptor; the child can be ended without one. */
static int use_ending(void)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process = NULL;
	qs_stop *stop = NULL;
	int error = qs_stop_create(&stop, NULL);

	if (error == 0)
		error = spawn(&process, argv, stop);
	if (error == 0) {
		const int waited = qs_process_wait(process, qs_after_ns(1000), stop, NULL);

		error = waited == -ETIMEDOUT ? 0 : waited;
		assert_int_equal(qs_process_signal(process, SIGCONT), 0);
		assert_int_equal(qs_process_end(process, SIGTERM, patience(), NULL, &status), 0);
		assert_int_equal(status.signal, SIGTERM);
	}
	qs_process_destroy(process);
	qs_stop_release(stop);
	return error;
}

/* Destroyed while it runs. */
static int use_giving_up(void)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	qs_process *process = NULL;
	const int error = spawn(&process, argv, NULL);

	qs_process_destroy(process);
	return error;
}

int main(void)
{
	static const struct workload workloads[] = {
		{ "short_life", use_short_life, NEEDS_MEMORY | NEEDS_PROCESSES },
		{ "exec_that_fails", use_exec_that_fails, NEEDS_MEMORY | NEEDS_PROCESSES },
		{ "ending", use_ending, NEEDS_MEMORY | NEEDS_DESCRIPTORS | NEEDS_PROCESSES },
		{ "giving_up", use_giving_up, NEEDS_MEMORY | NEEDS_PROCESSES },
	};

	return faults_run(workloads, sizeof(workloads) / sizeof(workloads[0]));
}
