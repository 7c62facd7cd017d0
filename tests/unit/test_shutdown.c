/* SPDX-License-Identifier: MIT */
/*
 * test_shutdown.c - the way down begins: what becomes of tasks, who is told, and that
 * it may come from anywhere.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define NS_PER_MS INT64_C(1000000)
#define AT_ONCE_MS 10	/* A4's bound, on an idle machine */

/* A pool of one worker that is busy, with two tasks behind it. */
struct line {
	qs_pool *pool;
	struct hold hold;
	qs_future *futures[3];
};

static void line_begin(struct line *line, qs_task_fn *first)
{
	*line = (struct line){ .pool = pool_make(1), .hold = HOLD_INIT };
	line->futures[0] = task_submit(line->pool, first, first == body_hold ? (void *)&line->hold : &line->hold.entered);
	gate_await(&line->hold.entered, 1);
	for (int i = 1; i < 3; i++)
		line->futures[i] = task_submit(line->pool, body_return, NULL);
}

/* Ends the line, whose pool was shut down, and checks the three ends. */
static qs_report line_end(struct line *line, qs_state first, qs_state rest)
{
	qs_report report;

	gate_raise(&line->hold.leave);
	report = pool_end(line->pool, QS_DRAIN);
	task_end(line->futures[0], first);
	task_end(line->futures[1], rest);
	task_end(line->futures[2], rest);
	return report;
}

static void check_end(const qs_future *future, qs_cause_kind kind)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_int_equal(qs_future_cause(future, &cause), 1);
	assert_int_equal(cause.kind, kind);
	assert_string_not_equal(cause.text, "");
}

/* ------------------------------------------------------------------------------------ the modes */

static void test_shutdown_drain_runs_what_is_pending(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line, body_hold);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_DRAIN), 0);
	assert_int_equal(qs_submit(NULL, line.pool, body_return, NULL), -ESHUTDOWN);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(line.pool)), 0);
	(void)line_end(&line, QS_DONE, QS_DONE);
}

static int64_t cancel_line(void)
{
	struct line line;
	qs_as_completed *set;
	qs_future *future;
	qs_time begin;
	int64_t took;

	line_begin(&line, body_hold);
	assert_int_equal(qs_as_completed_create(&set, &line.futures[1], 2), 0);
	begin = qs_now();
	assert_int_equal(qs_pool_shutdown(line.pool, QS_CANCEL), 0);
	assert_int_equal(qs_wait_all(&line.futures[1], 2, patience(), NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(qs_as_completed_next(set, &future, patience(), NULL), 1);
	took = qs_now() - begin;
	assert_int_equal(qs_as_completed_next(set, &future, patience(), NULL), 0);
	qs_as_completed_destroy(set);
	check_end(line.futures[1], QS_CAUSE_SHUTDOWN);
	assert_int_equal(qs_future_state(line.futures[0]), QS_RUNNING);
	(void)line_end(&line, QS_DONE, QS_CANCELLED);
	return took;
}

static void test_shutdown_a4_cancel_tells_every_waiter_at_once(void **state)
{
	(void)state;
	assert_true(is_kept_within(AT_ONCE_MS * NS_PER_MS, cancel_line));
}

static void test_shutdown_stop_cancels_and_asks(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line, body_until_stop);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_STOP), 0);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(line.pool)), 1);
	assert_int_equal(qs_wait(line.futures[0], patience(), NULL), 0);
	check_end(line.futures[0], QS_CAUSE_SHUTDOWN);
	check_end(line.futures[2], QS_CAUSE_SHUTDOWN);
	(void)line_end(&line, QS_STOPPED, QS_CANCELLED);
}

static void test_shutdown_stronger_mode_later_wins_weaker_changes_nothing(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line, body_until_stop);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_DRAIN), 0);
	assert_int_equal(qs_future_state(line.futures[1]), QS_PENDING);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_CANCEL), 0);
	assert_int_equal(qs_future_state(line.futures[1]), QS_CANCELLED);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(line.pool)), 0);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_DRAIN), 0);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_STOP), 0);
	assert_int_equal(qs_stop_is_asked(qs_pool_stop(line.pool)), 1);
	assert_int_equal(qs_pool_shutdown(line.pool, QS_STOP), 0);
	(void)line_end(&line, QS_STOPPED, QS_CANCELLED);
}

static void test_shutdown_unknown_mode_is_refused(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	assert_int_equal(qs_pool_shutdown(pool, (qs_shutdown_mode)3), -EINVAL);
	assert_int_equal(qs_pool_shutdown(pool, (qs_shutdown_mode)-1), -EINVAL);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), 0);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_shutdown_unstarted_are_listed_after_the_join(void **state)
{
	struct line line;
	qs_future *first;
	qs_report report = QS_REPORT_INIT;

	(void)state;
	line_begin(&line, body_hold);
	assert_int_equal(qs_future_cancel(line.futures[1]), 1);	/* by its owner: not among them */
	assert_int_equal(qs_pool_shutdown(line.pool, QS_CANCEL), 0);
	assert_null(qs_pool_next_unstarted(line.pool, NULL));
	gate_raise(&line.hold.leave);
	assert_int_equal(qs_pool_join(line.pool, patience(), NULL, &report), 0);
	first = qs_pool_next_unstarted(line.pool, NULL);
	assert_ptr_equal(first, line.futures[2]);
	assert_null(qs_pool_next_unstarted(line.pool, first));
	assert_int_equal(report.ends[QS_CANCELLED], 2);
	(void)line_end(&line, QS_DONE, QS_CANCELLED);
}

static void test_shutdown_unstarted_by_a_stop_are_listed_once_and_kept(void **state)
{
	enum { TASKS = 50 };
	qs_pool *pool = pool_make(1);
	struct gate entered = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = NULL;
	bool is_listed[TASKS] = { false };
	char name[2] = "a";
	int seen = 0;

	(void)state;
	assert_int_equal(qs_submit(NULL, pool, body_until_stop, &entered), 0);
	gate_await(&entered, 1);
	options.name = name;
	for (int i = 0; i < TASKS; i++) {
		name[0] = (char)('0' + i);
		assert_int_equal(qs_submit_by(NULL, pool, body_return, NULL, &options, QS_NOW, NULL), 0);
	}
	assert_int_equal(qs_stop_ask(qs_pool_stop(pool), 0, NULL), 1);
	assert_int_equal(qs_pool_join(pool, patience(), NULL, NULL), 0);
	while ((future = qs_pool_next_unstarted(pool, future)) != NULL) {
		const int which = qs_future_name(future)[0] - '0';

		assert_int_equal(qs_future_state(future), QS_CANCELLED);
		assert_in_range(which, 0, TASKS - 1);
		assert_false(is_listed[which]);
		is_listed[which] = true;
		seen++;
	}
	assert_int_equal(seen, TASKS);
	(void)pool_end(pool, QS_DRAIN);
}

/* -------------------------------------------------------------------------- from anywhere (A23) */

static int shut_down_inside(qs_task *task, void *arg)
{
	qs_pool *pool = arg;
	int result = qs_pool_shutdown(pool, QS_STOP);

	if (result == 0 && qs_pool_shutdown(pool, QS_STOP) != 0)
		result = -EIO;
	if (result == 0 && qs_stop_is_asked(qs_task_stop(task)) != 1)
		result = -EIO;
	return result;
}

static void test_shutdown_a23_from_a_task_of_its_own(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, shut_down_inside, pool), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void shut_down_callback(void *pool)
{
	(void)qs_pool_shutdown(pool, QS_STOP);
}

static void test_shutdown_a23_from_a_callback_of_its_own_stop(void **state)
{
	struct line line;
	qs_stop_callback *callback;

	(void)state;
	line_begin(&line, body_until_stop);
	assert_int_equal(qs_stop_callback_add(&callback, qs_pool_stop(line.pool), shut_down_callback, line.pool), 0);
	assert_int_equal(qs_stop_ask(qs_pool_stop(line.pool), 0, NULL), 1);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	(void)line_end(&line, QS_STOPPED, QS_CANCELLED);
}

static void *shut_down_thread(void *pool)
{
	for (int mode = QS_DRAIN; mode <= QS_STOP; mode++)
		(void)qs_pool_shutdown(pool, (qs_shutdown_mode)mode);
	return NULL;
}

static void test_shutdown_a23_from_several_threads_at_once(void **state)
{
	enum { THREADS = 4 };

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct line line;
		pthread_t threads[THREADS];

		line_begin(&line, body_until_stop);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, shut_down_thread, line.pool), 0);
		for (int i = 0; i < THREADS; i++)
			(void)pthread_join(threads[i], NULL);
		(void)line_end(&line, QS_STOPPED, QS_CANCELLED);
	}
}

static qs_pool *pool_at_exit;

static void shut_down_at_exit(void)
{
	qs_report report = QS_REPORT_INIT;

	CHILD_CHECK(qs_pool_shutdown(pool_at_exit, QS_STOP) == 0);
	CHILD_CHECK(qs_pool_join(pool_at_exit, patience(), NULL, &report) == 0);
	CHILD_CHECK(report.ends[QS_STOPPED] == 1);
	CHILD_CHECK(qs_pool_destroy(pool_at_exit) == 0);
	_exit(5);
}

static int exit_with_a_pool(void *arg)
{
	static struct gate entered = GATE_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	(void)arg;
	options.workers = 1;
	CHILD_CHECK(qs_pool_create(&pool_at_exit, &options) == 0);
	CHILD_CHECK(qs_submit(NULL, pool_at_exit, body_until_stop, &entered) == 0);
	gate_await(&entered, 1);
	CHILD_CHECK(atexit(shut_down_at_exit) == 0);
	exit(0);
}

static void test_shutdown_a23_in_an_exit_function(void **state)
{
	const int status = child_run(exit_with_a_pool, NULL);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

/* ------------------------------------------------------------------------ against submits (A24) */

#define PRODUCERS 4
#ifdef __SANITIZE_THREAD__
#define TASKS_EACH 10000
#else
#define TASKS_EACH 100000
#endif

struct producer {
	qs_pool *pool;
	struct gate *half;
	atomic_uint *runs;
	unsigned accepted;
	unsigned refused;
	unsigned wrong;
};

static void *produce(void *arg)
{
	struct producer *it = arg;

	for (int i = 0; i < TASKS_EACH; i++) {
		const int error = qs_submit(NULL, it->pool, body_count, it->runs);

		it->accepted += error == 0;
		it->refused += error == -ESHUTDOWN || error == -ECANCELED;
		it->wrong += error != 0 && error != -ESHUTDOWN && error != -ECANCELED;
		if (i == TASKS_EACH / 2)
			gate_raise(it->half);
	}
	return NULL;
}

static void test_shutdown_a24_against_submits_loses_nothing(void **state)
{
	(void)state;
	for (int mode = QS_DRAIN; mode <= QS_STOP; mode++) {
		struct gate half = GATE_INIT;
		atomic_uint runs = 0;
		struct producer producers[PRODUCERS];
		pthread_t threads[PRODUCERS];
		qs_pool *pool = pool_make(2);
		qs_report report;
		unsigned accepted = 0;

		for (int i = 0; i < PRODUCERS; i++) {
			producers[i] = (struct producer){ pool, &half, &runs, 0, 0, 0 };
			assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
		}
		gate_await(&half, 1);
		assert_int_equal(qs_pool_shutdown(pool, (qs_shutdown_mode)mode), 0);
		for (int i = 0; i < PRODUCERS; i++) {
			(void)pthread_join(threads[i], NULL);
			assert_int_equal(producers[i].wrong, 0);
			assert_int_equal(producers[i].accepted + producers[i].refused, TASKS_EACH);
			accepted += producers[i].accepted;
		}
		report = pool_end(pool, QS_DRAIN);
		assert_int_equal(report.submitted, accepted);
		assert_int_equal(report.ends[QS_DONE], runs);
		if (mode == QS_DRAIN)
			assert_int_equal(runs, accepted);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_shutdown_drain_runs_what_is_pending),
		test(test_shutdown_a4_cancel_tells_every_waiter_at_once),
		test(test_shutdown_stop_cancels_and_asks),
		test(test_shutdown_stronger_mode_later_wins_weaker_changes_nothing),
		test(test_shutdown_unknown_mode_is_refused),
		test(test_shutdown_unstarted_are_listed_after_the_join),
		test(test_shutdown_unstarted_by_a_stop_are_listed_once_and_kept),
		test(test_shutdown_a23_from_a_task_of_its_own),
		test(test_shutdown_a23_from_a_callback_of_its_own_stop),
		test(test_shutdown_a23_from_several_threads_at_once),
		test(test_shutdown_a23_in_an_exit_function),
		test(test_shutdown_a24_against_submits_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
