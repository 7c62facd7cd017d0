/* SPDX-License-Identifier: MIT */
/*
 * test_park.c - parking, and the library on a parking that returns early at random (A7).
 *
 * This program brings its own qs__park() and qs__unpark_*(), so the linker leaves the library's
 * out.  They are the library's, from its source, with whims: a park may return at once, without a
 * reason.  Whoever forgets to look at its predicate again is found out.
 */
#define _GNU_SOURCE
#define qs__park steady_park
#include "park.c"
#undef qs__park

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline);

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/seed.h"

#define WHIMS_OF_FOUR 3	/* of four parks return at once */

static atomic_bool is_whimsical;
static _Atomic(uint64_t) whims;

int qs__park(const qs__atomic(uint32_t) *word, uint32_t value, qs_time deadline)
{
	uint64_t whim = atomic_fetch_add(&whims, 1) * UINT64_C(0x9E3779B97F4A7C15) + 1;

	if (atomic_load(&is_whimsical) && deadline > 0 && seed_next(&whim) % 4 < WHIMS_OF_FOUR)
		return 0;
	return steady_park(word, value, deadline);
}

static int whims_begin(void **state)
{
	atomic_store(&whims, seed_take());
	atomic_store(&is_whimsical, true);
	return leftovers_note(state);
}

static int whims_end(void **state)
{
	atomic_store(&is_whimsical, false);
	return leftovers_check(state);
}

/* ------------------------------------------------------------------------------- parking itself */

static void test_park_other_value_does_not_sleep(void **state)
{
	qs__atomic(uint32_t) word = 1;

	(void)state;
	assert_int_equal(steady_park(&word, 0, QS_NEVER), 0);
}

static void test_park_past_deadline_does_not_sleep(void **state)
{
	qs__atomic(uint32_t) word = 1;

	(void)state;
	assert_int_equal(steady_park(&word, 1, QS_NOW), -ETIMEDOUT);
	assert_int_equal(steady_park(&word, 1, INT64_MIN), -ETIMEDOUT);
	assert_int_equal(steady_park(&word, 1, 1), -ETIMEDOUT);
}

static void test_park_times_out_never_early_and_keeps_errno(void **state)
{
	qs__atomic(uint32_t) word = 1;
	const qs_time deadline = qs_after_ms(20);
	int result;

	(void)state;
	errno = 77;
	do {
		result = steady_park(&word, 1, deadline);
	} while (result == 0 && qs_now() < patience());
	assert_int_equal(result, -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	assert_int_equal(errno, 77);
}

struct hand_over {
	qs__atomic(uint32_t) turn;
	uint32_t rounds;
};

static void take_turns(struct hand_over *it, uint32_t mine)
{
	for (uint32_t i = mine; i < it->rounds; i += 2) {
		while (atomic_load(&it->turn) != i)
			(void)steady_park(&it->turn, i - 1, patience());
		atomic_store(&it->turn, i + 1);
		qs__unpark_one(&it->turn);
	}
}

static void *play(void *arg)
{
	take_turns(arg, 1);
	return NULL;
}

static void test_park_hand_over_never_misses_a_wake_up(void **state)
{
	struct hand_over it = { 0, 20000 };
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, play, &it), 0);
	take_turns(&it, 0);
	(void)pthread_join(other, NULL);
	assert_int_equal(atomic_load(&it.turn), it.rounds);
}

/* ---------------------------------------------------------------- the library on such a parking */

static void test_park_a7_sleep_still_ends_at_its_deadline(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		const qs_time deadline = qs_after_ns(200000);

		assert_int_equal(qs_sleep(deadline, NULL), 0);
		assert_true(qs_now() >= deadline);
	}
}

static void *ask(void *stop)
{
	(void)qs_stop_ask(stop, 0, NULL);
	return NULL;
}

static void test_park_a7_sleep_ends_by_nothing_but_its_stop(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		pthread_t asker;
		qs_stop *stop;

		assert_int_equal(qs_stop_create(&stop, NULL), 0);
		assert_int_equal(pthread_create(&asker, NULL, ask, stop), 0);
		assert_int_equal(qs_sleep(QS_NEVER, stop), -ECANCELED);
		(void)pthread_join(asker, NULL);
		qs_stop_release(stop);
	}
}

#define TASKS 1000

static void test_park_a7_pool_and_waits_lose_nothing(void **state)
{
	static qs_future *futures[TASKS];
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	atomic_uint runs = 0;
	qs_as_completed *set;
	qs_future *future;
	qs_pool *pool;
	int seen = 0;

	(void)state;
	options.workers = 3;
	options.max_pending = 8;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	for (int i = 0; i < TASKS; i++)
		futures[i] = task_submit(pool, body_count, &runs);
	assert_int_equal(qs_as_completed_create(&set, futures, TASKS), 0);
	while (qs_as_completed_next(set, &future, patience(), NULL) == 1)
		seen++;
	assert_int_equal(seen, TASKS);
	assert_int_equal(qs_wait_all(futures, TASKS, patience(), NULL), 0);
	qs_as_completed_destroy(set);
	for (int i = 0; i < TASKS; i++)
		qs_future_release(futures[i]);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], TASKS);
	assert_int_equal(runs, TASKS);
}

static void test_park_a7_attendant_keeps_its_deadlines(void **state)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop;

	(void)state;
	options.deadline = qs_after_ms(10);
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	assert_int_equal(qs_sleep(patience(), stop), -ECANCELED);
	assert_true(qs_now() >= options.deadline);
	qs_stop_release(stop);
}

static void test_park_a7_join_is_never_before_its_deadline(void **state)
{
	qs_pool *pool = pool_make(1);
	static struct hold hold = HOLD_INIT;
	const qs_time deadline = qs_after_ms(20);

	(void)state;
	qs_future_release(task_submit(pool, body_hold, &hold));
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(pool, deadline, NULL, NULL), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	gate_raise(&hold.leave);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)
#define whimsical(name) cmocka_unit_test_setup_teardown(name, whims_begin, whims_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_park_other_value_does_not_sleep),
		test(test_park_past_deadline_does_not_sleep),
		test(test_park_times_out_never_early_and_keeps_errno),
		test(test_park_hand_over_never_misses_a_wake_up),
		whimsical(test_park_a7_sleep_still_ends_at_its_deadline),
		whimsical(test_park_a7_sleep_ends_by_nothing_but_its_stop),
		whimsical(test_park_a7_pool_and_waits_lose_nothing),
		whimsical(test_park_a7_attendant_keeps_its_deadlines),
		whimsical(test_park_a7_join_is_never_before_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
