/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_last_words.c - a thread-local destructor of the host's uses the library
 * while its worker dies (B10).
 *
 * By then the thread is no worker any more: the pool may be shut down, and is not destroyed
 * before the thread is gone.
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
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define WORKERS 3

/* What the destructor is given, and what came of it. */
struct last_words {
	qs_pool *own;		/* the pool that the worker dies of */
	qs_pool *other;		/* one that lives on */
	qs_future *ended;
	struct hold *hold;	/* keeps the worker until all have come; NULL = nothing does */
	atomic_int submitted_to_own;
	atomic_int waited_for_ended;
	atomic_int asked_other;
	atomic_uint runs;
	atomic_uint calls;
};

static pthread_key_t key;

static int use_other(struct last_words *it)
{
	qs_future *future = NULL;
	int error = qs_submit(&future, it->other, body_count, &it->runs);

	if (error == 0)
		error = qs_wait(future, patience(), NULL);
	qs_future_release(future);
	return error;
}

static void speak(void *arg)
{
	struct last_words *it = arg;

	atomic_store(&it->submitted_to_own, qs_submit(NULL, it->own, body_count, &it->runs));
	atomic_store(&it->waited_for_ended, qs_wait(it->ended, patience(), NULL));
	atomic_store(&it->asked_other, use_other(it));
	(void)atomic_fetch_add(&it->calls, 1);
}

static int set_last_words(qs_task *task, void *arg)
{
	struct last_words *it = arg;
	const int error = -pthread_setspecific(key, it);

	return it->hold != NULL ? body_hold(task, it->hold) : error;
}

/* Once, in whatever thread that was the last to leave. */
static void check_words(struct last_words *it, qs_shutdown_mode mode)
{
	assert_int_equal(it->calls, 1);
	/* A pool that is stopped is closed a moment earlier. */
	assert_true(it->submitted_to_own == -ESHUTDOWN || (mode == QS_STOP && it->submitted_to_own == -ECANCELED));
	assert_int_equal(it->waited_for_ended, 0);
	assert_int_equal(it->asked_other, 0);
	assert_int_equal(it->runs, 1);
}

static void run_life(qs_shutdown_mode mode)
{
	struct last_words it = { .own = pool_make(1), .other = pool_make(1) };

	it.ended = task_submit(it.own, set_last_words, &it);
	assert_int_equal(qs_wait(it.ended, patience(), NULL), 0);
	assert_int_equal(qs_future_value(it.ended), 0);
	(void)pool_end(it.own, mode);
	check_words(&it, mode);
	qs_future_release(it.ended);
	(void)pool_end(it.other, QS_DRAIN);
}

static void test_hostile_b10_last_words_are_answered_in_each_mode(void **state)
{
	(void)state;
	for (long i = 0; i < soak_or(100, 100000); i++)
		run_life((qs_shutdown_mode)(i % (QS_STOP + 1)));
}

/* Each worker of several, all into one pool with one worker. */
static void test_hostile_b10_last_words_of_many_workers_at_once(void **state)
{
	struct last_words words[WORKERS];
	struct hold hold = HOLD_INIT;
	qs_pool *own = pool_make(WORKERS);
	qs_pool *other = pool_make(1);
	qs_future *ended = task_submit(other, body_return, NULL);

	(void)state;
	for (int i = 0; i < WORKERS; i++) {
		words[i] = (struct last_words){ .own = own, .other = other, .ended = ended, .hold = &hold };
		assert_int_equal(qs_submit(NULL, own, set_last_words, &words[i]), 0);
	}
	gate_await(&hold.entered, WORKERS);
	gate_raise(&hold.leave);
	(void)pool_end(own, QS_DRAIN);
	for (int i = 0; i < WORKERS; i++)
		check_words(&words[i], QS_DRAIN);
	qs_future_release(ended);
	(void)pool_end(other, QS_DRAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b10_last_words_are_answered_in_each_mode),
		test(test_hostile_b10_last_words_of_many_workers_at_once),
	};
	int failed;

	if (pthread_key_create(&key, speak) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)pthread_key_delete(key);
	return failed;
}
