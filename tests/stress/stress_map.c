/* SPDX-License-Identifier: MIT */
/*
 * stress_map.c - maps with a short life of every kind, while another thread asks, shuts
 * down or does nothing (A17).
 *
 * Afterwards the account must be even: each item that was pulled was freed once, run and handed out
 * at most once, and all of them were handed out unless the consumer left; the source was closed
 * once; the pool's report adds up.
 *
 * QS_TEST_SEED repeats the choices (the scheduler's are its own), QS_STRESS_SECONDS says how long.
 *
 * ctest: timeout=300
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/feed.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/seed.h"

#define SECONDS 3
#define ITEMS_MAX 40
#define WINDOW_MAX 8
#define PAUSE_MAX_NS 100000

struct round {
	qs_pool *pool;
	qs_map *map;
	qs_stop *stop;		/* the map's, counted */
	struct feed feed;
	void (*act)(struct round *round);
	int64_t pause_ns;	/* before the act */
	pthread_barrier_t start;
};

/* -------------------------------------------------------------------------- what the other does */

static void do_nothing(struct round *round)
{
	(void)round;
}

static void ask_map(struct round *round)
{
	(void)qs_stop_ask(round->stop, 0, NULL);
}

static void ask_pool(struct round *round)
{
	(void)qs_stop_ask(qs_pool_stop(round->pool), 0, NULL);
}

static void shut_to_drain(struct round *round)
{
	(void)qs_pool_shutdown(round->pool, QS_DRAIN);
}

static void shut_to_cancel(struct round *round)
{
	(void)qs_pool_shutdown(round->pool, QS_CANCEL);
}

static void shut_to_stop(struct round *round)
{
	(void)qs_pool_shutdown(round->pool, QS_STOP);
}

static void (*const acts[])(struct round *round) = { do_nothing, ask_map, ask_pool,
						     shut_to_drain, shut_to_cancel, shut_to_stop };

static void *act(void *arg)
{
	struct round *round = arg;

	(void)pthread_barrier_wait(&round->start);
	(void)qs_sleep(qs_after_ns(round->pause_ns), NULL);
	round->act(round);
	return NULL;
}

/* -------------------------------------------------------------------------------------- a round */

static void round_begin(struct round *round, uint64_t *seed)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	feed_init(&round->feed, seed_next(seed) % (ITEMS_MAX + 1));
	round->feed.ends_with = seed_next(seed) % 4 != 0 ? 0 : -EIO;
	if (round->feed.count > 0 && seed_next(seed) % 2 != 0)
		round->feed.items[seed_next(seed) % round->feed.count].returns = -ENOENT;
	options.workers = 1 + seed_next(seed) % 3;
	options.max_pending = seed_next(seed) % 4;
	assert_int_equal(qs_pool_create(&round->pool, &options), 0);
	round->map = feed_map(&round->feed, round->pool, seed_next(seed) % 4, 1 + seed_next(seed) % WINDOW_MAX);
	round->stop = qs_stop_retain(qs_map_stop(round->map));
	round->act = acts[seed_next(seed) % (sizeof(acts) / sizeof(acts[0]))];
	round->pause_ns = seed_next(seed) % PAUSE_MAX_NS;
	assert_int_equal(pthread_barrier_init(&round->start, NULL, 2), 0);
}

static qs_time some_deadline(uint64_t *seed)
{
	const uint32_t chance = seed_next(seed) % 8;

	return chance == 0 ? QS_NOW : chance == 1 ? qs_after_ns(seed_next(seed) % PAUSE_MAX_NS) : patience();
}

/* Takes so many at most; true if the map is over. */
static bool consume(struct round *round, uint32_t most, uint64_t *seed)
{
	int result = 1;

	while (most > 0 && (result == 1 || result == -ETIMEDOUT)) {
		result = feed_next(&round->feed, round->map, NULL, some_deadline(seed), NULL);
		most -= result == 1;
	}
	assert_true(result == 1 || result == 0 || result == -EIO || result == -ECANCELED || result == -ESHUTDOWN);
	return result != 1;
}

static void round_play(struct round *round, uint64_t *seed)
{
	pthread_t thread;
	qs_report report;

	assert_int_equal(pthread_create(&thread, NULL, act, round), 0);
	(void)pthread_barrier_wait(&round->start);
	if (consume(round, seed_next(seed) % (2 * ITEMS_MAX), seed))
		assert_int_equal(feed_handed(&round->feed), round->feed.pulled);
	qs_map_destroy(round->map);
	(void)pthread_join(thread, NULL);
	report = pool_end(round->pool, QS_DRAIN);
	feed_fini(&round->feed, &report);
	qs_stop_release(round->stop);
	(void)pthread_barrier_destroy(&round->start);
}

static void test_map_a17_everything_at_once_loses_nothing(void **state)
{
	const char *given = getenv("QS_STRESS_SECONDS");
	const qs_time end = qs_after_s(given != NULL ? strtoll(given, NULL, 10) : SECONDS);
	uint64_t seed = seed_take();
	unsigned long rounds = 0;

	(void)state;
	for (; qs_now() < end; rounds++) {
		static struct round round;

		round_begin(&round, &seed);
		round_play(&round, &seed);
	}
	print_message("%lu rounds\n", rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_map_a17_everything_at_once_loses_nothing, leftovers_note,
						leftovers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
