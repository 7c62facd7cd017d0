/* SPDX-License-Identifier: MIT */
/*
 * test_nested.c - tasks that wait for tasks (P5, A21): run inline, parked, or refused with words; never a silent hang.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define DEPTH_MAX 64	/* bodies inside the first one, by the header */
#define OTHERS_MAX 4

typedef int wait_fn(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop);

/* A task that waits for others when it is let go, and what came of it. */
struct waiter {
	wait_fn *wait;
	qs_future *others[OTHERS_MAX];
	size_t count;
	qs_time deadline;
	qs_stop *stop;			/* of the wait */
	struct gate entered;
	struct gate go;
	struct gate left;		/* it does not look at the others any more */
	qs_future *future;		/* its own */
	pthread_t thread;
	int result;			/* of the wait, and of the body */
	char words[256];
};
#define WAITER_INIT(how) { .wait = (how), .deadline = QS_NEVER, .entered = GATE_INIT, .go = GATE_INIT, .left = GATE_INIT }

static int wait_one(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	(void)count;
	return qs_wait(futures[0], deadline, stop);
}

static int wait_any(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	return qs_wait_any(NULL, futures, count, deadline, stop);
}

static int wait_first_failure(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	return qs_wait_first_failure(NULL, futures, count, deadline, stop);
}

static int wait_next_completed(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	qs_as_completed *set;
	qs_future *next;
	int result = qs_as_completed_create(&set, futures, count);

	if (result < 0)
		return result;
	result = qs_as_completed_next(set, &next, deadline, stop);
	qs_as_completed_destroy(set);
	return result == 1 ? 0 : result;
}

static int body_wait(qs_task *task, void *arg)
{
	struct waiter *it = arg;

	it->thread = pthread_self();
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	it->result = it->wait(it->others, it->count, it->deadline, it->stop);
	(void)snprintf(it->words, sizeof(it->words), "%s", qs_task_deadlock(task));
	gate_raise(&it->left);
	return it->result;
}

static void waiter_submit(struct waiter *it, qs_pool *pool, const char *name)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.name = name;
	it->future = task_submit_with(pool, body_wait, it, &options);
}

/* Its body runs when this returns. */
static void waiter_begin(struct waiter *it, qs_pool *pool, const char *name)
{
	waiter_submit(it, pool, name);
	gate_await(&it->entered, 1);
}

static void waiter_add(struct waiter *it, qs_future *other)
{
	it->others[it->count++] = other;
}

static void waiter_end(struct waiter *it, qs_state state)
{
	task_end(it->future, state);
}

/* A task that notes where it ran. */
struct place {
	pthread_t thread;
	atomic_uint runs;
};

static int body_note_place(qs_task *task, void *arg)
{
	struct place *place = arg;

	(void)task;
	place->thread = pthread_self();
	(void)atomic_fetch_add(&place->runs, 1);
	return 0;
}

static qs_future *submit_named(qs_pool *pool, qs_task_fn *fn, void *arg, const char *name)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.name = name;
	return task_submit_with(pool, fn, arg, &options);
}

/* ---------------------------------------------------------------------------------------------------------- inline */

static void check_runs_inline(uint32_t workers, wait_fn *wait, size_t children)
{
	struct waiter parent = WAITER_INIT(wait);
	struct hold holds[3] = { HOLD_INIT, HOLD_INIT, HOLD_INIT };
	struct place places[OTHERS_MAX] = { { .runs = 0 } };
	qs_pool *pool = pool_make(workers);

	waiter_begin(&parent, pool, "parent");
	for (uint32_t i = 0; i + 1 < workers; i++) {
		qs_future_release(task_submit(pool, body_hold, &holds[i]));
		gate_await(&holds[i].entered, 1);
	}
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
	qs_future_release(task_submit(other, body_hold, &hold));
	gate_await(&hold.entered, 1);
	waiter_add(&parent, task_submit(other, body_note_place, &place));
	gate_raise(&parent.go);
	gate_raise(&hold.leave);
	waiter_end(&parent, QS_DONE);
	assert_false(pthread_equal(place.thread, parent.thread));
	task_end(parent.others[0], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/* ---------------------------------------------------------------------------------------------- for oneself, in circles */

static void check_own_future(wait_fn *wait)
{
	struct waiter it = WAITER_INIT(wait);
	qs_pool *pool = pool_make(1);

	waiter_begin(&it, pool, "hermit");
	waiter_add(&it, it.future);
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -EDEADLK);
	assert_string_equal(it.words, "'hermit' waits for 'hermit'");
	assert_string_equal(qs_future_message(it.future), it.words);
	assert_int_equal(qs_future_value(it.future), -EDEADLK);
	waiter_end(&it, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_own_future_would_deadlock(void **state)
{
	(void)state;
	check_own_future(wait_one);
	check_own_future(qs_wait_all);
	check_own_future(wait_any);
	check_own_future(wait_first_failure);
	check_own_future(wait_next_completed);
}

static void test_nested_own_future_with_a_deadline_times_out(void **state)
{
	struct waiter it = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);

	(void)state;
	waiter_begin(&it, pool, "hermit");
	waiter_add(&it, it.future);
	it.deadline = qs_after_ms(5);
	gate_raise(&it.go);
	assert_int_equal(qs_wait(it.future, patience(), NULL), 0);
	assert_int_equal(it.result, -ETIMEDOUT);
	assert_string_equal(it.words, "");
	waiter_end(&it, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

/* The words name everybody in the circle, beginning and ending with the one that was refused. */
static void check_circle_words(const struct waiter *refused, const struct waiter *circle, size_t count)
{
	char expected[256] = "";
	const size_t first = (size_t)(refused - circle);

	for (size_t i = 0; i <= count; i++) {
		const size_t length = strlen(expected);

		(void)snprintf(expected + length, sizeof(expected) - length, "%s'%s'", i > 0 ? " waits for " : "",
			       qs_future_name(circle[(first + i) % count].future));
	}
	assert_string_equal(refused->words, expected);
	assert_string_equal(qs_future_message(refused->future), expected);
}

/* Each waits for the next one; the last to come is refused, and the others go on. */
static void check_circle(qs_pool *const *pools, size_t count)
{
	static const char *const names[3] = { "fox", "goose", "grain" };
	struct waiter circle[3] = { WAITER_INIT(wait_one), WAITER_INIT(wait_one), WAITER_INIT(wait_one) };
	size_t refused = 0;

	for (size_t i = 0; i < count; i++)
		waiter_begin(&circle[i], pools[i], names[i]);
	for (size_t i = 0; i < count; i++) {
		waiter_add(&circle[i], circle[(i + 1) % count].future);
		gate_raise(&circle[i].go);
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(qs_wait(circle[i].future, patience(), NULL), 0);
	for (size_t i = 0; i < count; i++) {
		if (circle[i].result == -EDEADLK) {
			refused++;
			check_circle_words(&circle[i], circle, count);
		} else {
			assert_int_equal(circle[i].result, 0);
			assert_string_equal(circle[i].words, "");
		}
	}
	assert_int_equal(refused, 1);
	for (size_t i = 0; i < count; i++)
		waiter_end(&circle[i], circle[i].result == 0 ? QS_DONE : QS_FAILED);
}

static void test_nested_a21_circles_are_refused_and_named(void **state)
{
	(void)state;
	for (size_t count = 2; count <= 3; count++) {
		for (uint32_t spare = 0; spare < 2; spare++) {
			qs_pool *pool = pool_make((uint32_t)count + spare);
			qs_pool *const pools[3] = { pool, pool, pool };

			for (int again = 0; again < 20; again++)
				check_circle(pools, count);
			(void)pool_end(pool, QS_DRAIN);
		}
	}
}

static void test_nested_a21_circle_across_pools_is_refused_and_named(void **state)
{
	(void)state;
	for (int again = 0; again < 20; again++) {
		qs_pool *pools[3] = { pool_make(1), pool_make(1), pool_make(1) };

		check_circle(pools, 2);
		check_circle(pools, 3);
		for (int i = 0; i < 3; i++)
			(void)pool_end(pools[i], QS_DRAIN);
	}
}

/* The inner one waits for the one that runs it. */
static void test_nested_a21_circle_through_an_inner_task(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 2; workers++) {
		struct waiter outer = WAITER_INIT(wait_one);
		struct waiter inner = WAITER_INIT(wait_one);
		struct hold hold = HOLD_INIT;
		qs_pool *pool = pool_make(workers);

		waiter_begin(&outer, pool, "outer");
		if (workers == 2) {
			qs_future_release(task_submit(pool, body_hold, &hold));
			gate_await(&hold.entered, 1);
		}
		waiter_submit(&inner, pool, "inner");
		waiter_add(&outer, inner.future);
		waiter_add(&inner, outer.future);
		gate_raise(&inner.go);
		gate_raise(&outer.go);
		waiter_end(&outer, QS_DONE);
		assert_int_equal(inner.result, -EDEADLK);
		assert_string_equal(inner.words, "'inner' waits for 'outer' waits for 'inner'");
		waiter_end(&inner, QS_FAILED);
		gate_raise(&hold.leave);
		(void)pool_end(pool, QS_DRAIN);
	}
}

/* What is suspended below an inner task cannot end before it, in the eyes of another pool as well. */
static void test_nested_a21_circle_through_what_is_suspended_below(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct waiter inner = WAITER_INIT(wait_one);
	struct waiter abroad = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);

	(void)state;
	waiter_begin(&outer, pool, "outer");
	waiter_submit(&inner, pool, "inner");
	waiter_begin(&abroad, other, "abroad");
	waiter_add(&outer, inner.future);
	waiter_add(&inner, abroad.future);
	waiter_add(&abroad, outer.future);
	gate_raise(&outer.go);
	gate_await(&inner.entered, 1);
	gate_raise(&inner.go);
	gate_raise(&abroad.go);
	assert_int_equal(qs_wait(outer.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(abroad.future, patience(), NULL), 0);
	/* Whoever of the two came last. */
	assert_int_equal((inner.result == -EDEADLK) + (abroad.result == -EDEADLK), 1);
	if (abroad.result == -EDEADLK)
		assert_string_equal(abroad.words, "'abroad' waits for 'outer' waits for 'inner' waits for 'abroad'");
	else
		assert_non_null(strstr(inner.words, "'inner' waits for 'abroad' waits for 'outer' waits for 'inner'"));
	assert_int_equal(outer.result, 0);
	qs_future_release(outer.future);
	qs_future_release(inner.future);
	qs_future_release(abroad.future);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/* A pending task of a pool whose only worker waits, in a roundabout way, for the one that waits for it. */
static void test_nested_a21_pending_in_a_pool_that_waits_for_us(void **state)
{
	struct waiter here = WAITER_INIT(wait_one);
	struct waiter there = WAITER_INIT(wait_one);
	qs_pool *pool = pool_make(1);
	qs_pool *other = pool_make(1);
	qs_future *pending;

	(void)state;
	waiter_begin(&here, pool, "here");
	waiter_begin(&there, other, "there");
	pending = submit_named(other, body_return, NULL, "pending");
	waiter_add(&here, pending);
	waiter_add(&there, here.future);
	gate_raise(&here.go);
	gate_raise(&there.go);
	assert_int_equal(qs_wait(here.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(there.future, patience(), NULL), 0);
	assert_int_equal((here.result == -EDEADLK) + (there.result == -EDEADLK), 1);
	if (here.result == -EDEADLK)
		assert_string_equal(here.words, "'here' waits for 'pending', which no worker is left to run");
	else
		assert_string_equal(there.words,
				    "'there' waits for 'here' waits for 'pending', which no worker is left to run");
	task_end(pending, QS_DONE);
	qs_future_release(here.future);
	qs_future_release(there.future);
	(void)pool_end(pool, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/* One that may fail is hope for a wait for a failure; when it ends well, that is gone, and nobody else is there to see it. */
static void check_hope(int value)
{
	struct waiter watcher = WAITER_INIT(wait_first_failure);
	struct waiter watched = WAITER_INIT(wait_one);
	struct hold hope = HOLD_INIT;
	qs_pool *pool = pool_make(3);

	hope.value = value;
	waiter_begin(&watcher, pool, "watcher");
	waiter_begin(&watched, pool, "watched");
	waiter_add(&watcher, task_submit(pool, body_hold, &hope));
	waiter_add(&watcher, watched.future);
	waiter_add(&watched, watcher.future);
	gate_await(&hope.entered, 1);
	gate_raise(&watcher.go);
	gate_raise(&watched.go);
	/* Time enough for both to park; whoever comes later than the end of hope sees it by itself. */
	assert_int_equal(qs_wait(watched.future, qs_after_ms(2), NULL), -ETIMEDOUT);
	gate_raise(&hope.leave);
	assert_int_equal(qs_wait(watcher.future, patience(), NULL), 0);
	assert_int_equal(qs_wait(watched.future, patience(), NULL), 0);
	if (value < 0) {
		assert_int_equal(watcher.result, 1);
		assert_int_equal(watched.result, 0);
	} else if (watcher.result == -EDEADLK) {
		assert_string_equal(watcher.words, "'watcher' waits for 'watched' waits for 'watcher'");
		assert_int_equal(watched.result, 0);
	} else {
		assert_int_equal(watched.result, -EDEADLK);
		assert_int_equal(watcher.result, 1);
	}
	qs_future_release(watcher.others[0]);
	qs_future_release(watcher.future);
	qs_future_release(watched.future);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_a21_wait_for_a_failure_looks_again_when_one_ended_well(void **state)
{
	(void)state;
	check_hope(0);
	check_hope(-EIO);
}

static int fail_in_own_words(qs_task *task, void *future)
{
	return qs_task_fail(task, qs_wait(*(qs_future **)future, QS_NEVER, NULL), "I should have known");
}

static void test_nested_own_words_about_a_deadlock_are_kept(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = NULL;

	(void)state;
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	future = task_submit(pool, fail_in_own_words, &future);
	gate_raise(&hold.leave);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), -EDEADLK);
	assert_string_equal(qs_future_message(future), "I should have known");
	task_end(future, QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

/* -------------------------------------------------------------------------------------------------- not those very ones */

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

/* Both may do without; the second one finds nobody left, and then its worker runs what the first one waits for. */
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

/* ----------------------------------------------------------------------------------------------------------- depth */

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
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
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
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
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

/* ----------------------------------------------------------------------------------------------------------- stops */

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
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
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

static void test_nested_stop_of_the_outer_task_asks_the_inner_one(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct gate inside = GATE_INIT;
	qs_pool *pool = pool_make(1);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	waiter_begin(&outer, pool, "outer");
	waiter_add(&outer, task_submit(pool, body_until_stop, &inside));
	gate_raise(&outer.go);
	gate_await(&inside, 1);
	assert_int_equal(qs_future_stop(outer.future, -EIO, "the outer one"), 1);
	assert_int_equal(qs_wait(outer.others[0], patience(), NULL), 0);
	assert_int_equal(qs_future_cause(outer.others[0], &cause), 1);
	assert_string_equal(cause.text, "the outer one");
	waiter_end(&outer, QS_DONE);		/* what it waited for has ended */
	task_end(outer.others[0], QS_STOPPED);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_time_limit_of_the_outer_task_asks_the_inner_one(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct gate inside = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	options.run_ns = 5000000;
	outer.future = task_submit_with(pool, body_wait, &outer, &options);
	gate_await(&outer.entered, 1);
	waiter_add(&outer, task_submit(pool, body_until_stop, &inside));
	gate_raise(&outer.go);
	assert_int_equal(qs_wait(outer.others[0], patience(), NULL), 0);
	/* Or it had not begun when the time was over, and nobody was left to run it. */
	if (qs_future_state(outer.others[0]) == QS_STOPPED) {
		assert_int_equal(qs_future_cause(outer.others[0], &cause), 1);
		assert_int_equal(cause.kind, QS_CAUSE_DEADLINE);
		assert_int_equal(qs_future_value(outer.others[0]), -ECANCELED);
	}
	waiter_end(&outer, QS_DONE);		/* a body that succeeds all the same */
	task_end(outer.others[0], QS_STOPPED);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_inner_tasks_own_stop_leaves_the_outer_one_alone(void **state)
{
	struct waiter outer = WAITER_INIT(wait_one);
	struct gate inside = GATE_INIT;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	options.stop = stop_make();
	waiter_begin(&outer, pool, "outer");
	waiter_add(&outer, task_submit_with(pool, body_until_stop, &inside, &options));
	gate_raise(&outer.go);
	gate_await(&inside, 1);
	assert_int_equal(qs_stop_ask(options.stop, 0, "its own"), 1);
	assert_int_equal(qs_wait(outer.others[0], patience(), NULL), 0);
	assert_int_equal(qs_future_cause(outer.others[0], &cause), 1);
	assert_string_equal(cause.text, "its own");
	waiter_end(&outer, QS_DONE);
	task_end(outer.others[0], QS_STOPPED);
	qs_stop_release(options.stop);
	(void)pool_end(pool, QS_DRAIN);
}

/* Cancelled while it is pending, by its own token, with the worker about to run it; many times. */
struct cancel_race {
	pthread_barrier_t start;
	qs_stop *stop;
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
	struct waiter *it = arg;

	(void)task;
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	(void)pthread_barrier_wait(&((struct cancel_race *)it->others[1])->start);
	return qs_wait(it->others[0], QS_NEVER, NULL);
}

static void test_nested_inner_task_cancelled_by_its_own_token(void **state)
{
	qs_pool *pool = pool_make(1);
	struct cancel_race race;
	int cancelled = 0;

	(void)state;
	assert_int_equal(pthread_barrier_init(&race.start, NULL, 2), 0);
	for (int i = 0; i < 500; i++) {
		struct waiter outer = WAITER_INIT(NULL);
		qs_task_options options = QS_TASK_OPTIONS_INIT;
		struct place place = { .runs = 0 };
		pthread_t thread;
		int ended;

		race.stop = stop_make();
		options.stop = race.stop;
		outer.future = task_submit(pool, body_race, &outer);
		gate_await(&outer.entered, 1);
		outer.others[0] = task_submit_with(pool, body_note_place, &place, &options);
		outer.others[1] = (qs_future *)(void *)&race;
		assert_int_equal(pthread_create(&thread, NULL, ask_at_start, &race), 0);
		gate_raise(&outer.go);
		waiter_end(&outer, QS_DONE);
		(void)pthread_join(thread, NULL);
		ended = qs_future_state(outer.others[0]);
		assert_true(ended == QS_DONE || ended == QS_CANCELLED);
		assert_int_equal(place.runs, ended == QS_DONE ? 1 : 0);
		cancelled += ended == QS_CANCELLED;
		qs_future_release(outer.others[0]);
		qs_stop_release(race.stop);
	}
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_CANCELLED], cancelled);
	(void)pthread_barrier_destroy(&race.start);
}

static void test_nested_shutdown_that_cancels_ends_the_wait(void **state)
{
	struct waiter parent = WAITER_INIT(wait_any);
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(2);

	(void)state;
	waiter_begin(&parent, pool, "parent");
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	waiter_add(&parent, task_submit(pool, body_return, NULL));
	gate_raise(&parent.go);
	assert_int_equal(qs_pool_shutdown(pool, QS_CANCEL), 0);
	waiter_end(&parent, QS_DONE);
	task_end(parent.others[0], QS_CANCELLED);
	gate_raise(&hold.leave);
	(void)pool_end(pool, QS_CANCEL);
}

/* ------------------------------------------------------------------------------------------------------ hostile bodies */

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
	struct waiter *it = arg;
	struct forking *forking = (struct forking *)(void *)it->others[1];
	int result;

	(void)task;
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	result = qs_wait(forking->inner, QS_NEVER, NULL);
	if (forking->child == 0)
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
		struct waiter outer = WAITER_INIT(NULL);
		struct forking forking = { NULL, -1 };
		struct looker looker;
		pthread_t thread;
		int status;

		outer.others[1] = (qs_future *)(void *)&forking;
		outer.future = task_submit(pool, body_around_fork, &outer);
		gate_await(&outer.entered, 1);
		forking.inner = task_submit(pool, body_fork, &forking);
		looker.future = forking.inner;
		atomic_init(&looker.is_over, false);
		assert_int_equal(pthread_create(&thread, NULL, look, &looker), 0);
		gate_raise(&outer.go);
		waiter_end(&outer, QS_DONE);
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
		test(test_nested_a21_pending_ones_are_run_by_the_worker_that_waits),
		test(test_nested_a21_all_workers_wait_for_children),
		test(test_nested_one_that_runs_elsewhere_is_awaited),
		test(test_nested_one_of_another_pool_runs_there),
		test(test_nested_a21_own_future_would_deadlock),
		test(test_nested_own_future_with_a_deadline_times_out),
		test(test_nested_a21_circles_are_refused_and_named),
		test(test_nested_a21_circle_across_pools_is_refused_and_named),
		test(test_nested_a21_circle_through_an_inner_task),
		test(test_nested_a21_circle_through_what_is_suspended_below),
		test(test_nested_a21_pending_in_a_pool_that_waits_for_us),
		test(test_nested_a21_wait_for_a_failure_looks_again_when_one_ended_well),
		test(test_nested_own_words_about_a_deadlock_are_kept),
		test(test_nested_a21_wait_that_may_do_without_runs_nothing),
		test(test_nested_a21_last_chooser_alone_is_refused),
		test(test_nested_a21_deadline_ends_every_wait_and_nothing_is_run_inline),
		test(test_nested_a21_depth_of_64_is_served),
		test(test_nested_a21_the_65th_parks_and_nobody_is_left),
		test(test_nested_a21_the_65th_parks_and_another_goes_on),
		test(test_nested_waits_in_callbacks_count_as_depth),
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
