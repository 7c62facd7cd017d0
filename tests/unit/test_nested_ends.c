/* SPDX-License-Identifier: MIT */
/*
 * test_nested_ends.c - tasks that wait for tasks (P5), and are stopped, cancelled, out of time,
 * left behind or forked meanwhile.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/nested.h"
#include "support/patience.h"
#include "support/pools.h"

/* ---------------------------------------------------------------------------------------- stops */

static int body_ask(qs_task *task, void *stop)
{
	(void)task;
	(void)qs_stop_ask(stop, 0, "enough");
	return 0;
}

static qs_stop *stop_make(void)
{
	qs_stop *stop = NULL;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	return stop;
}

static void test_nested_stop_of_the_wait_is_seen_when_the_inner_body_returns(void **state)
{
	struct waiter parent = WAITER_INIT(qs_wait_all);
	struct place place = { .runs = 0 };
	qs_pool *pool = pool_make(1);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	parent.stop = stop_make();
	waiter_add(&parent, task_submit(pool, body_ask, parent.stop));
	waiter_add(&parent, task_submit(pool, body_note_place, &place));
	gate_raise(&parent.go);
	assert_int_equal(qs_wait(parent.future, patience(), NULL), 0);
	assert_int_equal(parent.result, -ECANCELED);
	waiter_end(&parent, QS_FAILED);		/* nobody asked it, but its wait */
	task_end(parent.others[0], QS_DONE);
	task_end(parent.others[1], QS_DONE);
	qs_stop_release(parent.stop);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_end_of_the_inner_task_beats_the_stop(void **state)
{
	struct waiter parent = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	parent.stop = stop_make();
	waiter_add(&parent, task_submit(pool, body_ask, parent.stop));
	gate_raise(&parent.go);
	waiter_end(&parent, QS_DONE);
	task_end(parent.others[0], QS_DONE);
	qs_stop_release(parent.stop);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_stop_asked_before_runs_nothing(void **state)
{
	struct waiter parent = WAITER_INIT(wait_one);
	struct hold hold = HOLD_INIT;
	struct place place = { .runs = 0 };
	qs_pool *pool = pool_make(2);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	hold_worker(pool, &hold);
	parent.stop = stop_make();
	(void)qs_stop_ask(parent.stop, 0, NULL);
	waiter_add(&parent, task_submit(pool, body_note_place, &place));
	gate_raise(&parent.go);
	assert_int_equal(qs_wait(parent.future, patience(), NULL), 0);
	assert_int_equal(parent.result, -ECANCELED);
	waiter_end(&parent, QS_FAILED);
	gate_raise(&hold.leave);
	task_end(parent.others[0], QS_DONE);
	qs_stop_release(parent.stop);
	(void)pool_end(pool, QS_DRAIN);
}

/*
 * What it waited for was asked to stop with these words; it has ended well itself, for what
 * it waited for has ended.
 */
static void outer_end(struct waiter *outer, const char *words)
{
	qs_cause cause = QS_CAUSE_INIT;

	waiter_end(outer, QS_DONE);
	assert_int_equal(qs_future_cause(outer->others[0], &cause), 1);
	assert_string_equal(cause.text, words);
	task_end(outer->others[0], QS_STOPPED);
}

static void test_nested_stop_of_the_outer_task_asks_the_inner_one(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct gate inside = GATE_INIT;
	qs_pool *pool = pool_make(1);

	(void)state;
	waiter_begin(&outer, pool, "outer");
	waiter_add(&outer, task_submit(pool, body_until_stop, &inside));
	gate_raise(&outer.go);
	gate_await(&inside, 1);
	assert_int_equal(qs_future_stop(outer.future, -EIO, "the outer one"), 1);
	outer_end(&outer, "the outer one");
	(void)pool_end(pool, QS_DRAIN);
}

/* Until a stop comes, which does not if the outer task's came before this one began. */
static int body_until_stop_of_outer(qs_task *task, void *arg)
{
	struct waiter *outer = arg;

	if (qs_stop_is_asked(outer->token) == 1 && qs_stop_is_asked(qs_task_stop(task)) == 0)
		return 0;
	return qs_sleep(QS_NEVER, qs_task_stop(task));
}

/* The end of a task that is waited for by one that has so much time. */
static qs_state end_below_limit(int64_t run_ns)
{
	struct waiter outer = WAITER_INIT(wait_one);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_cause cause = QS_CAUSE_INIT;
	qs_state end;

	options.run_ns = run_ns;
	outer.future = task_submit_with(pool, body_wait, &outer, &options);
	gate_await(&outer.entered, 1);
	waiter_add(&outer, task_submit(pool, body_until_stop_of_outer, &outer));
	gate_raise(&outer.go);
	assert_int_equal(qs_wait(outer.others[0], patience(), NULL), 0);
	end = (qs_state)qs_future_state(outer.others[0]);
	if (end == QS_STOPPED) {
		assert_int_equal(qs_future_cause(outer.others[0], &cause), 1);
		assert_int_equal(cause.kind, QS_CAUSE_DEADLINE);
		assert_int_equal(qs_future_value(outer.others[0]), -ECANCELED);
	}
	waiter_end(&outer, QS_DONE);		/* a body that succeeds all the same */
	task_end(outer.others[0], end);
	(void)pool_end(pool, QS_DRAIN);
	return end;
}

static void test_nested_time_limit_of_the_outer_task_asks_the_inner_one(void **state)
{
	int64_t run_ns = 5000000;

	(void)state;
	/* On a busy machine the time may be over before the inner task begins: then with more. */
	while (end_below_limit(run_ns) != QS_STOPPED) {
		run_ns *= 2;
		assert_true(run_ns < patience() - qs_now());
	}
}

static void test_nested_inner_tasks_own_stop_leaves_the_outer_one_alone(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct gate inside = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);

	(void)state;
	options.stop = stop_make();
	waiter_begin(&outer, pool, "outer");
	waiter_add(&outer, task_submit_with(pool, body_until_stop, &inside, &options));
	gate_raise(&outer.go);
	gate_await(&inside, 1);
	assert_int_equal(qs_stop_ask(options.stop, 0, "its own"), 1);
	outer_end(&outer, "its own");
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

/* Cancelled while it is pending, by its own token, with the worker about to run it; many times. */
struct cancel_race {
	pthread_barrier_t start;
	qs_stop *stop;
	struct gate entered;
	struct gate go;
	qs_future *inner;
};

static void *ask_at_start(void *arg)
{
	struct cancel_race *race = arg;

	(void)pthread_barrier_wait(&race->start);
	(void)qs_stop_ask(race->stop, 0, NULL);
	return NULL;
}

static int body_race(qs_task *task, void *arg)
{
	struct cancel_race *race = arg;

	(void)task;
	gate_raise(&race->entered);
	gate_await(&race->go, 1);
	(void)pthread_barrier_wait(&race->start);
	return qs_wait(race->inner, QS_NEVER, NULL);
}

static void test_nested_inner_task_cancelled_by_its_own_token(void **state)
{
	qs_pool *pool = pool_make(1);
	int cancelled = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct cancel_race race = { .stop = stop_make(), .entered = GATE_INIT, .go = GATE_INIT };
		qs_task_options options = QS_TASK_OPTIONS_INIT;
		atomic_uint runs = 0;
		qs_future *outer;
		pthread_t thread;
		int ended;

		assert_int_equal(pthread_barrier_init(&race.start, NULL, 2), 0);
		options.stop = race.stop;
		outer = task_submit(pool, body_race, &race);
		gate_await(&race.entered, 1);
		race.inner = task_submit_with(pool, body_count, &runs, &options);
		assert_int_equal(pthread_create(&thread, NULL, ask_at_start, &race), 0);
		gate_raise(&race.go);
		task_end(outer, QS_DONE);
		(void)pthread_join(thread, NULL);
		ended = qs_future_state(race.inner);
		assert_true(ended == QS_DONE || ended == QS_CANCELLED);
		assert_int_equal(runs, ended == QS_DONE ? 1 : 0);
		cancelled += ended == QS_CANCELLED;
		qs_future_release(race.inner);
		qs_stop_release(race.stop);
		(void)pthread_barrier_destroy(&race.start);
	}
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_CANCELLED], cancelled);
}

static void test_nested_shutdown_that_cancels_ends_the_wait(void **state)
{
	struct waiter parent = WAITER_INIT(wait_any);
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(2);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	hold_worker(pool, &hold);
	waiter_add(&parent, task_submit(pool, body_return, NULL));
	gate_raise(&parent.go);
	assert_int_equal(qs_pool_shutdown(pool, QS_CANCEL), 0);
	waiter_end(&parent, QS_DONE);
	task_end(parent.others[0], QS_CANCELLED);
	gate_raise(&hold.leave);
	(void)pool_end(pool, QS_CANCEL);
}

/* ------------------------------------------------------------------------------- hostile bodies */

static void test_nested_a26_join_out_of_time_abandons_all_that_lie_on_each_other(void **state)
{
	static struct waiter outer = WAITER_INIT(wait_one);
	static struct waiter middle = WAITER_INIT(wait_one);
	static struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;

	(void)state;
	waiter_begin(&outer, pool, "outer");
	waiter_submit(&middle, pool, "middle");
	waiter_add(&middle, submit_named(pool, body_hold, &hold, "inner"));
	waiter_add(&outer, middle.future);
	gate_raise(&outer.go);
	gate_raise(&middle.go);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(5), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.ends[QS_ABANDONED], 3);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), 0);
	assert_string_equal(straggler.task, "inner");
	assert_int_equal(qs_pool_destroy(pool), 0);
	gate_raise(&hold.leave);
	gate_await(&outer.left, 1);
	assert_int_equal(middle.result, 0);
	assert_int_equal(outer.result, 0);
	task_end(outer.future, QS_ABANDONED);
	task_end(middle.future, QS_ABANDONED);
	task_end(middle.others[0], QS_ABANDONED);
}

static int body_exit(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	pthread_exit(NULL);
}

/* It takes those that wait for it on the same stack along. */
static void test_nested_b7_inner_body_that_exits_ends_them_all(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct waiter outer = WAITER_INIT(qs_wait_all);

		waiter_begin(&outer, pool, "outer");
		waiter_add(&outer, task_submit(pool, body_exit, NULL));
		waiter_add(&outer, task_submit(pool, body_return, NULL));
		gate_raise(&outer.go);
		assert_int_equal(qs_wait(outer.future, patience(), NULL), 0);
		assert_int_equal(qs_future_value(outer.future), -QS_EEXITED);
		assert_int_equal(qs_future_value(outer.others[0]), -QS_EEXITED);
		waiter_end(&outer, QS_FAILED);
		task_end(outer.others[0], QS_FAILED);
		task_end(outer.others[1], QS_DONE);	/* by the worker that took its place */
	}
	(void)pool_end(pool, QS_DRAIN);
}

/* Forks; in the child the inner body returns at once, and the outer one tells how its wait ended. */
struct forking {
	struct gate entered;
	struct gate go;
	qs_future *inner;
	pid_t child;
};

static int body_fork(qs_task *task, void *arg)
{
	struct forking *it = arg;

	(void)task;
	(void)fflush(NULL);
	it->child = fork();
	return 0;
}

static int body_around_fork(qs_task *task, void *arg)
{
	struct forking *it = arg;
	int result;

	(void)task;
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	result = qs_wait(it->inner, QS_NEVER, NULL);
	if (it->child == 0)
		_exit(result == -QS_EFORKED ? 0 : CHILD_FAILED);
	return result;
}

/* With others that wait for each other meanwhile, and a thread that keeps the future's lock busy. */
struct looker {
	qs_future *future;
	atomic_bool is_over;
};

static void *look(void *arg)
{
	struct looker *looker = arg;

	while (!atomic_load(&looker->is_over))
		(void)qs_wait(looker->future, qs_after_ns(1000), NULL);
	return NULL;
}

static void test_nested_b11_fork_in_an_inner_body(void **state)
{
	struct waiter bystander = WAITER_INIT(wait_one);
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(3);

	(void)state;
	waiter_begin(&bystander, pool, "bystander");
	waiter_add(&bystander, task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	gate_raise(&bystander.go);
	for (int i = 0; i < 50; i++) {
		struct forking forking = { .entered = GATE_INIT, .go = GATE_INIT, .child = -1 };
		qs_future *outer = task_submit(pool, body_around_fork, &forking);
		struct looker looker;
		pthread_t thread;
		int status;

		gate_await(&forking.entered, 1);
		forking.inner = task_submit(pool, body_fork, &forking);
		looker.future = forking.inner;
		atomic_init(&looker.is_over, false);
		assert_int_equal(pthread_create(&thread, NULL, look, &looker), 0);
		gate_raise(&forking.go);
		task_end(outer, QS_DONE);
		atomic_store(&looker.is_over, true);
		(void)pthread_join(thread, NULL);
		status = child_end(forking.child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		task_end(forking.inner, QS_DONE);
	}
	gate_raise(&hold.leave);
	waiter_end(&bystander, QS_DONE);
	task_end(bystander.others[0], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nested_stop_of_the_wait_is_seen_when_the_inner_body_returns),
		test(test_nested_end_of_the_inner_task_beats_the_stop),
		test(test_nested_stop_asked_before_runs_nothing),
		test(test_nested_stop_of_the_outer_task_asks_the_inner_one),
		test(test_nested_time_limit_of_the_outer_task_asks_the_inner_one),
		test(test_nested_inner_tasks_own_stop_leaves_the_outer_one_alone),
		test(test_nested_inner_task_cancelled_by_its_own_token),
		test(test_nested_shutdown_that_cancels_ends_the_wait),
		test(test_nested_a26_join_out_of_time_abandons_all_that_lie_on_each_other),
		test(test_nested_b7_inner_body_that_exits_ends_them_all),
		test(test_nested_b11_fork_in_an_inner_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
