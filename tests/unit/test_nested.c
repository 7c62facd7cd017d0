/* SPDX-License-Identifier: MIT */
/*
 * test_nested.c - tasks that wait for tasks (P5, A21): which of them the worker that waits
 * runs itself, and how deep.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/nested.h"
#include "support/patience.h"
#include "support/pools.h"

#define DEPTH_MAX 64	/* bodies inside the first one, by the header */

/* --------------------------------------------------------------------------------------- inline */

static void check_runs_inline(uint32_t workers, wait_fn *wait, size_t children)
{
	struct waiter parent = WAITER_INIT(wait);
	struct hold holds[3] = { HOLD_INIT, HOLD_INIT, HOLD_INIT };
	struct place places[OTHERS_MAX] = { { .runs = 0 } };
	qs_pool *pool = pool_make(workers);

	waiter_begin(&parent, pool, "parent");
	for (uint32_t i = 0; i + 1 < workers; i++)
		hold_worker(pool, &holds[i]);
	for (size_t i = 0; i < children; i++)
		waiter_add(&parent, task_submit(pool, body_note_place, &places[i]));
	gate_raise(&parent.go);
	waiter_end(&parent, QS_DONE);
	for (size_t i = 0; i < children; i++) {
		assert_int_equal(places[i].runs, 1);
		assert_true(pthread_equal(places[i].thread, parent.thread));
		task_end(parent.others[i], QS_DONE);
	}
	for (uint32_t i = 0; i + 1 < workers; i++)
		gate_raise(&holds[i].leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], children + workers);
}

static void test_nested_a21_pending_ones_are_run_by_the_worker_that_waits(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 4; workers++) {
		check_runs_inline(workers, wait_one, 1);
		check_runs_inline(workers, qs_wait_all, 1);
		check_runs_inline(workers, qs_wait_all, OTHERS_MAX);
	}
}

/* Every worker waits for two children, which nobody is left to run but those that wait. */
static void test_nested_a21_all_workers_wait_for_children(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 4; workers++) {
		struct waiter parents[4] = { WAITER_INIT(qs_wait_all), WAITER_INIT(qs_wait_all),
					     WAITER_INIT(qs_wait_all), WAITER_INIT(qs_wait_all) };
		atomic_uint runs = 0;
		qs_pool *pool = pool_make(workers);

		for (uint32_t i = 0; i < workers; i++)
			waiter_begin(&parents[i], pool, "parent");
		for (uint32_t i = 0; i < workers; i++) {
			waiter_add(&parents[i], task_submit(pool, body_count, &runs));
			waiter_add(&parents[i], task_submit(pool, body_count, &runs));
		}
		for (uint32_t i = 0; i < workers; i++)
			gate_raise(&parents[i].go);
		for (uint32_t i = 0; i < workers; i++) {
			waiter_end(&parents[i], QS_DONE);
			task_end(parents[i].others[0], QS_DONE);
			task_end(parents[i].others[1], QS_DONE);
		}
		assert_int_equal(runs, 2 * workers);
		(void)pool_end(pool, QS_DRAIN);
	}
}

static void test_nested_one_that_runs_elsewhere_is_awaited(void **state)
{
	struct waiter parent = WAITER_INIT(wait_one);
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(2);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	waiter_add(&parent, task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	gate_raise(&parent.go);
	gate_raise(&hold.leave);
	waiter_end(&parent, QS_DONE);
	task_end(parent.others[0], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_one_of_another_pool_runs_there(void **state)
{
	struct waiter parent = WAITER_INIT(wait_one);
	struct place place = { .runs = 0 };
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	hold_worker(other, &hold);
	waiter_add(&parent, task_submit(other, body_note_place, &place));
	gate_raise(&parent.go);
	gate_raise(&hold.leave);
	waiter_end(&parent, QS_DONE);
	assert_false(pthread_equal(place.thread, parent.thread));
	task_end(parent.others[0], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/* -------------------------------------------------------------------------- not those very ones */

static void check_nobody_is_left(wait_fn *wait)
{
	struct waiter it = WAITER_INIT(wait);
	struct place place = { .runs = 0 };
	qs_pool *pool = pool_make(1);

	waiter_begin(&it, pool, "chooser");
	waiter_add(&it, submit_named(pool, body_note_place, &place, "choice"));
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -EDEADLK);
	assert_string_equal(it.words, "'chooser' waits for 'choice', which no worker is left to run");
	waiter_end(&it, QS_FAILED);
	task_end(it.others[0], QS_DONE);	/* changes nothing: it runs when there is a worker again */
	assert_int_equal(place.runs, 1);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_wait_that_may_do_without_runs_nothing(void **state)
{
	(void)state;
	check_nobody_is_left(wait_any);
	check_nobody_is_left(wait_first_failure);
	check_nobody_is_left(wait_next_completed);
}

/*
 * Both may do without; the second one finds nobody left, and then its worker runs what
 * the first one waits for.
 */
static void test_nested_a21_last_chooser_alone_is_refused(void **state)
{
	struct waiter choosers[2] = { WAITER_INIT(wait_any), WAITER_INIT(wait_any) };
	qs_pool *pool = pool_make(2);

	(void)state;
	waiter_begin(&choosers[0], pool, "one");
	waiter_begin(&choosers[1], pool, "two");
	for (int i = 0; i < 2; i++)
		waiter_add(&choosers[i], submit_named(pool, body_return, NULL, "choice"));
	gate_raise(&choosers[0].go);
	gate_raise(&choosers[1].go);
	for (int i = 0; i < 2; i++)
		assert_int_equal(qs_wait(choosers[i].future, patience(), NULL), 0);
	assert_int_equal((choosers[0].result == -EDEADLK) + (choosers[1].result == -EDEADLK), 1);
	assert_int_equal((choosers[0].result == 0) + (choosers[1].result == 0), 1);
	for (int i = 0; i < 2; i++) {
		qs_future_release(choosers[i].future);
		task_end(choosers[i].others[0], QS_DONE);
	}
	(void)pool_end(pool, QS_DRAIN);
}

static void check_deadline(wait_fn *wait, qs_time deadline)
{
	struct waiter it = WAITER_INIT(wait);
	struct place place = { .runs = 0 };
	qs_pool *pool = pool_make(1);

	waiter_begin(&it, pool, "clock");
	waiter_add(&it, task_submit(pool, body_note_place, &place));
	it.deadline = deadline;
	it.wait = wait;
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -ETIMEDOUT);
	waiter_end(&it, QS_FAILED);
	task_end(it.others[0], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_deadline_ends_every_wait_and_nothing_is_run_inline(void **state)
{
	static wait_fn *const waits[] = { wait_one, qs_wait_all, wait_any, wait_first_failure, wait_next_completed };

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		check_deadline(waits[i], QS_NOW);
		check_deadline(waits[i], qs_after_ms(3));
	}
}

/* ---------------------------------------------------------------------------------------- depth */

/* A row of tasks each of which waits for the next one. */
struct row {
	size_t count;
	qs_future *futures[DEPTH_MAX * 4];
	struct gate go;
	struct gate is_deep;	/* raised by the one at the greatest depth, before it waits */
	struct step {
		struct row *row;
		size_t index;
		int result;
		char words[256];
	} steps[DEPTH_MAX * 4];
};

static int body_step(qs_task *task, void *arg)
{
	struct step *step = arg;
	struct row *row = step->row;

	if (step->index == 0)
		gate_await(&row->go, 1);
	if (step->index == DEPTH_MAX)
		gate_raise(&row->is_deep);
	if (step->index + 1 == row->count)
		return 0;
	step->result = qs_wait(row->futures[step->index + 1], QS_NEVER, NULL);
	(void)snprintf(step->words, sizeof(step->words), "%s", qs_task_deadlock(task));
	return step->result;
}

static void row_begin(struct row *row, qs_pool *pool, size_t count)
{
	*row = (struct row){ .count = count, .go = GATE_INIT, .is_deep = GATE_INIT };
	for (size_t i = 0; i < count; i++) {
		row->steps[i] = (struct step){ .row = row, .index = i };
		row->futures[i] = submit_named(pool, body_step, &row->steps[i], "step");
	}
	gate_raise(&row->go);
}

static void row_await(const struct row *row)
{
	for (size_t i = 0; i < row->count; i++)
		assert_int_equal(qs_wait(row->futures[i], patience(), NULL), 0);
}

static void row_end(const struct row *row)
{
	for (size_t i = 0; i < row->count; i++)
		qs_future_release(row->futures[i]);
}

static void test_nested_a21_depth_of_64_is_served(void **state)
{
	static struct row row;
	qs_pool *pool = pool_make(1);

	(void)state;
	row_begin(&row, pool, DEPTH_MAX + 1);
	row_await(&row);
	for (size_t i = 0; i < row.count; i++)
		assert_int_equal(qs_future_state(row.futures[i]), QS_DONE);
	row_end(&row);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_the_65th_parks_and_nobody_is_left(void **state)
{
	static struct row row;
	qs_pool *pool = pool_make(1);

	(void)state;
	row_begin(&row, pool, DEPTH_MAX + 2);
	row_await(&row);
	for (size_t i = 0; i < row.count; i++)
		assert_int_equal(qs_future_state(row.futures[i]), i == DEPTH_MAX ? QS_FAILED : QS_DONE);
	assert_int_equal(row.steps[DEPTH_MAX].result, -EDEADLK);
	assert_string_equal(row.steps[DEPTH_MAX].words, "'step' waits for 'step', which no worker is left to run");
	row_end(&row);
	(void)pool_end(pool, QS_DRAIN);
}

/* A second worker, which begins at a depth of 0. */
static void test_nested_a21_the_65th_parks_and_another_goes_on(void **state)
{
	static struct row row;
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(2);

	(void)state;
	hold_worker(pool, &hold);
	row_begin(&row, pool, 2 * (DEPTH_MAX + 1));
	gate_await(&row.is_deep, 1);
	gate_raise(&hold.leave);
	row_await(&row);
	for (size_t i = 0; i < row.count; i++)
		assert_int_equal(qs_future_state(row.futures[i]), QS_DONE);
	row_end(&row);
	(void)pool_end(pool, QS_DRAIN);
}

/* A callback of an inner task that waits is as deep as that. */
#define CALLBACKS 5000

struct chain {
	qs_future *futures[CALLBACKS + 1];
	struct link {
		struct chain *chain;
		size_t index;
		int result;
	} links[CALLBACKS];
};

static void wait_for_the_next(qs_future *future, void *arg)
{
	struct link *link = arg;

	(void)future;
	link->result = qs_wait(link->chain->futures[link->index + 1], QS_NEVER, NULL);
}

static void test_nested_waits_in_callbacks_count_as_depth(void **state)
{
	static struct chain chain;
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	int refused = 0;

	(void)state;
	hold_worker(pool, &hold);
	for (size_t i = 0; i <= CALLBACKS; i++)
		chain.futures[i] = task_submit(pool, body_return, NULL);
	for (size_t i = 0; i < CALLBACKS; i++) {
		chain.links[i] = (struct link){ &chain, i, 1 };
		assert_int_equal(qs_future_callback_add(chain.futures[i], wait_for_the_next, &chain.links[i]), 0);
	}
	gate_raise(&hold.leave);
	for (size_t i = 0; i <= CALLBACKS; i++)
		assert_int_equal(qs_wait(chain.futures[i], patience(), NULL), 0);
	(void)pool_end(pool, QS_DRAIN);
	for (size_t i = 0; i < CALLBACKS; i++) {
		assert_true(chain.links[i].result == 0 || chain.links[i].result == -EDEADLK);
		refused += chain.links[i].result != 0;
	}
	/* One in each row of as many as may lie on each other. */
	assert_in_range(refused, CALLBACKS / (DEPTH_MAX + 2), CALLBACKS / DEPTH_MAX + 1);
	for (size_t i = 0; i <= CALLBACKS; i++)
		task_end(chain.futures[i], QS_DONE);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nested_a21_pending_ones_are_run_by_the_worker_that_waits),
		test(test_nested_a21_all_workers_wait_for_children),
		test(test_nested_one_that_runs_elsewhere_is_awaited),
		test(test_nested_one_of_another_pool_runs_there),
		test(test_nested_a21_wait_that_may_do_without_runs_nothing),
		test(test_nested_a21_last_chooser_alone_is_refused),
		test(test_nested_a21_deadline_ends_every_wait_and_nothing_is_run_inline),
		test(test_nested_a21_depth_of_64_is_served),
		test(test_nested_a21_the_65th_parks_and_nobody_is_left),
		test(test_nested_a21_the_65th_parks_and_another_goes_on),
		test(test_nested_waits_in_callbacks_count_as_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
