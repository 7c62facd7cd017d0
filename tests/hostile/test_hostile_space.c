/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_space.c - a process whose address space comes to its end, a
 * little later each time (B3).
 *
 * ctest: plain
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define KIB 1024L
#define WORKERS 4
#define TASKS 64
#define REFUSED 1	/* exit code of a child that was refused something, in words */

/* What the process has now, in bytes. */
static long space_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	CHILD_CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
	(void)fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void note(int *refused, int error)
{
	CHILD_CHECK(error == 0 || error == -ENOMEM || error == -EAGAIN);
	if (error != 0)
		*refused = error;
}

static void use_pool(int *refused, qs_stop *stop)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	atomic_uint runs = 0;
	unsigned accepted = 0;
	qs_pool *pool = NULL;
	int error;

	options.workers = WORKERS;
	options.stop = stop;
	error = qs_pool_create(&pool, &options);
	note(refused, error);
	if (error != 0)
		return;
	for (int i = 0; i < TASKS; i++) {
		error = qs_submit(NULL, pool, body_count, &runs);
		note(refused, error);
		accepted += error == 0;
	}
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, &report) == 0);
	CHILD_CHECK(report.submitted == accepted && report.ends[QS_DONE] == accepted && runs == accepted);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
}

static void use_process(int *refused)
{
	const char *const argv[] = { "true", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process = NULL;
	int error;

	options.argv = argv;
	error = qs_process_spawn(&process, &options, NULL);
	note(refused, error);
	/* The program itself may find no room to start in: that is its end, and is told. */
	if (error == 0)
		CHILD_CHECK(qs_process_wait(process, patience(), NULL, NULL) == 0);
	qs_process_destroy(process);
}

static int live(void *arg)
{
	const rlim_t end = (rlim_t)(space_in_use() + *(const long *)arg);
	const struct rlimit limit = { end, end };
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_signals *signals = NULL;
	qs_stop *stop = NULL;
	int refused = 0;

	CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	note(&refused, qs_stop_on_signals(&signals, NULL));
	deadline.parent = qs_signals_soft(signals);
	deadline.deadline = qs_after_s(1000);
	note(&refused, qs_stop_create(&stop, &deadline));
	use_pool(&refused, stop);
	use_process(&refused);
	qs_stop_release(stop);
	qs_signals_close(signals);
	return refused != 0 ? REFUSED : 0;
}

/* Steps of so many KiB, from nothing on; counts what came of it. */
static void sweep(long step_kib, long steps, int *out_refused, int *out_content)
{
	for (long i = 0; i < steps; i++) {
		long more = i * step_kib * KIB;
		const int status = child_run(live, &more);

		if (!WIFEXITED(status) || WEXITSTATUS(status) > REFUSED)
			print_error("with %ld KiB more: status %#x\n", i * step_kib, (unsigned)status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= REFUSED);
		*(WEXITSTATUS(status) == 0 ? out_content : out_refused) += 1;
	}
}

static void test_hostile_b3_address_space_that_ends_anywhere(void **state)
{
	int refused = 0;
	int content = 0;

	(void)state;
	sweep(16, soak_or(64, 1024), &refused, &content);
	sweep(1024, soak_or(64, 512), &refused, &content);
	print_message("refused in %d, content in %d\n", refused, content);
	assert_true(refused > 0);
	assert_true(content > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b3_address_space_that_ends_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
