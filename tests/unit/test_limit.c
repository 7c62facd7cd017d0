/* SPDX-License-Identifier: MIT */
/*
 * test_limit.c - a task's own time: begin_by and run_ns.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_HOUR (INT64_C(3600) * 1000 * NS_PER_MS)

/* A pool whose worker is busy. */
struct busy {
	qs_pool *pool;
	struct hold hold;
	qs_future *held;
};

static void busy_begin(struct busy *busy)
{
	*busy = (struct busy){ .pool = pool_make(1), .hold = HOLD_INIT };
	busy->held = task_submit(busy->pool, body_hold, &busy->hold);
	gate_await(&busy->hold.entered, 1);
}

static qs_report busy_end(struct busy *busy)
{
	gate_raise(&busy->hold.leave);
	task_end(busy->held, QS_DONE);
	return pool_end(busy->pool, QS_DRAIN);
}

static void check_cause(const qs_future *future, qs_cause_kind kind)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_int_equal(qs_future_cause(future, &cause), 1);
	assert_int_equal(cause.kind, kind);
	assert_string_not_equal(cause.text, "");
	assert_string_equal(qs_future_message(future), cause.text);
}

static qs_future *submit_limited(qs_pool *pool, qs_task_fn *fn, void *arg, qs_time begin_by, int64_t run_ns)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.begin_by = begin_by;
	options.run_ns = run_ns;
	return task_submit_with(pool, fn, arg, &options);
}

/* ------------------------------------------------------------------------------------- begin_by */

/* What a task's argument has seen. */
struct seen {
	atomic_uint runs;
	atomic_uint destroyed;
};

static int body_run(qs_task *task, void *arg)
{
	(void)task;
	(void)atomic_fetch_add(&((struct seen *)arg)->runs, 1);
	return 0;
}

static void destroy_seen(void *arg)
{
	(void)atomic_fetch_add(&((struct seen *)arg)->destroyed, 1);
}

static void check_never_begins(qs_time begin_by)
{
	struct busy busy;
	struct seen seen = { 0, 0 };
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future;
	qs_report report;

	busy_begin(&busy);
	options.begin_by = begin_by;
	options.destroy = destroy_seen;
	future = task_submit_with(busy.pool, body_run, &seen, &options);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_true(qs_now() >= begin_by);
	assert_int_equal(qs_future_state(future), QS_TIMED_OUT);
	assert_int_equal(qs_future_value(future), -ETIMEDOUT);
	check_cause(future, QS_CAUSE_DEADLINE);
	report = busy_end(&busy);	/* its argument's destructor, too, is over */
	assert_int_equal(report.submitted, 2);
	assert_int_equal(report.ends[QS_TIMED_OUT], 1);
	assert_int_equal(seen.runs, 0);
	assert_int_equal(seen.destroyed, 1);
	qs_future_release(future);
}

static void test_limit_begin_by_passes_while_it_is_pending(void **state)
{
	(void)state;
	check_never_begins(qs_after_ms(5));
}

static void test_limit_a18_begin_by_that_has_passed_at_submit(void **state)
{
	static const qs_time passed[] = { INT64_MIN, -1, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		check_never_begins(passed[i]);
}

/* The worker is faster than the attendant, again and again: a point that has passed has passed. */
static void test_limit_begin_by_that_has_passed_beats_an_idle_worker(void **state)
{
	struct seen seen = { 0, 0 };
	qs_pool *pool = pool_make(2);

	(void)state;
	for (int i = 0; i < 2000; i++)
		task_end(submit_limited(pool, body_run, &seen, 1, 0), QS_TIMED_OUT);
	assert_int_equal(seen.runs, 0);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_TIMED_OUT], 2000);
}

static void hold_attendant(void *arg)
{
	(void)body_hold(NULL, arg);
}

/* Nobody but the worker looks at the clock, for the attendant is kept by somebody's callback. */
static void test_limit_begin_by_is_heeded_without_the_attendant(void **state)
{
	struct busy busy;
	struct hold hold = HOLD_INIT;
	struct seen seen = { 0, 0 };
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop_callback *callback;
	qs_stop *stop;
	qs_future *future;
	qs_time begin_by;

	(void)state;
	busy_begin(&busy);
	options.flags = QS_STOP_FROM_HANDLER;
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(qs_stop_callback_add(&callback, stop, hold_attendant, &hold), 0);
	assert_int_equal(qs_stop_ask_from_handler(stop, SIGTERM), 1);
	gate_await(&hold.entered, 1);
	begin_by = qs_after_ms(2);
	future = submit_limited(busy.pool, body_run, &seen, begin_by, 0);
	assert_int_equal(qs_sleep(begin_by, NULL), 0);
	gate_raise(&busy.hold.leave);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	gate_raise(&hold.leave);
	check_cause(future, QS_CAUSE_DEADLINE);
	task_end(future, QS_TIMED_OUT);
	assert_int_equal(seen.runs, 0);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	qs_stop_release(stop);
	(void)busy_end(&busy);
}

static void test_limit_begin_by_far_away_does_not_disturb(void **state)
{
	static const qs_time far[] = { NS_PER_HOUR, QS_NEVER - 1, QS_NEVER };
	qs_pool *pool = pool_make(1);
	int value = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		qs_future *future = submit_limited(pool, body_return, &value, far[i] == NS_PER_HOUR ? qs_after_s(3600) : far[i], 0);
		qs_cause cause = QS_CAUSE_INIT;

		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		assert_int_equal(qs_future_value(future), 42);
		assert_int_equal(qs_future_cause(future, &cause), 0);
		task_end(future, QS_DONE);
	}
	(void)pool_end(pool, QS_DRAIN);
}

/* It has begun: what comes of it is none of that deadline's business. */
static int body_outlast(qs_task *task, void *arg)
{
	const qs_time begin_by = *(qs_time *)arg;

	(void)qs_sleep(begin_by + 5 * NS_PER_MS, qs_task_stop(task));
	return qs_stop_is_asked(qs_task_stop(task));
}

static void test_limit_begin_by_says_nothing_to_a_body_that_runs(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_time begin_by;
	qs_future *future;

	(void)state;
	do {
		begin_by = qs_after_ms(20);
		future = submit_limited(pool, body_outlast, &begin_by, begin_by, 0);
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		/* On a machine that is so busy it had no chance. */
	} while (qs_future_state(future) == QS_TIMED_OUT && (qs_future_release(future), true));
	assert_int_equal(qs_future_value(future), 0);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* The deadline and the worker meet. */
static void test_limit_a8_begin_by_races_the_claim(void **state)
{
	enum { ROUNDS = 3000 };
	qs_pool *pool = pool_make(2);
	unsigned ends[QS_STATES] = { 0 };
	qs_report report;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct seen seen = { 0, 0 };
		qs_task_options options = QS_TASK_OPTIONS_INIT;
		qs_future *future;
		int ended;

		options.begin_by = qs_after_ns(i % 100 * 1000);
		options.run_ns = i % 3 == 0 ? NS_PER_HOUR : 0;
		options.destroy = destroy_seen;
		future = task_submit_with(pool, body_run, &seen, &options);
		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		ended = qs_future_state(future);
		assert_true(ended == QS_DONE || ended == QS_TIMED_OUT);
		assert_int_equal(seen.runs, ended == QS_DONE ? 1 : 0);
		ends[ended]++;
		while (atomic_load(&seen.destroyed) == 0)
			(void)qs_sleep(qs_after_ns(1000), NULL);
		assert_int_equal(seen.destroyed, 1);
		qs_future_release(future);
	}
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.submitted, ROUNDS);
	assert_int_equal(report.ends[QS_DONE], ends[QS_DONE]);
	assert_int_equal(report.ends[QS_TIMED_OUT], ends[QS_TIMED_OUT]);
}

/* Nobody has asked for a stop: it is the time that is over, for the task and for the room. */
static void test_limit_begin_by_passes_while_submit_waits_for_room(void **state)
{
	struct hold hold = HOLD_INIT;
	struct seen seen = { 0, 0 };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_task_options limits = QS_TASK_OPTIONS_INIT;
	qs_future *held;
	qs_future *future = NULL;
	qs_pool *pool;

	(void)state;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	held = task_submit(pool, body_hold, &hold);
	gate_await(&hold.entered, 1);
	qs_future_release(task_submit(pool, body_return, NULL));
	limits.begin_by = qs_after_ms(3);
	limits.destroy = destroy_seen;
	assert_int_equal(qs_submit_by(&future, pool, body_run, &seen, &limits, patience(), NULL), -ETIMEDOUT);
	assert_true(qs_now() >= limits.begin_by);
	assert_null(future);
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	assert_int_equal(pool_end(pool, QS_DRAIN).submitted, 2);
	assert_int_equal(seen.runs, 0);
	assert_int_equal(seen.destroyed, 0);
}

/* --------------------------------------------------------------------------------------- run_ns */

static void test_limit_run_ns_asks_the_body(void **state)
{
	struct gate entered = GATE_INIT;
	qs_pool *pool = pool_make(1);
	const qs_time before = qs_now();
	qs_future *future = submit_limited(pool, body_until_stop, &entered, 0, 5 * NS_PER_MS);

	(void)state;
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_true(qs_now() - before >= 5 * NS_PER_MS);
	assert_int_equal(qs_future_value(future), -ETIMEDOUT);
	check_cause(future, QS_CAUSE_DEADLINE);
	task_end(future, QS_TIMED_OUT);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_TIMED_OUT], 1);
}

/* The time that it waits is not counted. */
static void test_limit_run_ns_begins_with_the_body(void **state)
{
	struct busy busy;
	int value = 7;
	qs_future *future;

	(void)state;
	busy_begin(&busy);
	future = submit_limited(busy.pool, body_return, &value, 0, NS_PER_HOUR);
	assert_int_equal(qs_wait(future, qs_after_ms(2), NULL), -ETIMEDOUT);
	gate_raise(&busy.hold.leave);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), 7);
	task_end(future, QS_DONE);
	(void)busy_end(&busy);
}

/* A body that was asked, and what it makes of that. */
struct answer {
	int value;
};

static int body_answer(qs_task *task, void *arg)
{
	if (qs_sleep(patience(), qs_task_stop(task)) != -ECANCELED)
		return -EPROTO;
	return ((struct answer *)arg)->value;
}

static void test_limit_run_ns_does_not_judge_what_the_body_returns_all_the_same(void **state)
{
	static const struct {
		int value;
		qs_state state;
	} rows[] = { { 0, QS_DONE }, { 12, QS_DONE }, { -EIO, QS_FAILED }, { -ETIMEDOUT, QS_FAILED } };
	qs_pool *pool = pool_make(1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = { rows[i].value };
		qs_cause cause = QS_CAUSE_INIT;
		qs_future *future = submit_limited(pool, body_answer, &answer, 0, NS_PER_MS);

		assert_int_equal(qs_wait(future, patience(), NULL), 0);
		assert_int_equal(qs_future_value(future), rows[i].value);
		assert_int_equal(qs_future_cause(future, &cause), 0);
		task_end(future, rows[i].state);
	}
	(void)pool_end(pool, QS_DRAIN);
}

static void test_limit_run_ns_of_almost_nothing(void **state)
{
	qs_pool *pool = pool_make(1);
	struct answer answer = { -ECANCELED };

	(void)state;
	for (int i = 0; i < 500; i++)
		task_end(submit_limited(pool, body_answer, &answer, 0, 1), QS_TIMED_OUT);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_limit_run_ns_of_a_body_that_says_so_unasked(void **state)
{
	qs_pool *pool = pool_make(1);
	int value = -ECANCELED;
	qs_future *future = submit_limited(pool, body_return, &value, 0, NS_PER_HOUR);

	(void)state;
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), -ECANCELED);
	task_end(future, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_limit_both_together(void **state)
{
	struct busy busy;
	struct gate entered = GATE_INIT;
	struct seen seen = { 0, 0 };
	qs_future *late;
	qs_future *long_one;
	qs_cause causes[2] = { QS_CAUSE_INIT, QS_CAUSE_INIT };

	(void)state;
	busy_begin(&busy);
	late = submit_limited(busy.pool, body_run, &seen, qs_after_ms(2), NS_PER_MS);
	assert_int_equal(qs_wait(late, patience(), NULL), 0);
	long_one = submit_limited(busy.pool, body_until_stop, &entered, qs_after_s(3600), 2 * NS_PER_MS);
	gate_raise(&busy.hold.leave);
	assert_int_equal(qs_wait(long_one, patience(), NULL), 0);
	assert_int_equal(qs_future_cause(late, &causes[0]), 1);
	assert_int_equal(qs_future_cause(long_one, &causes[1]), 1);
	assert_string_not_equal(causes[0].text, causes[1].text);
	assert_int_equal(seen.runs, 0);
	task_end(late, QS_TIMED_OUT);
	task_end(long_one, QS_TIMED_OUT);
	(void)busy_end(&busy);
}

/* ------------------------------------------------------------------------ besides other reasons */

static qs_stop *stop_make(void)
{
	qs_stop *stop = NULL;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	return stop;
}

static void test_limit_users_stop_cancels_what_is_pending(void **state)
{
	struct busy busy;
	struct seen seen = { 0, 0 };
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future;

	(void)state;
	busy_begin(&busy);
	options.stop = stop_make();
	options.begin_by = qs_after_s(3600);
	options.run_ns = NS_PER_HOUR;
	options.destroy = destroy_seen;
	future = task_submit_with(busy.pool, body_run, &seen, &options);
	assert_int_equal(qs_stop_ask(options.stop, 0, "no more"), 1);
	assert_int_equal(qs_future_value(future), -ECANCELED);
	assert_int_equal(seen.destroyed, 1);
	assert_string_equal(qs_future_message(future), "no more");
	check_cause(future, QS_CAUSE_ASKED);
	task_end(future, QS_CANCELLED);
	qs_stop_release(options.stop);
	(void)busy_end(&busy);
}

static void test_limit_users_stop_stops_what_runs(void **state)
{
	struct gate entered = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	options.stop = stop_make();
	options.begin_by = qs_after_s(3600);
	options.run_ns = NS_PER_HOUR;
	future = task_submit_with(pool, body_until_stop, &entered, &options);
	gate_await(&entered, 1);
	assert_int_equal(qs_stop_ask(options.stop, 0, "no more"), 1);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_string_equal(qs_future_message(future), "no more");
	task_end(future, QS_STOPPED);
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_limit_asks_nobody_but_its_task(void **state)
{
	struct gate entered = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);

	(void)state;
	options.stop = stop_make();
	options.run_ns = NS_PER_MS;
	task_end(task_submit_with(pool, body_until_stop, &entered, &options), QS_TIMED_OUT);
	assert_int_equal(qs_stop_is_asked(options.stop), 0);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(pool)), 0);
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

/* A deadline of the submitter's token is not the task's own. */
static void test_limit_deadline_of_the_users_stop_is_a_stop(void **state)
{
	struct gate entered = GATE_INIT;
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	deadline.deadline = qs_after_ms(20);
	assert_int_equal(qs_stop_create(&options.stop, &deadline), 0);
	options.run_ns = NS_PER_HOUR;
	future = task_submit_with(pool, body_until_stop, &entered, &options);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	check_cause(future, QS_CAUSE_DEADLINE);
	/* Cancelled, should it not have begun so soon. */
	assert_int_equal(qs_future_value(future), -ECANCELED);
	assert_true(qs_future_state(future) == QS_STOPPED || qs_future_state(future) == QS_CANCELLED);
	qs_future_release(future);
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_limit_cancel_and_stop_of_one_future(void **state)
{
	struct busy busy;
	struct seen seen = { 0, 0 };
	qs_future *cancelled;
	qs_future *stopped;

	(void)state;
	busy_begin(&busy);
	cancelled = submit_limited(busy.pool, body_run, &seen, qs_after_s(3600), NS_PER_HOUR);
	stopped = submit_limited(busy.pool, body_run, &seen, qs_after_s(3600), NS_PER_HOUR);
	assert_int_equal(qs_future_cancel(cancelled), 1);
	assert_int_equal(qs_future_stop(stopped, -EIO, "one of them"), 1);
	check_cause(cancelled, QS_CAUSE_CANCELLED);
	check_cause(stopped, QS_CAUSE_ASKED);
	task_end(cancelled, QS_CANCELLED);
	task_end(stopped, QS_CANCELLED);
	assert_int_equal(seen.runs, 0);
	(void)busy_end(&busy);
}

static void test_limit_join_abandons_a_body_that_heeds_no_limit(void **state)
{
	static struct busy busy;
	static struct hold hold;
	qs_future *future;
	qs_straggler straggler = QS_STRAGGLER_INIT;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	busy = (struct busy){ .pool = pool_make(1) };
	future = submit_limited(busy.pool, body_hold, &hold, 0, NS_PER_MS);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(busy.pool, qs_after_ms(20), NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_pool_straggler(busy.pool, 0, &straggler), 0);
	assert_true(straggler.asked_ns > 10 * NS_PER_MS);	/* by the limit, long before */
	check_cause(future, QS_CAUSE_OVERSTAYED);
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(busy.pool), 0);
	gate_raise(&hold.leave);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_limit_begin_by_passes_while_it_is_pending),
		test(test_limit_a18_begin_by_that_has_passed_at_submit),
		test(test_limit_begin_by_that_has_passed_beats_an_idle_worker),
		test(test_limit_begin_by_is_heeded_without_the_attendant),
		test(test_limit_begin_by_far_away_does_not_disturb),
		test(test_limit_begin_by_says_nothing_to_a_body_that_runs),
		test(test_limit_a8_begin_by_races_the_claim),
		test(test_limit_begin_by_passes_while_submit_waits_for_room),
		test(test_limit_run_ns_asks_the_body),
		test(test_limit_run_ns_begins_with_the_body),
		test(test_limit_run_ns_does_not_judge_what_the_body_returns_all_the_same),
		test(test_limit_run_ns_of_almost_nothing),
		test(test_limit_run_ns_of_a_body_that_says_so_unasked),
		test(test_limit_both_together),
		test(test_limit_users_stop_cancels_what_is_pending),
		test(test_limit_users_stop_stops_what_runs),
		test(test_limit_asks_nobody_but_its_task),
		test(test_limit_deadline_of_the_users_stop_is_a_stop),
		test(test_limit_cancel_and_stop_of_one_future),
		test(test_limit_join_abandons_a_body_that_heeds_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
