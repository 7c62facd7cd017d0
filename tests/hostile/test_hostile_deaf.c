/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_deaf.c - the thread that makes everything blocks every signal (C10).
 *
 * What it makes has masks of its own, so a stop comes through: by call, by deadline, and by a
 * signal that another thread takes.  Children have the mask that the program was started with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/probe.h"
#include "support/probe_run.h"

static sigset_t before;		/* the mask that this program was started with */

static int go_deaf(void **state)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	return leftovers_note(state);
}

static bool is_deaf(void)
{
	sigset_t now;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, SIGINT) == 1 && sigismember(&now, SIGSEGV) == 1;
}

static int hear_again(void **state)
{
	const bool was_deaf = is_deaf();

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return leftovers_check(state) == 0 && was_deaf ? 0 : -1;
}

/* 0 if this thread leaves to others what is theirs, and takes its own faults. */
static int tell_mask(qs_task *task, void *arg)
{
	sigset_t now;

	(void)task;
	(void)arg;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (sigismember(&now, SIGSEGV) || sigismember(&now, SIGBUS) || sigismember(&now, SIGABRT))
		return -EFAULT;
	return sigismember(&now, SIGINT) && sigismember(&now, SIGTERM) ? 0 : -EINTR;
}

static void test_hostile_c10_workers_have_masks_of_their_own(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, tell_mask, NULL), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_hostile_c10_stop_reaches_what_runs(void **state)
{
	struct gate entered = GATE_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, body_until_stop, &entered);

	(void)state;
	gate_await(&entered, 1);
	assert_int_equal(qs_stop_ask(qs_pool_stop(pool), 0, NULL), 1);
	task_end(future, QS_STOPPED);
	(void)pool_end(pool, QS_STOP);
}

static void test_hostile_c10_deadline_comes(void **state)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;

	(void)state;
	options.deadline = qs_after_ms(5);
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(qs_sleep(patience(), stop), -ECANCELED);
	qs_stop_release(stop);
}

/* Another thread of the host's that takes signals, as most programs have one. */
static void *take_signals(void *arg)
{
	struct hold *hold = arg;
	sigset_t none;

	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	gate_raise(&hold->entered);
	gate_await(&hold->leave, 1);
	return NULL;
}

static void test_hostile_c10_signal_climbs_the_ladder(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
	qs_signals *signals = NULL;
	pthread_t taker;

	(void)state;
	assert_int_equal(pthread_create(&taker, NULL, take_signals, &hold), 0);
	gate_await(&hold.entered, 1);
	options.repeat_ns = -1;
	assert_int_equal(qs_stop_on_signals(&signals, &options), 0);
	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(qs_sleep(patience(), qs_signals_soft(signals)), -ECANCELED);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(qs_sleep(patience(), qs_signals_hard(signals)), -ECANCELED);
	qs_signals_close(signals);
	gate_raise(&hold.leave);
	assert_int_equal(pthread_join(taker, NULL), 0);
}

static void test_hostile_c10_children_are_not_deaf(void **state)
{
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	struct probe probe;

	(void)state;
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_signal(probe.process, SIGTERM), 0);
	probe_wait(&probe, &status);
	assert_int_equal(status.signal, SIGTERM);
	probe_end(&probe);
}

#define test(name) cmocka_unit_test_setup_teardown(name, go_deaf, hear_again)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_c10_workers_have_masks_of_their_own),
		test(test_hostile_c10_stop_reaches_what_runs),
		test(test_hostile_c10_deadline_comes),
		test(test_hostile_c10_signal_climbs_the_ladder),
		test(test_hostile_c10_children_are_not_deaf),
	};

	if (probe_is_asked(argc, argv))
		probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
