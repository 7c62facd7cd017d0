/* SPDX-License-Identifier: MIT */
/*
 * test_join.c - the way down ends: in time, with a report, and without touching what is gone (A26).
 *
 * ctest: serial
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
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
#define LATE_MS 20	/* the promise, on an idle machine */

/* A pool with a task that does not heed its stop.  Static: its thread outlives the pool. */
static struct hold stuck = HOLD_INIT;
static atomic_uint stuck_results;
static atomic_uint stuck_arguments;

static int be_stuck(qs_task *task, void *arg)
{
	(void)arg;
	qs_task_checkpoint(task, "before the lake");
	(void)qs_task_set_result(task, &stuck_results, destroy_count);
	qs_task_checkpoint(task, "on the frozen lake");
	gate_raise(&stuck.entered);
	gate_await(&stuck.leave, 1);
	/* It goes on as if nothing had happened; nobody wants its words or its result any more. */
	(void)qs_task_fail(task, -EIO, "too %s", "late");
	(void)qs_task_set_result(task, &stuck_results, destroy_count);
	return qs_stop_is_asked(qs_task_stop(task)) == 1 ? -ECANCELED : 0;
}

static qs_future *stuck_begin(qs_pool *pool)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future;

	gate_reset(&stuck.entered);
	gate_reset(&stuck.leave);
	atomic_store(&stuck_results, 0);
	atomic_store(&stuck_arguments, 0);
	options.name = "skater";
	options.destroy = destroy_count;
	future = task_submit_with(pool, be_stuck, &stuck_arguments, &options);
	gate_await(&stuck.entered, 1);
	return future;
}

static bool is_argument_destroyed(void *arg)
{
	(void)arg;
	return atomic_load(&stuck_arguments) != 0;
}

/* Lets the straggler go; that its thread ends is checked after each test. */
static void stuck_end(void)
{
	gate_raise(&stuck.leave);
	assert_true(eventually(is_argument_destroyed, NULL));
	assert_int_equal(stuck_arguments, 1);
}

/* -------------------------------------------------------------------------------------- in time */

/* How late a join is that gives up. */
static int64_t join_stuck(void)
{
	qs_pool *pool = pool_make(2);
	qs_future *future = stuck_begin(pool);
	const qs_time deadline = qs_after_ms(30);
	qs_report report = QS_REPORT_INIT;
	int64_t late;

	assert_int_equal(qs_pool_shutdown(pool, QS_STOP), 0);
	assert_int_equal(qs_pool_join(pool, deadline, NULL, &report), -ETIMEDOUT);
	late = qs_now() - deadline;
	assert_true(late >= 0);
	report_check(&report);
	assert_int_equal(report.ends[QS_ABANDONED], 1);
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
	return late;
}

static void test_join_a26_never_before_its_deadline_and_hardly_after_it(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(is_kept_within(LATE_MS * NS_PER_MS, join_stuck));
}

static int64_t join_without_time(void)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = stuck_begin(pool);
	const qs_time begin = qs_now();
	int64_t took;

	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	took = qs_now() - begin;
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
	return took;
}

static void test_join_a26_without_time_abandons_at_once(void **state)
{
	(void)state;
	assert_true(is_kept_within(LATE_MS * NS_PER_MS, join_without_time));
}

static void test_join_hard_token_ends_the_wait(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = stuck_begin(pool);
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *hard;

	(void)state;
	options.deadline = qs_after_ms(10);
	assert_int_equal(qs_stop_create(&hard, &options), 0);
	assert_int_equal(qs_pool_join(pool, QS_NEVER, hard, NULL), -ECANCELED);
	assert_true(qs_now() >= options.deadline);
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
	qs_stop_release(hard);
}

static void test_join_of_a_pool_that_is_over_does_not_mind_the_time(void **state)
{
	qs_pool *pool = pool_make(2);
	qs_future *future = task_submit(pool, body_return, NULL);

	(void)state;
	assert_int_equal(qs_pool_join(pool, patience(), NULL, NULL), 0);
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, NULL), 0);
	task_end(future, QS_DONE);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

/* ----------------------------------------------------------------------------------- the report */

static void test_join_a26_straggler_is_named(void **state)
{
	qs_pool *pool = pool_make(3);
	const qs_time before = qs_now();
	qs_future *future = stuck_begin(pool);
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	int64_t age;

	(void)state;
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), -EBUSY);
	assert_int_equal(qs_pool_shutdown(pool, QS_STOP), 0);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(20), NULL, &report), -ETIMEDOUT);
	age = qs_now() - before;
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), 0);
	assert_string_equal(straggler.task, "skater");
	assert_string_equal(straggler.checkpoint, "on the frozen lake");
	assert_true(straggler.thread > 0);
	assert_in_range(straggler.age_ns, 20 * NS_PER_MS, age);
	assert_in_range(straggler.asked_ns, 20 * NS_PER_MS - 1, straggler.age_ns);
	assert_int_equal(qs_pool_straggler(pool, 1, &straggler), -EINVAL);
	assert_int_equal(qs_pool_straggler(pool, 0, NULL), -EINVAL);
	straggler.size = 1;
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), -EINVAL);
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
}

static void test_join_a26_late_return_touches_nothing_that_is_gone(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = stuck_begin(pool);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_pool_destroy(pool), 0);
	assert_int_equal(qs_future_cause(future, &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_OVERSTAYED);
	assert_int_equal(qs_future_value(future), -ETIMEDOUT);
	assert_ptr_equal(qs_future_result(future), &stuck_results);
	assert_int_equal(stuck_arguments, 0);	/* borrowed until the body has ended */
	stuck_end();
	assert_int_equal(qs_future_state(future), QS_ABANDONED);
	assert_int_equal(qs_future_value(future), -ETIMEDOUT);
	assert_string_equal(qs_future_message(future), cause.text);
	assert_int_equal(stuck_results, 1);	/* the late one */
	task_end(future, QS_ABANDONED);
	assert_int_equal(stuck_results, 2);
}

static void test_join_a26_future_may_go_before_the_straggler(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	qs_future_release(stuck_begin(pool));
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
}

static void test_join_early_cancels_what_is_pending(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *running = stuck_begin(pool);
	qs_future *pending = task_submit(pool, body_return, NULL);
	qs_report report = QS_REPORT_INIT;
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_int_equal(qs_pool_join(pool, qs_after_ms(2), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.ends[QS_CANCELLED], 1);
	assert_ptr_equal(qs_pool_next_unstarted(pool, NULL), pending);
	assert_int_equal(qs_future_cause(pending, &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_OVERSTAYED);
	task_end(pending, QS_CANCELLED);
	task_end(running, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	stuck_end();
}

/* An argument's destructor that does not return is a straggler like a body. */
static void destroy_slowly(void *arg)
{
	(void)body_hold(NULL, arg);
}

static int do_nothing(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

static void test_join_destructor_that_overstays_is_left_behind_too(void **state)
{
	static struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_future *future;

	(void)state;
	options.destroy = destroy_slowly;
	options.name = "heavy";
	future = task_submit_with(pool, do_nothing, &hold, &options);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), 0);
	assert_string_equal(straggler.task, "heavy");
	/* The body had returned: what came of it is told. */
	task_end(future, QS_DONE);
	gate_raise(&hold.leave);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

/* --------------------------------------------------------------------------- again, and wrongly */

static void test_join_second_one_says_the_same(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_future *future = stuck_begin(pool);
	qs_report first = QS_REPORT_INIT;
	qs_report second = QS_REPORT_INIT;

	(void)state;
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, &first), -ETIMEDOUT);
	stuck_end();
	assert_int_equal(qs_pool_join(pool, patience(), NULL, &second), -ETIMEDOUT);
	assert_memory_equal(&first, &second, sizeof(first));
	task_end(future, QS_ABANDONED);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

static void *join_it(void *pool)
{
	return (void *)(intptr_t)qs_pool_join(pool, patience(), NULL, NULL);
}

static void test_join_several_at_once_agree(void **state)
{
	enum { THREADS = 4 };
	qs_pool *pool = pool_make(2);
	struct hold hold = HOLD_INIT;
	pthread_t threads[THREADS];

	(void)state;
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, join_it, pool), 0);
	gate_raise(&hold.leave);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		(void)pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, 0);
	}
	assert_int_equal(qs_pool_destroy(pool), 0);
}

static int join_inside(qs_task *task, void *pool)
{
	(void)task;
	return qs_pool_join(pool, QS_NEVER, NULL, NULL) == -EDEADLK && qs_pool_destroy(pool) == -EDEADLK ? 0 : -EIO;
}

static void test_join_from_its_own_task_would_deadlock(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, join_inside, pool), QS_DONE);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), 0);	/* refused whole: not even shut down */
	(void)pool_end(pool, QS_DRAIN);
}

static int end_other_pool(qs_task *task, void *pool)
{
	(void)task;
	return qs_pool_join(pool, patience(), NULL, NULL) == 0 && qs_pool_destroy(pool) == 0 ? 0 : -EIO;
}

static void test_join_from_a_task_of_another_pool_is_fine(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);

	(void)state;
	task_end(task_submit(pool, end_other_pool, other), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_join_is_needed_before_destroy(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	assert_int_equal(qs_pool_destroy(pool), -EBUSY);
	assert_int_equal(qs_pool_shutdown(pool, QS_STOP), 0);
	assert_int_equal(qs_pool_destroy(pool), -EBUSY);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_join_bad_arguments_are_refused(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_report report = QS_REPORT_INIT;

	(void)state;
	report.size--;
	assert_int_equal(qs_pool_join(pool, QS_NEVER, NULL, &report), -EINVAL);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), 0);
	(void)pool_end(pool, QS_DRAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_join_a26_never_before_its_deadline_and_hardly_after_it),
		test(test_join_a26_without_time_abandons_at_once),
		test(test_join_hard_token_ends_the_wait),
		test(test_join_of_a_pool_that_is_over_does_not_mind_the_time),
		test(test_join_a26_straggler_is_named),
		test(test_join_a26_late_return_touches_nothing_that_is_gone),
		test(test_join_a26_future_may_go_before_the_straggler),
		test(test_join_early_cancels_what_is_pending),
		test(test_join_destructor_that_overstays_is_left_behind_too),
		test(test_join_second_one_says_the_same),
		test(test_join_several_at_once_agree),
		test(test_join_from_its_own_task_would_deadlock),
		test(test_join_from_a_task_of_another_pool_is_fine),
		test(test_join_is_needed_before_destroy),
		test(test_join_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
