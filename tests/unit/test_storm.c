/* SPDX-License-Identifier: MIT */
/*
 * test_storm.c - a storm of signals whose handler asks a stop, while tasks are
 * submitted and cancelled (C1, C3).
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
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define ROUNDS 50
#define SIGNALS_EACH 2000	/* 1e5 in all */

static _Atomic(qs_stop *) target;	/* what the handler asks; NULL = nothing */
static atomic_uint firsts;
static atomic_uint handled;

static void on_storm(int signal)
{
	const int saved = errno;
	qs_stop *stop = atomic_load(&target);

	(void)atomic_fetch_add(&handled, 1);
	errno = 4711;
	if (stop != NULL && qs_stop_ask_from_handler(stop, signal) == 1)
		(void)atomic_fetch_add(&firsts, 1);
	if (errno != 4711)
		(void)atomic_fetch_add(&firsts, 1000);	/* it must not touch errno */
	errno = saved;
}

struct weather {
	pthread_t under;	/* the thread that takes the signals */
	struct gate half;
	int count;
};

static void *storm(void *arg)
{
	struct weather *weather = arg;

	for (int i = 0; i < weather->count; i++) {
		(void)pthread_kill(weather->under, SIGUSR1);
		if (i == weather->count / 2)
			gate_raise(&weather->half);
	}
	return NULL;
}

/* Submits, cancels, waits and forgets until the pool takes no more. */
static void work_in_the_rain(qs_pool *pool)
{
	qs_future *future = NULL;
	int error;

	for (int i = 0; (error = qs_submit(&future, pool, body_return, NULL)) == 0; i++) {
		if (i % 3 == 0)
			(void)qs_future_cancel(future);
		if (i % 5 == 0)
			assert_int_equal(qs_wait(future, patience(), NULL), 0);
		qs_future_release(future);
	}
	assert_int_equal(error, -ECANCELED);
}

static void test_storm_c3_signals_ask_one_stop_while_work_goes_on(void **state)
{
	struct sigaction action;
	struct sigaction old;

	(void)state;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_storm;
	action.sa_flags = SA_RESTART;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct weather weather = { pthread_self(), GATE_INIT, SIGNALS_EACH };
		qs_stop_options from_handler = QS_STOP_OPTIONS_INIT;
		qs_pool_options options = QS_POOL_OPTIONS_INIT;
		pthread_t sender;
		qs_pool *pool;

		atomic_store(&firsts, 0);
		from_handler.flags = QS_STOP_FROM_HANDLER;
		assert_int_equal(qs_stop_create(&options.stop, &from_handler), 0);
		options.workers = 2;
		assert_int_equal(qs_pool_create(&pool, &options), 0);
		assert_int_equal(pthread_create(&sender, NULL, storm, &weather), 0);
		gate_await(&weather.half, 1);
		atomic_store(&target, options.stop);
		assert_int_equal(qs_sleep(qs_after_ns(1000), NULL), 0);
		/* Should the storm be over too soon, one more drop. */
		(void)pthread_kill(weather.under, SIGUSR1);
		work_in_the_rain(pool);
		(void)pthread_join(sender, NULL);
		(void)pool_end(pool, QS_DRAIN);
		atomic_store(&target, NULL);	/* handlers run in this thread alone: none is inside now */
		assert_int_equal(firsts, 1);
		qs_stop_release(options.stop);
	}
	print_message("%u of %d signals were taken, the others came together\n", handled, ROUNDS * SIGNALS_EACH);
	assert_true(handled >= ROUNDS);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

/* The ladder itself in a storm: repeats are one request, and closing waits for the handler. */
static void test_storm_c3_ladder_counts_a_storm_once(void **state)
{
	static const int only[] = { SIGUSR1 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct weather weather = { pthread_self(), GATE_INIT, 200 };
		qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;
		struct sigaction action;
		struct sigaction old;
		qs_signals *signals;
		pthread_t sender;

		memset(&action, 0, sizeof(action));
		action.sa_handler = on_storm;	/* for the drops that fall before and after */
		assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
		options.signals = only;
		options.signal_count = 1;
		options.repeat_ns = QS_NEVER - 1;
		assert_int_equal(pthread_create(&sender, NULL, storm, &weather), 0);
		assert_int_equal(qs_stop_on_signals(&signals, &options), 0);
		(void)pthread_kill(pthread_self(), SIGUSR1);
		assert_int_equal(qs_sleep(patience(), qs_signals_soft(signals)), -ECANCELED);
		if (round % 2 == 0)
			gate_await(&weather.half, 1);
		assert_int_equal(qs_stop_is_asked(qs_signals_hard(signals)), 0);
		qs_signals_close(signals);
		(void)pthread_join(sender, NULL);
		assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_storm_c3_signals_ask_one_stop_while_work_goes_on),
		test(test_storm_c3_ladder_counts_a_storm_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
