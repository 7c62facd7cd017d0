/* SPDX-License-Identifier: MIT */
/*
 * test_callback.c - callbacks of a stop: called once or never, and gone when the remover says so.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/pools.h"

static qs_stop *stop_make(void)
{
	qs_stop *stop = NULL;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	return stop;
}

static void count(void *arg)
{
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
}

static void test_callback_removed_before_the_ask_is_never_called(void **state)
{
	qs_stop *stop = stop_make();
	qs_stop_callback *callback;
	atomic_uint calls = 0;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&callback, stop, count, &calls), 0);
	assert_int_equal(qs_stop_callback_remove(callback), 1);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(calls, 0);
	qs_stop_release(stop);
}

static void test_callback_is_called_once_before_the_ask_returns(void **state)
{
	qs_stop *stop = stop_make();
	qs_stop_callback *callback;
	atomic_uint calls = 0;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&callback, stop, count, &calls), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(calls, 1);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	qs_stop_release(stop);
}

static void test_callback_a22_added_late_runs_at_once_and_once(void **state)
{
	qs_stop *stop = stop_make();
	qs_stop_callback *callback;
	atomic_uint calls = 0;

	(void)state;
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_stop_callback_add(&callback, stop, count, &calls), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	assert_int_equal(calls, 1);
	qs_stop_release(stop);
}

static void test_callback_every_order_of_removal_leaves_the_others(void **state)
{
	static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (int order = 0; order < 6; order++) {
		for (int before = 0; before <= 3; before++) {
			qs_stop *stop = stop_make();
			qs_stop_callback *callbacks[3];
			atomic_uint calls[3] = { 0, 0, 0 };

			for (int i = 0; i < 3; i++)
				assert_int_equal(qs_stop_callback_add(&callbacks[i], stop, count, &calls[i]), 0);
			for (int k = 0; k < before; k++)
				assert_int_equal(qs_stop_callback_remove(callbacks[orders[order][k]]), 1);
			assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
			for (int k = before; k < 3; k++)
				assert_int_equal(qs_stop_callback_remove(callbacks[orders[order][k]]), 0);
			for (int k = 0; k < 3; k++)
				assert_int_equal(calls[orders[order][k]], k < before ? 0 : 1);
			qs_stop_release(stop);
		}
	}
}

/* A callback that takes itself, or another one, away. */
struct removal {
	qs_stop_callback *which;
	int result;
	atomic_uint calls;
};

static void remove_it(void *arg)
{
	struct removal *removal = arg;

	(void)atomic_fetch_add(&removal->calls, 1);
	removal->result = qs_stop_callback_remove(removal->which);
}

static void test_callback_may_remove_itself(void **state)
{
	qs_stop *stop = stop_make();
	struct removal removal = { NULL, -1, 0 };

	(void)state;
	assert_int_equal(qs_stop_callback_add(&removal.which, stop, remove_it, &removal), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(removal.calls, 1);
	assert_int_equal(removal.result, 0);
	qs_stop_release(stop);
}

static void test_callback_added_late_may_remove_itself(void **state)
{
	qs_stop *stop = stop_make();
	struct removal removal = { NULL, -1, 0 };

	(void)state;
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	/* The handle is written before fn is called. */
	assert_int_equal(qs_stop_callback_add(&removal.which, stop, remove_it, &removal), 0);
	assert_int_equal(removal.calls, 1);
	assert_int_equal(removal.result, 0);
	qs_stop_release(stop);
}

static void test_callback_may_remove_one_that_waits_its_turn(void **state)
{
	qs_stop *stop = stop_make();
	struct removal removal = { NULL, -1, 0 };
	qs_stop_callback *first;
	atomic_uint calls = 0;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&first, stop, remove_it, &removal), 0);
	assert_int_equal(qs_stop_callback_add(&removal.which, stop, count, &calls), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(removal.result, 1);
	assert_int_equal(calls, 0);
	assert_int_equal(qs_stop_callback_remove(first), 0);
	qs_stop_release(stop);
}

/* A callback that does all a callback may do. */
struct busy {
	qs_stop *stop;
	qs_pool *pool;
	qs_future *pending;
	qs_stop_callback *added;
	atomic_uint calls;
	int submitted;
	int asked;
	int cancelled;
	int waited;
	int is_shut_down;
};

static void do_everything(void *arg)
{
	struct busy *busy = arg;

	busy->asked = qs_stop_ask(busy->stop, 0, NULL);
	(void)qs_stop_callback_add(&busy->added, busy->stop, count, &busy->calls);
	busy->cancelled = qs_future_cancel(busy->pending);
	busy->waited = qs_wait(busy->pending, QS_NEVER, busy->stop);
	busy->submitted = qs_submit(NULL, busy->pool, body_count, &busy->calls);
	busy->is_shut_down = qs_pool_shutdown(busy->pool, QS_DRAIN);
}

static void test_callback_a22_may_use_the_library(void **state)
{
	struct hold hold = HOLD_INIT;
	struct busy busy = { .stop = stop_make(), .pool = pool_make(1) };
	qs_future *held = task_submit(busy.pool, body_hold, &hold);
	qs_stop_callback *callback;

	(void)state;
	gate_await(&hold.entered, 1);
	busy.pending = task_submit(busy.pool, body_return, NULL);
	assert_int_equal(qs_stop_callback_add(&callback, busy.stop, do_everything, &busy), 0);
	assert_int_equal(qs_stop_ask(busy.stop, 0, NULL), 1);
	assert_int_equal(busy.asked, 0);
	assert_int_equal(busy.cancelled, 1);
	assert_int_equal(busy.waited, 0);
	assert_int_equal(busy.submitted, 0);
	assert_int_equal(busy.is_shut_down, 0);
	assert_int_equal(busy.calls, 1);	/* the late callback; the task waits behind the held one */
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	task_end(busy.pending, QS_CANCELLED);
	assert_int_equal(qs_stop_callback_remove(busy.added), 0);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	(void)pool_end(busy.pool, QS_DRAIN);
	assert_int_equal(busy.calls, 2);
	qs_stop_release(busy.stop);
}

/* A callback that stays inside until it is let go, and the thread that asks. */
struct long_one {
	qs_stop *stop;
	struct gate entered;
	struct gate leave;
	atomic_bool is_over;
};

static void stay(void *arg)
{
	struct long_one *it = arg;

	gate_raise(&it->entered);
	gate_await(&it->leave, 1);
	atomic_store(&it->is_over, true);
}

static void *ask(void *arg)
{
	(void)qs_stop_ask(((struct long_one *)arg)->stop, 0, NULL);
	return NULL;
}

static void *let_go(void *arg)
{
	gate_raise(&((struct long_one *)arg)->leave);
	return NULL;
}

static void test_callback_removal_waits_while_it_runs_elsewhere(void **state)
{
	struct long_one it = { stop_make(), GATE_INIT, GATE_INIT, false };
	qs_stop_callback *callback;
	pthread_t asker;
	pthread_t opener;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&callback, it.stop, stay, &it), 0);
	assert_int_equal(pthread_create(&asker, NULL, ask, &it), 0);
	gate_await(&it.entered, 1);
	assert_int_equal(pthread_create(&opener, NULL, let_go, &it), 0);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	assert_true(atomic_load(&it.is_over));
	(void)pthread_join(opener, NULL);
	(void)pthread_join(asker, NULL);
	qs_stop_release(it.stop);
}

static void test_callback_others_can_be_removed_while_one_runs(void **state)
{
	struct long_one it = { stop_make(), GATE_INIT, GATE_INIT, false };
	qs_stop_callback *callbacks[2];
	atomic_uint calls = 0;
	pthread_t asker;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&callbacks[0], it.stop, stay, &it), 0);
	assert_int_equal(qs_stop_callback_add(&callbacks[1], it.stop, count, &calls), 0);
	assert_int_equal(pthread_create(&asker, NULL, ask, &it), 0);
	gate_await(&it.entered, 1);
	assert_int_equal(qs_stop_callback_remove(callbacks[1]), 1);
	gate_raise(&it.leave);
	(void)pthread_join(asker, NULL);
	assert_int_equal(calls, 0);
	assert_int_equal(qs_stop_callback_remove(callbacks[0]), 0);
	qs_stop_release(it.stop);
}

#define ROUNDS 2000

/* One round of the race between an ask and a removal. */
struct race {
	qs_stop *stop;
	pthread_barrier_t start;
};

static void *ask_at_start(void *arg)
{
	struct race *race = arg;

	(void)pthread_barrier_wait(&race->start);
	(void)qs_stop_ask(race->stop, 0, NULL);
	return NULL;
}

static void test_callback_removal_against_ask_tells_the_truth(void **state)
{
	struct race race;
	atomic_uint calls;

	(void)state;
	assert_int_equal(pthread_barrier_init(&race.start, NULL, 2), 0);
	for (int i = 0; i < ROUNDS; i++) {
		qs_stop_callback *callback;
		pthread_t asker;
		int was_never_called;

		atomic_init(&calls, 0);
		race.stop = stop_make();
		assert_int_equal(qs_stop_callback_add(&callback, race.stop, count, &calls), 0);
		assert_int_equal(pthread_create(&asker, NULL, ask_at_start, &race), 0);
		(void)pthread_barrier_wait(&race.start);
		was_never_called = qs_stop_callback_remove(callback);
		assert_int_equal(atomic_load(&calls), 1 - was_never_called);
		(void)pthread_join(asker, NULL);
		assert_int_equal(atomic_load(&calls), 1 - was_never_called);
		qs_stop_release(race.stop);
	}
	(void)pthread_barrier_destroy(&race.start);
}

static void test_callback_bad_arguments_are_refused(void **state)
{
	qs_stop *stop = stop_make();
	qs_stop_callback *callback = NULL;
	atomic_uint calls = 0;

	(void)state;
	assert_int_equal(qs_stop_callback_add(NULL, stop, count, &calls), -EINVAL);
	assert_int_equal(qs_stop_callback_add(&callback, stop, NULL, &calls), -EINVAL);
	assert_null(callback);
	qs_stop_release(stop);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_callback_removed_before_the_ask_is_never_called),
		test(test_callback_is_called_once_before_the_ask_returns),
		test(test_callback_a22_added_late_runs_at_once_and_once),
		test(test_callback_every_order_of_removal_leaves_the_others),
		test(test_callback_may_remove_itself),
		test(test_callback_added_late_may_remove_itself),
		test(test_callback_may_remove_one_that_waits_its_turn),
		test(test_callback_a22_may_use_the_library),
		test(test_callback_removal_waits_while_it_runs_elsewhere),
		test(test_callback_others_can_be_removed_while_one_runs),
		test(test_callback_removal_against_ask_tells_the_truth),
		test(test_callback_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
