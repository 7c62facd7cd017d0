/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c - each allocation of the library fails, once or from then on: an error, and nothing lost or left (B1).
 *
 * This program brings its own qs__alloc() and its companions, so the linker leaves the library's out.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/object.h"
#include "platform/alloc.h"
#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define MOST_CALLS 1000	/* more than a life makes */

static atomic_long calls_left;	/* until one fails; 0 = that one */
static atomic_bool fails_for_ever;
static atomic_uint failures;
static atomic_long pieces;	/* allocated and not freed */

static bool is_to_fail(void)
{
	const long left = atomic_fetch_sub(&calls_left, 1);

	if (left != 0 && !(left < 0 && atomic_load(&fails_for_ever)))
		return false;
	(void)atomic_fetch_add(&failures, 1);
	return true;
}

void *qs__alloc(size_t bytes)
{
	return qs__alloc_array(1, bytes);
}

void *qs__alloc_array(size_t count, size_t bytes)
{
	void *memory = is_to_fail() ? NULL : calloc(count, bytes);

	if (memory != NULL)
		(void)atomic_fetch_add(&pieces, 1);
	return memory;
}

void qs__free(void *memory)
{
	if (memory != NULL)
		(void)atomic_fetch_sub(&pieces, 1);
	free(memory);
}

/* ------------------------------------------------------------------------------------------ a life that uses it all */

#define TASKS 24	/* more than a wait has room for on its stack */

struct life {
	qs_signals *signals;
	qs_stop *stop;
	qs_stop_callback *callback;
	qs_pool *pool;
	qs_future *futures[TASKS];
	size_t accepted;
	qs_as_completed *set;
	atomic_uint runs;
	atomic_uint destroyed;
};

static void nothing(void *arg)
{
	(void)arg;
}

static int run_and_fail(qs_task *task, void *arg)
{
	struct life *life = arg;

	(void)atomic_fetch_add(&life->runs, 1);
	/* Without memory for a token of its own it gets the pool's. */
	return qs_stop_is_asked(qs_task_stop(task)) == 0 ? qs_task_fail(task, -EIO, "number %u", 5u) : -ECANCELED;
}

static void destroy_arg(void *arg)
{
	(void)atomic_fetch_add(&((struct life *)arg)->destroyed, 1);
}

static int submit_all(struct life *life)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	int error = 0;

	options.destroy = destroy_arg;
	options.stop = life->stop;
	for (; life->accepted < TASKS && error == 0; life->accepted += error == 0) {
		error = qs_submit_by(&life->futures[life->accepted], life->pool, run_and_fail, life, &options,
				     QS_NOW, NULL);
	}
	return error;
}

static int live(struct life *life)
{
	qs_stop_options below = QS_STOP_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *future;
	int error = qs_stop_on_signals(&life->signals, NULL);

	if (error != 0)
		return error;
	below.parent = qs_signals_soft(life->signals);
	below.deadline = qs_after_s(1000);
	error = qs_stop_create(&life->stop, &below);
	if (error == 0)
		error = qs_stop_callback_add(&life->callback, life->stop, nothing, NULL);
	options.workers = 2;
	options.stop = life->stop;
	if (error == 0)
		error = qs_pool_create(&life->pool, &options);
	if (error == 0)
		error = submit_all(life);
	if (error == 0)
		error = qs_as_completed_create(&life->set, life->futures, TASKS / 2);
	for (size_t i = TASKS / 2; i < TASKS && error >= 0; i++)
		error = qs_as_completed_add(life->set, life->futures[i]);
	if (error < 0)
		return error;
	error = qs_wait_all(life->futures, TASKS, patience(), NULL);
	while (error == 0 && qs_as_completed_next(life->set, &future, patience(), NULL) == 1)
		continue;
	return error;
}

/* Whatever there is of it goes; what was accepted has run. */
static void life_end(struct life *life)
{
	qs_as_completed_destroy(life->set);
	if (life->pool != NULL)
		assert_int_equal(pool_end(life->pool, QS_DRAIN).ends[QS_FAILED], life->accepted);
	assert_int_equal(life->runs, life->accepted);
	assert_int_equal(life->destroyed, life->accepted);
	for (size_t i = 0; i < life->accepted; i++) {
		assert_int_equal(qs_future_value(life->futures[i]), -EIO);
		/* The words may be lost, not the code's. */
		assert_string_not_equal(qs_future_message(life->futures[i]), "");
		qs_future_release(life->futures[i]);
	}
	(void)qs_stop_callback_remove(life->callback);
	qs_stop_release(life->stop);
	qs_signals_close(life->signals);
}

static bool is_nothing_left(void *arg)
{
	(void)arg;
	qs__object_empty_quarantine();
	return atomic_load(&pieces) == 0;
}

/* Lives with the n-th allocation failing, for each n, until a life needs fewer. */
static void fail_each(bool for_ever)
{
	long n = 0;

	do {
		static struct life life;
		int error;

		life = (struct life){ .signals = NULL };
		atomic_store(&failures, 0);
		atomic_store(&fails_for_ever, for_ever);
		atomic_store(&calls_left, n);
		error = live(&life);
		assert_true(error == 0 || (error == -ENOMEM && failures > 0));
		atomic_store(&fails_for_ever, false);
		life_end(&life);
		/* The attendant frees what is its own when it goes. */
		assert_true(eventually(is_nothing_left, NULL));
		assert_true(n++ < MOST_CALLS);
	} while (failures > 0);
	print_message("%ld allocations failed in turn\n", n - 1);
	assert_true(n > TASKS);
}

static void test_memory_b1_each_allocation_fails_once(void **state)
{
	(void)state;
	fail_each(false);
}

static void test_memory_b1_each_allocation_fails_and_all_after_it(void **state)
{
	(void)state;
	fail_each(true);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_memory_b1_each_allocation_fails_once),
		test(test_memory_b1_each_allocation_fails_and_all_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
