/* SPDX-License-Identifier: MIT */
/*
 * test_future.c - each task reaches one end, and all that is known of it can be read: state,
 * value, words, result, cause.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static qs_cause cause_of(const qs_future *future)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_int_equal(qs_future_cause(future, &cause), 1);
	return cause;
}

static void await(qs_future *future)
{
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
}

/* ------------------------------------------------------------------------------------- the ends */

static void test_future_done_keeps_the_value(void **state)
{
	qs_pool *pool = pool_make(1);
	int value = 42;
	qs_future *future = task_submit(pool, body_return, &value);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	await(future);
	assert_int_equal(qs_future_value(future), 42);
	assert_int_equal(qs_future_is_ended(future), 1);
	assert_string_equal(qs_future_message(future), "");
	assert_string_equal(qs_future_name(future), "");
	assert_int_equal(qs_future_cause(future, &cause), 0);
	task_end(future, QS_DONE);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 1);
}

static void test_future_failed_says_its_code_in_words(void **state)
{
	qs_pool *pool = pool_make(1);
	int value = -ENOENT;
	qs_future *future = task_submit(pool, body_return, &value);

	(void)state;
	await(future);
	assert_int_equal(qs_future_value(future), -ENOENT);
	assert_string_equal(qs_future_message(future), qs_strerror(-ENOENT));
	task_end(future, QS_FAILED);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_FAILED], 1);
}

static void test_future_cancelled_code_without_an_ask_is_a_failure(void **state)
{
	qs_pool *pool = pool_make(1);
	int value = -ECANCELED;

	(void)state;
	task_end(task_submit(pool, body_return, &value), QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

static int fail_with_words(qs_task *task, void *arg)
{
	(void)qs_task_fail(task, -EIO, "first words");
	return qs_task_fail(task, -ENOENT, "%s: no such page", (const char *)arg);
}

static void test_future_failed_with_words_keeps_the_last_ones(void **state)
{
	qs_pool *pool = pool_make(1);
	char url[] = "http://nowhere";
	qs_future *future = task_submit(pool, fail_with_words, url);

	(void)state;
	await(future);
	assert_int_equal(qs_future_value(future), -ENOENT);
	assert_string_equal(qs_future_message(future), "http://nowhere: no such page");
	task_end(future, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

static int fail_wrongly(qs_task *task, void *arg)
{
	int *results = arg;

	results[0] = qs_task_fail(task, 0, "not negative");
	results[1] = qs_task_fail(NULL, -EIO, "no task");
	results[2] = qs_task_set_result(NULL, arg, NULL);
	qs_task_checkpoint(NULL, "nowhere");
	qs_task_checkpoint(task, NULL);
	return qs_task_stop(NULL) == NULL && strcmp(qs_task_name(NULL), "") == 0 ? 1 : -1;
}

static void test_future_task_calls_refuse_bad_arguments(void **state)
{
	qs_pool *pool = pool_make(1);
	int results[3] = { 0, 0, 0 };
	qs_future *future = task_submit(pool, fail_wrongly, results);

	(void)state;
	await(future);
	assert_int_equal(qs_future_value(future), 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(results[i], -EINVAL);
	assert_string_equal(qs_future_message(future), "");
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static int copy_name(qs_task *task, void *arg)
{
	memcpy(arg, qs_task_name(task), QS_NAME_SIZE);
	return 0;
}

static void test_future_name_is_copied_and_cut(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	char name[] = "a name that is longer than the thirty-one bytes that are kept";
	char seen[QS_NAME_SIZE] = "";
	qs_future *future;

	(void)state;
	options.name = name;
	future = task_submit_with(pool, copy_name, seen, &options);
	memset(name, '?', sizeof(name) - 1);
	await(future);
	assert_string_equal(qs_future_name(future), "a name that is longer than the ");
	assert_string_equal(seen, qs_future_name(future));
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_future_stopped_by_its_own_token(void **state)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_future *future = task_submit(pool, body_until_stop, &entered);

	(void)state;
	gate_await(&entered, 1);
	assert_int_equal(qs_future_state(future), QS_RUNNING);
	assert_int_equal(qs_future_stop(future, -EPIPE, "reader has gone"), 1);
	assert_int_equal(qs_future_stop(future, 0, "again"), 0);
	await(future);
	assert_int_equal(qs_future_value(future), -ECANCELED);
	assert_int_equal(cause_of(future).kind, QS_CAUSE_ASKED);
	assert_int_equal(cause_of(future).code, -EPIPE);
	assert_string_equal(qs_future_message(future), "reader has gone");
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(pool)), 0);
	assert_int_equal(qs_future_stop(future, 0, NULL), 0);
	task_end(future, QS_STOPPED);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_STOPPED], 1);
}

static void test_future_stop_of_a_pending_task_cancels_it(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_future *pending = task_submit(pool, body_return, NULL);

	(void)state;
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_future_stop(pending, -EPIPE, "nobody reads"), 1);
	assert_int_equal(cause_of(pending).kind, QS_CAUSE_ASKED);
	assert_int_equal(cause_of(pending).code, -EPIPE);
	assert_string_equal(cause_of(pending).text, "nobody reads");
	task_end(pending, QS_CANCELLED);
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static int ignore_stop(qs_task *task, void *arg)
{
	(void)body_until_stop(task, arg);
	return 7;
}

static void test_future_asked_body_that_succeeds_is_done(void **state)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_future *future = task_submit(pool, ignore_stop, &entered);

	(void)state;
	gate_await(&entered, 1);
	assert_int_equal(qs_future_stop(future, 0, NULL), 1);
	await(future);
	assert_int_equal(qs_future_value(future), 7);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ----------------------------------------------------------------------------------- cancelling */

static void *cancel(void *future)
{
	/* The waiter may wait already or not yet: it must learn it either way. */
	return (void *)(intptr_t)qs_future_cancel(future);
}

static void test_future_a3_cancel_of_the_only_pending_task_wakes_its_waiter(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_future *pending;
	pthread_t thread;
	void *result;

	(void)state;
	gate_await(&hold.entered, 1);
	pending = task_submit(pool, body_return, NULL);
	assert_int_equal(pthread_create(&thread, NULL, cancel, pending), 0);
	await(pending);
	(void)pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, 1);
	assert_int_equal(qs_future_value(pending), -ECANCELED);
	assert_string_equal(qs_future_message(pending), "cancelled");
	assert_int_equal(qs_future_cancel(pending), 0);
	task_end(pending, QS_CANCELLED);
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_future_cancel_of_a_running_or_ended_task_does_nothing(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	qs_future *held = task_submit(pool, body_hold, &hold);

	(void)state;
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_future_cancel(held), 0);
	gate_raise(&hold.leave);
	await(held);
	assert_int_equal(qs_future_cancel(held), 0);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

#define RACES 20000

static void test_future_a8_cancel_against_run_has_one_end(void **state)
{
	qs_pool *pool = pool_make(2);
	unsigned cancelled = 0;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_report report;

	(void)state;
	options.destroy = destroy_count;
	for (int i = 0; i < RACES; i++) {
		atomic_uint ran = 0;
		qs_future *future = NULL;
		int was_cancelled;

		assert_int_equal(qs_submit_by(&future, pool, body_count, &ran, &options, QS_NOW, NULL), 0);
		was_cancelled = qs_future_cancel(future);
		await(future);
		assert_int_equal(qs_future_state(future), was_cancelled ? QS_CANCELLED : QS_DONE);
		/* Once by the body if it ran, and once by the destructor, in either case. */
		assert_int_equal(atomic_load(&ran), was_cancelled ? 1 : 2);
		cancelled += (unsigned)was_cancelled;
		qs_future_release(future);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_CANCELLED], cancelled);
	assert_int_equal(report.ends[QS_DONE], RACES - cancelled);
}

/* Many threads cancel the same tasks. */
struct cancellers {
	qs_future **futures;
	size_t count;
	atomic_uint won;
};

static void *cancel_all(void *arg)
{
	struct cancellers *it = arg;

	for (size_t i = 0; i < it->count; i++)
		(void)atomic_fetch_add(&it->won, (unsigned)qs_future_cancel(it->futures[i]));
	return NULL;
}

static void test_future_a8_of_many_cancellers_one_succeeds(void **state)
{
	enum { TASKS = 2000, THREADS = 3 };
	static qs_future *futures[TASKS];
	struct cancellers it = { futures, TASKS, 0 };
	pthread_t threads[THREADS];
	qs_pool *pool = pool_make(1);
	qs_report report;

	(void)state;
	for (int i = 0; i < TASKS; i++)
		futures[i] = task_submit(pool, body_return, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, cancel_all, &it), 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	for (int i = 0; i < TASKS; i++) {
		await(futures[i]);
		qs_future_release(futures[i]);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_CANCELLED], it.won);
	assert_int_equal(report.submitted, TASKS);
}

/* ------------------------------------------------------------------- a second token, the pool's */

static void test_future_submitters_token_cancels_the_pending_and_stops_the_running(void **state)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *running;
	qs_future *pending;
	qs_future *other;

	(void)state;
	assert_int_equal(qs_stop_create(&options.stop, NULL), 0);
	running = task_submit_with(pool, body_until_stop, &entered, &options);
	gate_await(&entered, 1);
	pending = task_submit_with(pool, body_return, NULL, &options);
	other = task_submit(pool, body_return, NULL);
	assert_int_equal(qs_stop_ask(options.stop, -EPIPE, "enough"), 1);
	/* "Once the ask has returned": the pending one has ended already. */
	assert_int_equal(qs_future_state(pending), QS_CANCELLED);
	assert_int_equal(cause_of(pending).code, -EPIPE);
	await(running);
	assert_string_equal(cause_of(running).text, "enough");
	task_end(running, QS_STOPPED);
	task_end(pending, QS_CANCELLED);
	task_end(other, QS_DONE);
	assert_int_equal(qs_submit_by(NULL, pool, body_return, NULL, &options, QS_NOW, NULL), -ECANCELED);
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_future_cause_outlives_pool_and_tokens(void **state)
{
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_future *running = task_submit(pool, body_until_stop, &entered);
	qs_future *pending = task_submit(pool, body_return, NULL);

	(void)state;
	gate_await(&entered, 1);
	assert_int_equal(qs_stop_ask(qs_pool_stop(pool), -EIO, "the disk is full"), 1);
	(void)pool_end(pool, QS_DRAIN);
	assert_string_equal(cause_of(running).text, "the disk is full");
	assert_string_equal(qs_future_message(pending), "the disk is full");
	assert_int_equal(cause_of(pending).code, -EIO);
	task_end(running, QS_STOPPED);
	task_end(pending, QS_CANCELLED);
}

static int retain_token(qs_task *task, void *arg)
{
	*(qs_stop **)arg = qs_stop_retain(qs_task_stop(task));
	return 0;
}

static void test_future_retained_token_outlives_its_task(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_stop *token = NULL;

	(void)state;
	task_end(task_submit(pool, retain_token, &token), QS_DONE);
	assert_int_equal(qs_stop_is_asked(token), 0);
	assert_int_equal(qs_stop_ask(qs_pool_stop(pool), 0, NULL), 1);
	assert_int_equal(qs_stop_is_asked(token), 1);
	(void)pool_end(pool, QS_DRAIN);
	qs_stop_release(token);
}

/* -------------------------------------------------------------------------------------- results */

static atomic_uint result_one;
static atomic_uint result_two;

static int keep_two(qs_task *task, void *arg)
{
	(void)arg;
	(void)qs_task_set_result(task, &result_one, destroy_count);
	(void)qs_task_set_result(task, &result_two, destroy_count);
	return 0;
}

static void reset_results(void)
{
	atomic_store(&result_one, 0);
	atomic_store(&result_two, 0);
}

static void test_future_result_is_destroyed_once_if_nobody_takes_it(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	reset_results();
	future = task_submit(pool, keep_two, NULL);
	await(future);
	assert_int_equal(result_one, 1);	/* replaced by the second */
	assert_ptr_equal(qs_future_result(future), &result_two);
	assert_int_equal(result_two, 0);
	(void)pool_end(pool, QS_DRAIN);
	task_end(future, QS_DONE);
	assert_int_equal(result_one, 1);
	assert_int_equal(result_two, 1);
}

static void test_future_result_taken_is_the_takers(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	reset_results();
	future = task_submit(pool, keep_two, NULL);
	await(future);
	assert_ptr_equal(qs_future_take_result(future), &result_two);
	assert_null(qs_future_take_result(future));
	assert_null(qs_future_result(future));
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(result_two, 0);
}

static void test_future_result_of_a_running_task_is_not_seen(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	qs_future *held = task_submit(pool, body_hold, &hold);

	(void)state;
	gate_await(&hold.entered, 1);
	assert_null(qs_future_result(held));
	assert_null(qs_future_take_result(held));
	assert_int_equal(qs_future_value(held), -EBUSY);
	assert_string_equal(qs_future_message(held), "");
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static int keep_and_fail(qs_task *task, void *arg)
{
	(void)qs_task_set_result(task, arg, destroy_count);
	return -EIO;
}

static void test_future_result_of_a_failed_task_is_kept_too(void **state)
{
	qs_pool *pool = pool_make(1);
	atomic_uint result = 0;
	qs_future *future = task_submit(pool, keep_and_fail, &result);

	(void)state;
	await(future);
	assert_ptr_equal(qs_future_result(future), &result);
	task_end(future, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(result, 1);
}

static void test_future_argument_is_destroyed_once_whatever_the_end(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	atomic_uint ran = 0;
	atomic_uint cancelled = 0;
	atomic_uint swept = 0;
	qs_future *future;

	(void)state;
	options.destroy = destroy_count;
	task_end(task_submit_with(pool, body_count, &ran, &options), QS_DONE);
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	future = task_submit_with(pool, body_count, &cancelled, &options);
	assert_int_equal(qs_future_cancel(future), 1);
	assert_int_equal(cancelled, 1);	/* in this thread, before the call returned */
	task_end(future, QS_CANCELLED);
	qs_future_release(task_submit_with(pool, body_count, &swept, &options));
	assert_int_equal(qs_pool_shutdown(pool, QS_CANCEL), 0);
	assert_int_equal(swept, 1);
	gate_raise(&hold.leave);
	(void)pool_end(pool, QS_CANCEL);
	assert_int_equal(ran, 2);	/* the body and the destructor */
	assert_int_equal(cancelled, 1);
	assert_int_equal(swept, 1);
}

/* ------------------------------------------------------------------------------------- lifetime */

static void test_future_a25_released_while_pending_runs_all_the_same(void **state)
{
	qs_pool *pool = pool_make(1);
	struct hold hold = HOLD_INIT;
	atomic_uint runs = 0;

	(void)state;
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	qs_future_release(task_submit(pool, body_count, &runs));
	assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 3);
	assert_int_equal(runs, 2);
}

static void test_future_a25_outlives_its_pool(void **state)
{
	qs_pool *pool = pool_make(2);
	int value = 5;
	qs_future *future = task_submit(pool, body_return, &value);

	(void)state;
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(qs_wait(future, QS_NOW, NULL), 0);
	assert_int_equal(qs_future_value(future), 5);
	assert_int_equal(qs_future_cancel(future), 0);
	assert_int_equal(qs_future_stop(future, 0, NULL), 0);
	assert_ptr_equal(qs_future_retain(future), future);
	qs_future_release(future);
	qs_future_release(future);
}

static void test_future_null_is_refused_or_nothing(void **state)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_null(qs_future_retain(NULL));
	qs_future_release(NULL);
	assert_int_equal(qs_future_state(NULL), -EINVAL);
	assert_int_equal(qs_future_is_ended(NULL), -EINVAL);
	assert_int_equal(qs_future_value(NULL), -EINVAL);
	assert_string_equal(qs_future_message(NULL), "");
	assert_string_equal(qs_future_name(NULL), "");
	assert_null(qs_future_result(NULL));
	assert_null(qs_future_take_result(NULL));
	assert_int_equal(qs_future_cause(NULL, &cause), -EINVAL);
	assert_int_equal(qs_future_cancel(NULL), -EINVAL);
	assert_int_equal(qs_future_stop(NULL, 0, NULL), -EINVAL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_future_done_keeps_the_value),
		test(test_future_failed_says_its_code_in_words),
		test(test_future_cancelled_code_without_an_ask_is_a_failure),
		test(test_future_failed_with_words_keeps_the_last_ones),
		test(test_future_task_calls_refuse_bad_arguments),
		test(test_future_name_is_copied_and_cut),
		test(test_future_stopped_by_its_own_token),
		test(test_future_stop_of_a_pending_task_cancels_it),
		test(test_future_asked_body_that_succeeds_is_done),
		test(test_future_a3_cancel_of_the_only_pending_task_wakes_its_waiter),
		test(test_future_cancel_of_a_running_or_ended_task_does_nothing),
		test(test_future_a8_cancel_against_run_has_one_end),
		test(test_future_a8_of_many_cancellers_one_succeeds),
		test(test_future_submitters_token_cancels_the_pending_and_stops_the_running),
		test(test_future_cause_outlives_pool_and_tokens),
		test(test_future_retained_token_outlives_its_task),
		test(test_future_result_is_destroyed_once_if_nobody_takes_it),
		test(test_future_result_taken_is_the_takers),
		test(test_future_result_of_a_running_task_is_not_seen),
		test(test_future_result_of_a_failed_task_is_kept_too),
		test(test_future_argument_is_destroyed_once_whatever_the_end),
		test(test_future_a25_released_while_pending_runs_all_the_same),
		test(test_future_a25_outlives_its_pool),
		test(test_future_null_is_refused_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
