/* SPDX-License-Identifier: MIT */
/*
 * test_sleep.c - a stop ends a sleep whenever it is asked, at once, for any
 * number of sleepers (A27).
 *
 * ctest: serial
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define NS_PER_MS INT64_C(1000000)

static qs_stop *stop_make(void)
{
	qs_stop *stop = NULL;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	return stop;
}

static void test_sleep_until_its_deadline_is_success(void **state)
{
	const qs_time deadline = qs_after_ms(10);
	qs_stop *stop = stop_make();

	(void)state;
	assert_int_equal(qs_sleep(deadline, stop), 0);
	assert_true(qs_now() >= deadline);
	qs_stop_release(stop);
}

static void test_sleep_a27_asked_before_returns_at_once(void **state)
{
	qs_stop *stop = stop_make();

	(void)state;
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_sleep(QS_NEVER, stop), -ECANCELED);
	assert_int_equal(qs_sleep(QS_NOW, stop), -ECANCELED);
	qs_stop_release(stop);
}

static void test_sleep_a27_asked_after_changes_nothing(void **state)
{
	qs_stop *stop = stop_make();

	(void)state;
	assert_int_equal(qs_sleep(qs_after_ms(1), stop), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	qs_stop_release(stop);
}

static void test_sleep_a27_token_released_by_others_meanwhile(void **state)
{
	qs_stop *parent = stop_make();
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *child;

	(void)state;
	options.parent = parent;
	options.deadline = qs_after_ms(20);
	assert_int_equal(qs_stop_create(&child, &options), 0);
	qs_stop_release(parent);
	assert_int_equal(qs_sleep(QS_NEVER, child), -ECANCELED);
	qs_stop_release(child);
}

/* --------------------------------------------------------------------- how long a wake-up takes */

#define ROUNDS 1000
#define P99_MS 20	/* generous: some 10 us on an idle machine */

struct sleeper {
	qs_stop *stop[ROUNDS];
	qs_future *future;	/* never ends; NULL = the sleeper sleeps */
	struct gate about;	/* the sleeper is about to sleep in this round */
	struct gate woken;
	qs_time woken_at[ROUNDS];
	int result[ROUNDS];
};

static void *sleep_rounds(void *arg)
{
	struct sleeper *sleeper = arg;

	for (int i = 0; i < ROUNDS; i++) {
		gate_raise(&sleeper->about);
		if (sleeper->future == NULL)
			sleeper->result[i] = qs_sleep(QS_NEVER, sleeper->stop[i]);
		else
			sleeper->result[i] = qs_wait(sleeper->future, QS_NEVER, sleeper->stop[i]);
		sleeper->woken_at[i] = qs_now();
		gate_raise(&sleeper->woken);
	}
	return NULL;
}

static int by_size(const void *one, const void *other)
{
	const int64_t a = *(const int64_t *)one;
	const int64_t b = *(const int64_t *)other;

	return a < b ? -1 : a > b;
}

/*
 * Asks each round's token a little later than the one before, so that some asks come before the
 * sleep and some during it.
 */
static void measure(qs_future *future, const char *what)
{
	static struct sleeper sleeper;
	static int64_t took[ROUNDS];
	pthread_t thread;

	sleeper = (struct sleeper){ .future = future, .about = GATE_INIT, .woken = GATE_INIT };
	for (int i = 0; i < ROUNDS; i++)
		sleeper.stop[i] = stop_make();
	assert_int_equal(pthread_create(&thread, NULL, sleep_rounds, &sleeper), 0);
	for (int i = 0; i < ROUNDS; i++) {
		qs_time until;

		gate_await(&sleeper.about, (unsigned)i + 1);
		until = qs_after_ns(i % 100 * 1000);
		while (qs_now() < until)
			continue;
		took[i] = -qs_now();
		assert_int_equal(qs_stop_ask(sleeper.stop[i], 0, NULL), 1);
		gate_await(&sleeper.woken, (unsigned)i + 1);
		took[i] += sleeper.woken_at[i];
		assert_int_equal(sleeper.result[i], -ECANCELED);
	}
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < ROUNDS; i++)
		qs_stop_release(sleeper.stop[i]);
	qsort(took, ROUNDS, sizeof(took[0]), by_size);
	print_message("%s: median %d us, p99 %d us, worst %d us\n", what, (int)(took[ROUNDS / 2] / 1000),
		      (int)(took[ROUNDS * 99 / 100] / 1000), (int)(took[ROUNDS - 1] / 1000));
	assert_true(took[ROUNDS * 99 / 100] < P99_MS * NS_PER_MS * patience_scale());
}

static void test_sleep_a27_asked_before_and_during_wakes_at_once(void **state)
{
	(void)state;
	measure(NULL, "stop to wake, qs_sleep");
}

static void test_sleep_a27_asked_while_waiting_for_a_task_wakes_at_once(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, body_hold, &hold);

	(void)state;
	measure(future, "stop to wake, qs_wait");
	gate_raise(&hold.leave);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------------------------------------ the crowd */

#define CROWD 1000
#define CROWD_STACK ((size_t)256 << 10)

struct crowd {
	qs_stop *stop;
	struct gate about;
	atomic_int woken;
};

static void *sleep_in_crowd(void *arg)
{
	struct crowd *crowd = arg;

	gate_raise(&crowd->about);
	if (qs_sleep(QS_NEVER, crowd->stop) == -ECANCELED)
		(void)atomic_fetch_add(&crowd->woken, 1);
	return NULL;
}

static void test_sleep_a27_a_thousand_sleepers_of_one_token_all_wake(void **state)
{
	static pthread_t threads[CROWD];
	struct crowd crowd = { stop_make(), GATE_INIT, 0 };
	pthread_attr_t attributes;

	(void)state;
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, CROWD_STACK), 0);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], &attributes, sleep_in_crowd, &crowd), 0);
	gate_await(&crowd.about, CROWD);
	assert_int_equal(qs_stop_ask(crowd.stop, 0, NULL), 1);
	for (int i = 0; i < CROWD; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(crowd.woken, CROWD);
	(void)pthread_attr_destroy(&attributes);
	qs_stop_release(crowd.stop);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_sleep_until_its_deadline_is_success),
		test(test_sleep_a27_asked_before_returns_at_once),
		test(test_sleep_a27_asked_after_changes_nothing),
		test(test_sleep_a27_token_released_by_others_meanwhile),
		test(test_sleep_a27_asked_before_and_during_wakes_at_once),
		test(test_sleep_a27_asked_while_waiting_for_a_task_wakes_at_once),
		test(test_sleep_a27_a_thousand_sleepers_of_one_token_all_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
