/* SPDX-License-Identifier: MIT */
/*
 * stress_item_queue.c - putters and getters with little patience, a stop and a close at some
 * moment, and owners that leave.
 *
 * Each thread makes up its mind call by call: whether it waits and how long, and whether a token
 * that is asked in the middle may end that.  Each gives its reference back when it has done; the
 * last one destroys what is left.  Afterwards the account must be even: each item that was put
 * was got or destroyed, once.
 *
 * QS_TEST_SEED repeats the choices (the scheduler's are its own), QS_STRESS_SECONDS says how long.
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

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/seed.h"

#define SECONDS 3
#define ITEMS 300	/* of each putter: more than a few blocks hold */

enum { PUTTERS = 2, GETTERS = 2, THREADS = PUTTERS + GETTERS + 1 };

struct item {
	bool is_put;		/* its putter's, until that is joined */
	atomic_uint got;
	atomic_uint destroyed;
};

struct round {
	qs_queue *queue;	/* each thread has a reference */
	qs_stop *stop;
	pthread_barrier_t start;
	atomic_uint wrong;	/* answers that no call may give */
	struct item items[PUTTERS][ITEMS];
};

struct actor {
	struct round *round;
	uint64_t seed;
	struct item *items;	/* a putter's */
	pthread_t thread;
};

static void destroy_item(void *item)
{
	(void)atomic_fetch_add(&((struct item *)item)->destroyed, 1);
}

static qs_time some_deadline(uint64_t *seed)
{
	switch (seed_next(seed) % 4) {
	case 0:
		return QS_NOW;
	case 1:
		return qs_after_ns(seed_next(seed) % 20000);
	default:
		return patience();
	}
}

static qs_stop *some_stop(struct actor *actor)
{
	return seed_next(&actor->seed) % 2 ? actor->round->stop : NULL;
}

/* An error that ends an actor's round; the others are its own impatience. */
static bool is_over(struct actor *actor, int error)
{
	if (error != 0 && error != -ETIMEDOUT && error != -ECANCELED && error != -ESHUTDOWN)
		(void)atomic_fetch_add(&actor->round->wrong, 1);
	return error == -ESHUTDOWN;
}

static void *put_all(void *arg)
{
	struct actor *actor = arg;
	bool is_done = false;

	(void)pthread_barrier_wait(&actor->round->start);
	for (int i = 0; i < ITEMS && !is_done; i++) {
		struct item *item = &actor->items[i];
		qs_stop *stop = some_stop(actor);
		const int error = qs_queue_put(actor->round->queue, item, some_deadline(&actor->seed), stop);

		item->is_put = error == 0;
		is_done = is_over(actor, error);
	}
	qs_queue_release(actor->round->queue);
	return NULL;
}

static void *get_until_closed(void *arg)
{
	struct actor *actor = arg;
	bool is_done = false;

	(void)pthread_barrier_wait(&actor->round->start);
	while (!is_done) {
		void *item;
		qs_stop *stop = some_stop(actor);
		const int error = qs_queue_get(actor->round->queue, &item, some_deadline(&actor->seed), stop);

		if (error == 0)
			(void)atomic_fetch_add(&((struct item *)item)->got, 1);
		/* A getter may go in the middle, and leave the rest to the last owner. */
		is_done = is_over(actor, error) || seed_next(&actor->seed) % 1000 == 0;
	}
	qs_queue_release(actor->round->queue);
	return NULL;
}

static void *make_trouble(void *arg)
{
	struct actor *actor = arg;

	(void)pthread_barrier_wait(&actor->round->start);
	(void)qs_sleep(qs_after_ns(seed_next(&actor->seed) % 200000), NULL);
	(void)qs_stop_ask(actor->round->stop, 0, NULL);
	(void)qs_sleep(qs_after_ns(seed_next(&actor->seed) % 200000), NULL);
	if (qs_queue_close(actor->round->queue) != 1)
		(void)atomic_fetch_add(&actor->round->wrong, 1);
	qs_queue_release(actor->round->queue);
	return NULL;
}

static void round_begin(struct round *round, uint64_t *seed)
{
	static const size_t limits[] = { 0, 1, 2, 100 };
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;

	*round = (struct round){ .queue = NULL };
	options.limit = limits[seed_next(seed) % 4];
	options.destroy = destroy_item;
	assert_int_equal(qs_queue_create(&round->queue, &options), 0);
	assert_int_equal(qs_stop_create(&round->stop, NULL), 0);
	assert_int_equal(pthread_barrier_init(&round->start, NULL, THREADS), 0);
}

static void round_end(struct round *round)
{
	for (int i = 0; i < PUTTERS * ITEMS; i++) {
		const struct item *item = &round->items[i / ITEMS][i % ITEMS];

		assert_int_equal(item->got + item->destroyed, item->is_put ? 1 : 0);
	}
	assert_int_equal(round->wrong, 0);
	(void)pthread_barrier_destroy(&round->start);
	qs_stop_release(round->stop);
}

static void run_round(uint64_t *seed)
{
	static struct round round;
	struct actor actors[THREADS];

	round_begin(&round, seed);
	for (int i = 0; i < THREADS; i++) {
		void *(*const act)(void *) = i < PUTTERS ? put_all : i < PUTTERS + GETTERS ? get_until_closed : make_trouble;

		actors[i] = (struct actor){ .round = &round, .seed = *seed + (uint64_t)i + 1 };
		actors[i].items = i < PUTTERS ? round.items[i] : NULL;
		(void)qs_queue_retain(round.queue);
		assert_int_equal(pthread_create(&actors[i].thread, NULL, act, &actors[i]), 0);
	}
	qs_queue_release(round.queue);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(actors[i].thread, NULL);
	round_end(&round);
}

static void test_queue_loses_nothing_whoever_leaves(void **state)
{
	const char *given = getenv("QS_STRESS_SECONDS");
	const qs_time end = qs_after_s(given != NULL ? strtoll(given, NULL, 10) : SECONDS);
	uint64_t seed = seed_take();
	unsigned long rounds = 0;

	(void)state;
	do {
		(void)seed_next(&seed);
		run_round(&seed);
		rounds++;
	} while (qs_now() < end);
	print_message("%lu rounds\n", rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_queue_loses_nothing_whoever_leaves, leftovers_note, leftovers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
