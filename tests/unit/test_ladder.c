/* SPDX-License-Identifier: MIT */
/*
 * test_ladder.c - one, two, three signals, seen from the parent: soft, hard, the
 * old disposition (C6, C11).
 *
 * The children send the signals to themselves, so that each rung is reached
 * before the next signal comes.
 *
 * ctest: serial
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define NS_PER_MS INT64_C(1000000)
#define EVERY_ONE_COUNTS (-1)

/* What a child is to do. */
struct climb {
	int signals[4];		/* sent one after the other, as far as they go */
	int count;
	int64_t repeat_ns;
	int64_t grace_ns;
	bool is_soft;		/* expected afterwards */
	bool is_hard;
	void (*old)(int);	/* the disposition before; NULL = SIG_DFL */
};

static qs_signals *install(const struct climb *climb)
{
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	qs_signals *signals = NULL;

	options.repeat_ns = climb->repeat_ns;
	options.grace_ns = climb->grace_ns;
	CHILD_CHECK(qs_stop_on_signals(&signals, &options) == 0);
	return signals;
}

static void become(void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	CHILD_CHECK(sigaction(SIGINT, &action, NULL) == 0);
	CHILD_CHECK(sigaction(SIGTERM, &action, NULL) == 0);
}

static int climb_alone(void *arg)
{
	const struct climb *climb = arg;
	qs_signals *signals;

	become(climb->old != NULL ? climb->old : SIG_DFL);
	signals = install(climb);
	for (int i = 0; i < climb->count; i++)
		CHILD_CHECK(raise(climb->signals[i]) == 0);
	CHILD_CHECK((qs_stop_is_asked(qs_signals_soft(signals)) == 1) == climb->is_soft);
	CHILD_CHECK((qs_stop_is_asked(qs_signals_hard(signals)) == 1) == climb->is_hard);
	CHILD_CHECK(qs_stop_exit(signals) == 0);
	return 7;
}

static void check_dies_by(struct climb climb, int signal)
{
	const int status = child_run(climb_alone, &climb);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal);
}

static void test_ladder_c6_no_signal_exits_normally(void **state)
{
	const int status = child_run(climb_alone, &(struct climb){ .count = 0 });

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_ladder_c6_first_is_soft_and_the_parent_sees_the_signal(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	(void)state;
	for (int i = 0; i < 4; i++) {
		check_dies_by((struct climb){ .signals = { signals[i] }, .count = 1, .is_soft = true, .repeat_ns = EVERY_ONE_COUNTS },
			      signals[i]);
	}
}

static void test_ladder_c6_second_is_hard_and_the_first_is_the_cause(void **state)
{
	(void)state;
	check_dies_by((struct climb){ .signals = { SIGINT, SIGTERM }, .count = 2, .is_soft = true, .is_hard = true,
				      .repeat_ns = EVERY_ONE_COUNTS }, SIGINT);
}

static void test_ladder_c6_third_finds_the_default_at_once(void **state)
{
	/* It dies at its own raise, by the third signal, and never comes to its checks. */
	(void)state;
	check_dies_by((struct climb){ .signals = { SIGINT, SIGINT, SIGTERM }, .count = 3, .repeat_ns = EVERY_ONE_COUNTS }, SIGTERM);
}

static volatile sig_atomic_t old_calls;

static void old_handler(int signal)
{
	(void)signal;
	old_calls++;
}

static int climb_to_old_handler(void *arg)
{
	const struct climb climb = { .repeat_ns = EVERY_ONE_COUNTS };
	qs_signals *signals;
	struct sigaction now;

	(void)arg;
	become(old_handler);
	signals = install(&climb);
	for (int i = 0; i < 2; i++)
		CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(old_calls == 0);
	CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(old_calls == 1);
	CHILD_CHECK(raise(SIGTERM) == 0);	/* still ours: acts as before, too */
	CHILD_CHECK(old_calls == 2);
	qs_signals_close(signals);
	CHILD_CHECK(sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == old_handler);
	CHILD_CHECK(sigaction(SIGTERM, NULL, &now) == 0 && now.sa_handler == old_handler);
	return 0;
}

static void check_succeeds(child_fn *fn)
{
	const int status = child_run(fn, NULL);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_ladder_c6_third_finds_the_old_handler(void **state)
{
	(void)state;
	check_succeeds(climb_to_old_handler);
}

static void test_ladder_c6_repeats_within_the_time_are_one(void **state)
{
	(void)state;
	check_dies_by((struct climb){ .signals = { SIGINT, SIGINT, SIGTERM, SIGINT }, .count = 4, .is_soft = true,
				      .repeat_ns = 1000 * 1000 * NS_PER_MS }, SIGINT);
}

static int repeat_by_default(void *arg)
{
	const struct climb climb = { .count = 0 };
	qs_signals *signals = install(&climb);
	const qs_time first = qs_now();

	(void)arg;
	CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(raise(SIGINT) == 0);
	/*
	 * Had the machine slept between the two, the second would count: then
	 * there is nothing to learn.
	 */
	CHILD_CHECK(qs_stop_is_asked(qs_signals_hard(signals)) == 0 || qs_now() - first >= 250 * NS_PER_MS);
	CHILD_CHECK(qs_sleep(qs_after_ms(260), NULL) == 0);
	CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(qs_stop_is_asked(qs_signals_hard(signals)) == 1);
	qs_signals_close(signals);
	return 0;
}

static void test_ladder_c6_a_quarter_of_a_second_is_the_default(void **state)
{
	(void)state;
	check_succeeds(repeat_by_default);
}

static int wait_for_grace(void *arg)
{
	const struct climb climb = { .grace_ns = 50 * NS_PER_MS };
	qs_signals *signals = install(&climb);
	qs_cause cause = QS_CAUSE_INIT;
	qs_time begin;

	(void)arg;
	CHILD_CHECK(qs_sleep(qs_after_ms(60), qs_signals_hard(signals)) == 0);	/* it does not begin by itself */
	begin = qs_now();
	CHILD_CHECK(raise(SIGTERM) == 0);
	CHILD_CHECK(qs_sleep(patience(), qs_signals_hard(signals)) == -ECANCELED);
	CHILD_CHECK(qs_now() - begin >= climb.grace_ns);
	CHILD_CHECK(qs_stop_cause(qs_signals_hard(signals), &cause) == 1 && cause.kind == QS_CAUSE_DEADLINE);
	qs_signals_close(signals);
	return 0;
}

static void test_ladder_c6_grace_makes_hard(void **state)
{
	(void)state;
	check_succeeds(wait_for_grace);
}

/* -------------------------------------------------------------------- with a pool, from outside */

static int run_until_stopped(void *arg)
{
	static struct gate entered = GATE_INIT;
	const int *ready = arg;
	const struct climb climb = { .count = 0 };
	qs_signals *signals = install(&climb);
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool = NULL;

	options.workers = 2;
	options.stop = qs_signals_soft(signals);
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	for (int i = 0; i < 10; i++)
		CHILD_CHECK(qs_submit(NULL, pool, body_until_stop, &entered) == 0);
	gate_await(&entered, 2);
	CHILD_CHECK(write(*ready, "r", 1) == 1);
	CHILD_CHECK(qs_pool_join(pool, patience(), qs_signals_hard(signals), &report) == 0);
	CHILD_CHECK(report.ends[QS_STOPPED] == 2 && report.ends[QS_CANCELLED] == 8);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	CHILD_CHECK(qs_stop_exit(signals) == 0);
	return CHILD_FAILED;
}

static void test_ladder_c6_pool_stops_and_the_process_dies_by_the_signal(void **state)
{
	int ready[2];
	char byte;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = child_start(run_until_stopped, &ready[1]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGINT), 0);
	status = child_end(child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	(void)close(ready[0]);
}

static int start_ignoring(void *arg)
{
	qs_signals *signals;
	const struct climb climb = { .repeat_ns = EVERY_ONE_COUNTS };

	(void)arg;
	become(SIG_IGN);
	signals = install(&climb);
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(raise(SIGINT) == 0);
	CHILD_CHECK(qs_stop_is_asked(qs_signals_soft(signals)) == 0);
	CHILD_CHECK(raise(SIGHUP) == 0);	/* was not ignored */
	CHILD_CHECK(qs_stop_is_asked(qs_signals_soft(signals)) == 1);
	qs_signals_close(signals);
	return 0;
}

static void test_ladder_c11_ignored_at_start_climbs_nothing(void **state)
{
	(void)state;
	check_succeeds(start_ignoring);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_ladder_c6_no_signal_exits_normally),
		test(test_ladder_c6_first_is_soft_and_the_parent_sees_the_signal),
		test(test_ladder_c6_second_is_hard_and_the_first_is_the_cause),
		test(test_ladder_c6_third_finds_the_default_at_once),
		test(test_ladder_c6_third_finds_the_old_handler),
		test(test_ladder_c6_repeats_within_the_time_are_one),
		test(test_ladder_c6_a_quarter_of_a_second_is_the_default),
		test(test_ladder_c6_grace_makes_hard),
		test(test_ladder_c6_pool_stops_and_the_process_dies_by_the_signal),
		test(test_ladder_c11_ignored_at_start_climbs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
