/* SPDX-License-Identifier: MIT */
/*
 * test_instants.c - whole little processes, hit by SIGINT at random instants (C5).
 *
 * Before the ladder is there, while it is installed, while the pool comes, runs and goes, while the
 * ladder is taken down: each of them dies by SIGINT or exits as if nothing had been; none hangs,
 * none ends in any other way.
 *
 * ctest: serial
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/seed.h"

#ifdef __SANITIZE_THREAD__
#define RUNS 100	/* of some 50 ms each */

/* Without the second that it otherwise waits at the end of each process that still has a thread. */
__attribute__((__visibility__("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "atexit_sleep_ms=0";
}
#else
#define RUNS 500
#endif
#define CALM_RUNS 21	/* undisturbed, to learn how long one takes */

static int live_a_little(void *arg)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_signals *signals = NULL;
	qs_pool *pool = NULL;
	uint64_t sum = 0;
	int error;

	(void)arg;
	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	options.workers = 2;
	options.stop = qs_signals_soft(signals);
	error = qs_pool_create(&pool, &options);
	CHILD_CHECK(error == 0 || error == -ECANCELED);
	for (int i = 0; error == 0 && i < 4; i++)
		error = qs_submit(NULL, pool, body_return, NULL);
	CHILD_CHECK(error == 0 || error == -ECANCELED);
	if (pool != NULL) {
		CHILD_CHECK(qs_pool_join(pool, patience(), qs_signals_hard(signals), &report) == 0);
		for (int state = 0; state < QS_STATES; state++)
			sum += report.ends[state];
		CHILD_CHECK(sum == report.submitted);
		CHILD_CHECK(qs_pool_destroy(pool) == 0);
	}
	CHILD_CHECK(qs_stop_exit(signals) == 0);
	return 0;
}

static int by_size(const void *one, const void *other)
{
	const qs_time a = *(const qs_time *)one;
	const qs_time b = *(const qs_time *)other;

	return a < b ? -1 : a > b;
}

/* The median of some undisturbed runs, the fork included. */
static qs_time usual_length(void)
{
	qs_time lengths[CALM_RUNS];

	for (int i = 0; i < CALM_RUNS; i++) {
		const qs_time begin = qs_now();

		assert_int_equal(child_run(live_a_little, NULL), 0);
		lengths[i] = qs_now() - begin;
	}
	qsort(lengths, CALM_RUNS, sizeof(lengths[0]), by_size);
	return lengths[CALM_RUNS / 2];
}

static void test_instants_c5_sigint_at_any_moment_ends_the_process_cleanly(void **state)
{
	const qs_time length = usual_length();
	uint64_t seed = seed_take();
	int killed = 0;
	int exited = 0;

	(void)state;
	for (int i = 0; i < RUNS; i++) {
		/* Up to a little after its end. */
		const qs_time delay = (qs_time)(seed_next(&seed) % (uint32_t)(length + length / 4));
		const pid_t child = child_start(live_a_little, NULL);
		const qs_time until = qs_after_ns(delay);
		int status;

		while (qs_now() < until)
			continue;
		assert_int_equal(kill(child, SIGINT), 0);	/* a zombie at worst */
		status = child_end(child);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
		exited += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		assert_int_equal(killed + exited, i + 1);
	}
	print_message("%d died by SIGINT, %d had ended; one takes %d us\n", killed, exited, (int)(length / 1000));
	assert_true(killed > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_instants_c5_sigint_at_any_moment_ends_the_process_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
