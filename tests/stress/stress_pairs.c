/* SPDX-License-Identifier: MIT */
/*
 * stress_pairs.c - a pool with a short life, and two threads that race: each pair of submit,
 * cancel, stop, ask, shutdown and join.
 *
 * Every round begins at a barrier, with some tasks submitted, so that both are there from the first
 * instant.  Afterwards the account must be even: each future has one end, each argument was
 * destroyed once, a body ran at most once and only if it was not cancelled.
 *
 * QS_TEST_SEED repeats the choices (the scheduler's are its own), QS_STRESS_SECONDS says how long.
 *
 * ctest: timeout=300
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/seed.h"

#define TASKS_BEFORE 8
#define TASKS_RACING 8
#define SECONDS 3

/* One task of a round, and all that happened to it. */
struct thing {
	qs_future *future;	/* NULL = it was refused */
	atomic_uint runs;
	atomic_uint destroyed;
	int may_sleep;
};

struct round {
	qs_pool *pool;
	qs_stop *stop;		/* above the pool's */
	struct thing things[TASKS_BEFORE + 2 * TASKS_RACING];
	pthread_barrier_t start;
};

typedef void act_fn(struct round *round, int who);

static int run_thing(qs_task *task, void *arg)
{
	struct thing *thing = arg;

	(void)atomic_fetch_add(&thing->runs, 1);
	return thing->may_sleep ? qs_sleep(qs_after_ns(50000), qs_task_stop(task)) : 0;
}

static void destroy_thing(void *arg)
{
	(void)atomic_fetch_add(&((struct thing *)arg)->destroyed, 1);
}

static void submit_thing(struct round *round, struct thing *thing)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.destroy = destroy_thing;
	if (qs_submit_by(&thing->future, round->pool, run_thing, thing, &options, QS_NOW, NULL) != 0)
		thing->future = NULL;
}

/* ----------------------------------------------------------------------------------- what races */

static void do_submit(struct round *round, int who)
{
	for (int i = 0; i < TASKS_RACING; i++)
		submit_thing(round, &round->things[TASKS_BEFORE + who * TASKS_RACING + i]);
}

static void do_cancel(struct round *round, int who)
{
	(void)who;
	for (int i = 0; i < TASKS_BEFORE; i++)
		(void)qs_future_cancel(round->things[i].future);
}

static void do_stop_each(struct round *round, int who)
{
	(void)who;
	for (int i = TASKS_BEFORE - 1; i >= 0; i--)
		(void)qs_future_stop(round->things[i].future, -EIO, "one by one");
}

static void do_ask(struct round *round, int who)
{
	(void)qs_stop_ask(who == 0 ? round->stop : qs_pool_stop(round->pool), 0, NULL);
}

static void do_shutdown(struct round *round, int who)
{
	for (int mode = who; mode <= QS_STOP; mode++)
		(void)qs_pool_shutdown(round->pool, (qs_shutdown_mode)mode);
}

static void do_join(struct round *round, int who)
{
	(void)who;
	(void)qs_pool_join(round->pool, patience(), NULL, NULL);
}

static void do_wait(struct round *round, int who)
{
	for (int i = 0; i < TASKS_BEFORE; i++)
		(void)qs_wait(round->things[i].future, qs_after_ns(20000), who == 0 ? round->stop : NULL);
}

static act_fn *const acts[] = { do_submit, do_cancel, do_stop_each, do_ask, do_shutdown, do_join, do_wait };

#define ACTS (sizeof(acts) / sizeof(acts[0]))

/* -------------------------------------------------------------------------------------- a round */

struct racer {
	struct round *round;
	act_fn *act;
	int who;
};

static void *race(void *arg)
{
	const struct racer *racer = arg;

	(void)pthread_barrier_wait(&racer->round->start);
	racer->act(racer->round, racer->who);
	return NULL;
}

static void round_begin(struct round *round, uint64_t *seed)
{
	qs_stop_options below = QS_STOP_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	*round = (struct round){ .pool = NULL };
	assert_int_equal(qs_stop_create(&round->stop, &below), 0);
	options.workers = 1 + seed_next(seed) % 3;
	options.stop = round->stop;
	options.max_pending = seed_next(seed) % 2 ? 0 : TASKS_BEFORE + 2;
	assert_int_equal(qs_pool_create(&round->pool, &options), 0);
	assert_int_equal(pthread_barrier_init(&round->start, NULL, 2), 0);
	for (size_t i = 0; i < sizeof(round->things) / sizeof(round->things[0]); i++)
		round->things[i].may_sleep = (int)(seed_next(seed) % 2);
	for (int i = 0; i < TASKS_BEFORE; i++) {
		submit_thing(round, &round->things[i]);
		assert_non_null(round->things[i].future);
	}
}

static void check_thing(const struct thing *thing)
{
	const int state = qs_future_state(thing->future);

	if (thing->future == NULL) {
		assert_int_equal(thing->runs, 0);
		assert_int_equal(thing->destroyed, 0);
		return;
	}
	assert_true(state == QS_DONE || state == QS_STOPPED || state == QS_CANCELLED);
	assert_int_equal(thing->runs, state == QS_CANCELLED ? 0 : 1);
	assert_int_equal(thing->destroyed, 1);
}

static void round_end(struct round *round)
{
	const qs_report report = pool_end(round->pool, QS_DRAIN);
	unsigned accepted = 0;

	for (size_t i = 0; i < sizeof(round->things) / sizeof(round->things[0]); i++) {
		check_thing(&round->things[i]);
		accepted += round->things[i].future != NULL;
		qs_future_release(round->things[i].future);
	}
	assert_int_equal(report.submitted, accepted);
	(void)pthread_barrier_destroy(&round->start);
	qs_stop_release(round->stop);
}

static void race_once(act_fn *one, act_fn *other, uint64_t *seed)
{
	static struct round round;
	struct racer here = { &round, one, 0 };
	struct racer there = { &round, other, 1 };
	pthread_t thread;

	round_begin(&round, seed);
	assert_int_equal(pthread_create(&thread, NULL, race, &there), 0);
	(void)race(&here);
	(void)pthread_join(thread, NULL);
	round_end(&round);
}

static void test_pairs_race_and_nothing_is_lost(void **state)
{
	const char *given = getenv("QS_STRESS_SECONDS");
	const qs_time end = qs_after_s(given != NULL ? strtoll(given, NULL, 10) : SECONDS);
	uint64_t seed = seed_take();
	unsigned long rounds = 0;

	(void)state;
	do {
		for (size_t i = 0; i < ACTS * ACTS; i++, rounds++)
			race_once(acts[i / ACTS], acts[i % ACTS], &seed);
	} while (qs_now() < end);
	print_message("%lu rounds, %d of each pair\n", rounds, (int)(rounds / (ACTS * ACTS)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pairs_race_and_nothing_is_lost, leftovers_note, leftovers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
