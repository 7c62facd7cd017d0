/* SPDX-License-Identifier: MIT */
/*
 * test_signals.c - installing the ladder and putting everything back: a good guest (C9, C11).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static const int ladder[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define LADDER (sizeof(ladder) / sizeof(ladder[0]))

static void foreign(int signal)
{
	(void)signal;
}

/* What the kernel says of this process' signals: SigQ aside, all lines that begin with Sig or Shd. */
struct picture {
	char text[512];
};

static struct picture picture_take(void)
{
	struct picture picture = { "" };
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];

	assert_non_null(status);
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 || strncmp(line, "SigCgt", 6) == 0)
			strncat(picture.text, line, sizeof(picture.text) - strlen(picture.text) - 1);
	}
	(void)fclose(status);
	assert_string_not_equal(picture.text, "");
	return picture;
}

static void set_all(struct sigaction *olds, void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	for (size_t i = 0; i < LADDER; i++)
		assert_int_equal(sigaction(ladder[i], &action, &olds[i]), 0);
}

static void put_back(const struct sigaction *olds)
{
	for (size_t i = 0; i < LADDER; i++)
		assert_int_equal(sigaction(ladder[i], &olds[i], NULL), 0);
}

static struct sigaction action_of(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	assert_int_equal(sigaction(signal, NULL, &action), 0);
	return action;
}

static void check_same(const struct sigaction *one, const struct sigaction *other)
{
	assert_int_equal(one->sa_flags, other->sa_flags);
	assert_ptr_equal(one->sa_handler, other->sa_handler);
	for (int signal = 1; signal < SIGRTMIN; signal++)
		assert_int_equal(sigismember(&one->sa_mask, signal), sigismember(&other->sa_mask, signal));
}

/* --------------------------------------------------------------------------------- a good guest */

static void test_signals_c9_library_without_them_touches_none(void **state)
{
	const struct picture before = picture_take();
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_pool *pool = pool_make(2);
	struct gate entered = GATE_INIT;
	struct picture during;
	qs_stop *stop;

	(void)state;
	options.deadline = qs_after_s(100);
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(qs_submit(NULL, pool, body_until_stop, &entered), 0);
	gate_await(&entered, 1);
	during = picture_take();
	assert_string_equal(during.text, before.text);
	(void)pool_end(pool, QS_STOP);
	qs_stop_release(stop);
	during = picture_take();
	assert_string_equal(during.text, before.text);
}

static void test_signals_c9_closed_leaves_no_trace(void **state)
{
	const struct picture before = picture_take();
	struct picture now;
	qs_signals *signals;

	(void)state;
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	now = picture_take();
	assert_string_not_equal(now.text, before.text);
	qs_signals_close(signals);
	now = picture_take();
	assert_string_equal(now.text, before.text);
}

static void test_signals_close_puts_handlers_back_byte_for_byte(void **state)
{
	struct sigaction olds[LADDER];
	struct sigaction mine;
	struct sigaction now;
	qs_signals *signals;

	(void)state;
	set_all(olds, foreign);
	memset(&mine, 0, sizeof(mine));
	mine.sa_handler = foreign;
	mine.sa_flags = SA_NODEFER | SA_ONSTACK;
	(void)sigaddset(&mine.sa_mask, SIGUSR1);
	assert_int_equal(sigaction(SIGTERM, &mine, NULL), 0);
	mine = action_of(SIGTERM);	/* with what libc adds */
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	assert_ptr_not_equal(action_of(SIGTERM).sa_handler, foreign);
	qs_signals_close(signals);
	now = action_of(SIGTERM);
	check_same(&mine, &now);
	for (size_t i = 0; i < LADDER; i++)
		assert_ptr_equal(action_of(ladder[i]).sa_handler, foreign);
	put_back(olds);
}

static void test_signals_handler_that_replaced_ours_is_kept(void **state)
{
	struct sigaction olds[LADDER];
	struct sigaction mine;
	qs_signals *signals;

	(void)state;
	set_all(olds, SIG_DFL);
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	memset(&mine, 0, sizeof(mine));
	mine.sa_handler = foreign;
	assert_int_equal(sigaction(SIGHUP, &mine, NULL), 0);
	qs_signals_close(signals);
	assert_ptr_equal(action_of(SIGHUP).sa_handler, foreign);
	assert_ptr_equal(action_of(SIGINT).sa_handler, SIG_DFL);
	put_back(olds);
}

static void test_signals_c11_ignored_stays_ignored(void **state)
{
	struct sigaction olds[LADDER];
	struct sigaction ignore;
	qs_signals *signals;

	(void)state;
	set_all(olds, SIG_DFL);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	assert_int_equal(sigaction(SIGINT, &ignore, NULL), 0);
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	assert_ptr_equal(action_of(SIGINT).sa_handler, SIG_IGN);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(qs_stop_is_asked(qs_signals_soft(signals)), 0);
	qs_signals_close(signals);
	assert_ptr_equal(action_of(SIGINT).sa_handler, SIG_IGN);
	put_back(olds);
}

static void test_signals_second_instance_is_refused(void **state)
{
	struct picture first;
	struct picture second;
	qs_signals *signals;
	qs_signals *other = NULL;

	(void)state;
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	first = picture_take();
	assert_int_equal(qs_stop_on_signals(&other, NULL), -EBUSY);
	assert_null(other);
	second = picture_take();
	assert_string_equal(first.text, second.text);
	qs_signals_close(signals);
	assert_int_equal(qs_stop_on_signals(&other, NULL), 0);
	qs_signals_close(other);
}

static void test_signals_bad_options_are_refused(void **state)
{
	static const int kill_it[] = { SIGINT, SIGKILL };
	static const int none_such[] = { 4711 };
	const qs_signals_options good = QS_SIGNALS_OPTIONS_INIT;
	qs_signals_options bad[8];
	qs_signals *signals = NULL;

	(void)state;
	for (int i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].size += 8;
	bad[1].flags = 1;
	bad[2].signals = kill_it;
	bad[2].signal_count = 2;
	bad[3].signals = none_such;
	bad[3].signal_count = 1;
	bad[4].signal_count = 1;
	bad[5].signals = kill_it;
	bad[6].grace_ns = -1;
	bad[7].repeat_ns = -2;
	for (int i = 0; i < 8; i++)
		assert_int_equal(qs_stop_on_signals(&signals, &bad[i]), -EINVAL);
	assert_int_equal(qs_stop_on_signals(NULL, NULL), -EINVAL);
	assert_null(signals);
	assert_null(qs_signals_soft(NULL));
	assert_null(qs_signals_hard(NULL));
	qs_signals_close(NULL);
	assert_int_equal(qs_stop_exit(NULL), 0);
}

static void test_signals_only_those_that_were_named_are_handled(void **state)
{
	static const int named[] = { SIGUSR1, SIGUSR1 };
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	struct sigaction before = action_of(SIGINT);
	struct sigaction now;
	qs_signals *signals;
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	options.signals = named;
	options.signal_count = 2;
	assert_int_equal(qs_stop_on_signals(&signals, &options), 0);
	now = action_of(SIGINT);
	check_same(&before, &now);
	errno = 77;
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(errno, 77);
	assert_int_equal(qs_sleep(patience(), qs_signals_soft(signals)), -ECANCELED);
	assert_int_equal(qs_stop_cause(qs_signals_soft(signals), &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_SIGNAL);
	assert_int_equal(cause.signal, SIGUSR1);
	assert_int_equal(qs_stop_is_asked(qs_signals_hard(signals)), 0);
	qs_signals_close(signals);
	assert_ptr_equal(action_of(SIGUSR1).sa_handler, SIG_DFL);
}

static void test_signals_tokens_may_be_retained_longer(void **state)
{
	qs_signals *signals;
	qs_stop *soft;

	(void)state;
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	soft = qs_stop_retain(qs_signals_soft(signals));
	qs_signals_close(signals);
	assert_int_equal(qs_stop_is_asked(soft), 0);
	assert_int_equal(qs_stop_ask(soft, 0, NULL), 1);
	qs_stop_release(soft);
}

static void test_signals_exit_without_a_signal_returns(void **state)
{
	const struct picture before = picture_take();
	struct picture now;
	qs_signals *signals;

	(void)state;
	assert_int_equal(qs_stop_on_signals(&signals, NULL), 0);
	assert_int_equal(qs_stop_ask(qs_signals_soft(signals), 0, "by hand"), 1);
	assert_int_equal(qs_stop_exit(signals), 0);
	now = picture_take();
	assert_string_equal(now.text, before.text);
}

static void test_signals_soft_asked_by_hand_begins_the_grace(void **state)
{
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	qs_signals *signals;
	const qs_time begin = qs_now();
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	options.grace_ns = 20 * 1000000;
	assert_int_equal(qs_stop_on_signals(&signals, &options), 0);
	assert_int_equal(qs_stop_ask(qs_signals_soft(signals), 0, NULL), 1);
	assert_int_equal(qs_sleep(patience(), qs_signals_hard(signals)), -ECANCELED);
	assert_true(qs_now() - begin >= options.grace_ns);
	assert_int_equal(qs_stop_cause(qs_signals_hard(signals), &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_DEADLINE);
	qs_signals_close(signals);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_signals_c9_library_without_them_touches_none),
		test(test_signals_c9_closed_leaves_no_trace),
		test(test_signals_close_puts_handlers_back_byte_for_byte),
		test(test_signals_handler_that_replaced_ours_is_kept),
		test(test_signals_c11_ignored_stays_ignored),
		test(test_signals_second_instance_is_refused),
		test(test_signals_bad_options_are_refused),
		test(test_signals_only_those_that_were_named_are_handled),
		test(test_signals_tokens_may_be_retained_longer),
		test(test_signals_exit_without_a_signal_returns),
		test(test_signals_soft_asked_by_hand_begins_the_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
