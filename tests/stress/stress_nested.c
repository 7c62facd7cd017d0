/* SPDX-License-Identifier: MIT */
/*
 * stress_nested.c - tasks that wait for tasks, in pools too small for them:
 * nothing hangs, nothing is lost.
 *
 * *Trees*: each task waits without a deadline for children that it has submitted itself, into a
 * queue that may be full so that it runs them as a guest.  There is always somebody to run them,
 * so no wait may be refused.
 *
 * *Tangles*: each task does some of all that a task may do (wait for any others in any way,
 * submit, run as a guest, sleep), with time limits and callbacks that wait, in two pools, while
 * another thread cancels, stops, shuts down, or joins out of time.  There are circles: some waits
 * must be refused, all must end.
 *
 * QS_TEST_SEED repeats the choices (the scheduler's are its own), QS_STRESS_SECONDS says how
 * long, for both together.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/seed.h"

#define SECONDS 3

static qs_time half_of_the_time(void)
{
	const char *given = getenv("QS_STRESS_SECONDS");

	return qs_after_ms(500 * (given != NULL ? strtoll(given, NULL, 10) : SECONDS));
}

/* ---------------------------------------------------------------------------------------- trees */

#define CHILDREN_MAX 3

/* One task of a tree; its children's nodes are on its stack. */
struct node {
	qs_pool *pool;
	uint64_t seed;
	int height;
	int wrong;		/* what a call said that it should not have said, or 0 */
	atomic_uint *bodies;
};

static int grow(qs_task *task, void *arg);

/* As a guest, if there is no room. */
static int submit_child(qs_future **out, struct node *node, bool is_hurried)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.flags = QS_TASK_CALLER_RUNS;
	if (is_hurried) {
		options.begin_by = qs_after_s(3600);
		options.run_ns = INT64_C(3600000000000);
	}
	return qs_submit_by(out, node->pool, grow, node, &options, QS_NEVER, NULL);
}

static int await_children(qs_future *const *children, size_t count, bool one_by_one)
{
	int error = 0;

	if (!one_by_one)
		return qs_wait_all(children, count, QS_NEVER, NULL);
	for (size_t i = count; i > 0 && error == 0; i--)
		error = qs_wait(children[i - 1], QS_NEVER, NULL);
	return error;
}

static int grow(qs_task *task, void *arg)
{
	struct node *node = arg;
	struct node children[CHILDREN_MAX];
	qs_future *futures[CHILDREN_MAX];
	const size_t wanted = node->height > 0 ? seed_next(&node->seed) % (CHILDREN_MAX + 1) : 0;
	size_t count = 0;

	(void)task;
	(void)atomic_fetch_add(node->bodies, 1);
	while (count < wanted && node->wrong == 0) {
		struct node *child = &children[count];

		*child = (struct node){ node->pool, node->seed + count + 1, node->height - 1, 0, node->bodies };
		node->wrong = submit_child(&futures[count], child, seed_next(&node->seed) % 8 == 0);
		count += node->wrong == 0;
	}
	if (node->wrong == 0)
		node->wrong = await_children(futures, count, seed_next(&node->seed) % 2 == 0);
	for (size_t i = 0; i < count; i++) {
		if (node->wrong == 0)
			node->wrong = children[i].wrong;
		qs_future_release(futures[i]);
	}
	return node->wrong;
}

static void plant(uint64_t *seed, atomic_uint *bodies)
{
	enum { TREES = 4 };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	struct node roots[TREES];
	qs_future *futures[TREES];
	qs_pool *pool;

	options.workers = 1 + seed_next(seed) % 4;
	options.max_pending = seed_next(seed) % 2 ? 0 : 1 + seed_next(seed) % 4;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	for (int i = 0; i < TREES; i++) {
		roots[i] = (struct node){ pool, seed_next(seed) | 1, (int)(seed_next(seed) % 7), 0, bodies };
		assert_int_equal(submit_child(&futures[i], &roots[i], false), 0);
	}
	for (int i = 0; i < TREES; i++) {
		assert_int_equal(qs_wait(futures[i], patience(), NULL), 0);
		assert_int_equal(roots[i].wrong, 0);
		qs_future_release(futures[i]);
	}
	(void)pool_end(pool, QS_DRAIN);
}

static void test_nested_trees_are_never_refused(void **state)
{
	const qs_time end = half_of_the_time();
	uint64_t seed = seed_take();
	atomic_uint bodies = 0;
	unsigned long rounds = 0;

	(void)state;
	for (; qs_now() < end; rounds++)
		plant(&seed, &bodies);
	print_message("%lu rounds, %u bodies\n", rounds, atomic_load(&bodies));
}

/* -------------------------------------------------------------------------------------- tangles */

#define THINGS 24
#define DEEDS_MAX 4
#define POOLS 2

/* One task of a tangle, and all that happened to it. */
struct thing {
	struct tangle *tangle;
	uint64_t seed;			/* of its body, or its callback: one comes after the other */
	_Atomic(qs_future *) future;	/* NULL = it was not submitted, or not yet */
	atomic_uint runs;
	atomic_uint destroyed;
	atomic_uint calls;
	unsigned watched;		/* callbacks that were added */
};

struct tangle {
	qs_pool *pools[POOLS];
	qs_stop *stop;
	struct thing things[THINGS];
	atomic_uint submitted;		/* the next thing to be */
	atomic_uint inside;		/* bodies and callbacks */
	uint64_t chaos_seed;
	bool joins_early;
	bool shuts_down;
};

static struct {
	atomic_ulong waits;
	atomic_ulong refusals;
	atomic_ulong wrongs;		/* calls that said what they must not say */
} tally;

static int run_thing(qs_task *task, void *arg);
static void destroy_thing(void *arg);

static qs_future *any_future(struct tangle *tangle, uint64_t *seed)
{
	return atomic_load(&tangle->things[seed_next(seed) % THINGS].future);
}

static void note_wait(int result)
{
	(void)atomic_fetch_add(&tally.waits, 1);
	if (result == -EDEADLK)
		(void)atomic_fetch_add(&tally.refusals, 1);
	else if (result != 0 && result != 1 && result != -ETIMEDOUT && result != -ECANCELED)
		(void)atomic_fetch_add(&tally.wrongs, 1);
}

static int next_completed(qs_future *const *futures, size_t count, qs_time deadline, qs_stop *stop)
{
	qs_as_completed *set;
	qs_future *next;
	int result = qs_as_completed_create(&set, futures, count);

	if (result != 0)
		return result;
	result = qs_as_completed_next(set, &next, deadline, stop);
	qs_as_completed_destroy(set);
	return result;
}

static void wait_somehow(struct tangle *tangle, uint64_t *seed, qs_stop *stop)
{
	qs_future *futures[3];
	const qs_time deadline = seed_next(seed) % 4 == 0 ? qs_after_ns(seed_next(seed) % 50000) : QS_NEVER;
	const size_t wanted = 1 + seed_next(seed) % 3;
	size_t count = 0;

	while (count < wanted && (futures[count] = any_future(tangle, seed)) != NULL)
		count++;
	if (count == 0)
		return;
	if (seed_next(seed) % 2)
		stop = NULL;
	switch (seed_next(seed) % 5) {
	case 0:
		note_wait(qs_wait(futures[0], deadline, stop));
		break;
	case 1:
		note_wait(qs_wait_all(futures, count, deadline, stop));
		break;
	case 2:
		note_wait(qs_wait_any(NULL, futures, count, deadline, stop));
		break;
	case 3:
		note_wait(qs_wait_first_failure(NULL, futures, count, deadline, stop));
		break;
	default:
		note_wait(next_completed(futures, count, deadline, stop));
		break;
	}
}

static void submit_next(struct tangle *tangle, uint64_t *seed)
{
	const unsigned index = atomic_fetch_add(&tangle->submitted, 1);
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *future = NULL;
	struct thing *thing;

	if (index >= THINGS)
		return;
	thing = &tangle->things[index];
	options.name = "thing";
	options.destroy = destroy_thing;
	options.flags = seed_next(seed) % 2 ? QS_TASK_CALLER_RUNS : 0;
	options.stop = seed_next(seed) % 3 == 0 ? tangle->stop : NULL;
	options.begin_by = seed_next(seed) % 4 == 0 ? qs_after_ns(seed_next(seed) % 200000) : 0;
	options.run_ns = seed_next(seed) % 4 == 0 ? 1 + seed_next(seed) % 200000 : 0;
	if (qs_submit_by(&future, tangle->pools[seed_next(seed) % POOLS], run_thing, thing, &options, QS_NOW, NULL) == 0)
		atomic_store(&thing->future, future);
}

static void run_callback(qs_future *future, void *arg)
{
	struct thing *thing = arg;
	uint64_t seed = (uint64_t)(uintptr_t)future | 1;

	(void)atomic_fetch_add(&thing->tangle->inside, 1);
	(void)atomic_fetch_add(&thing->calls, 1);
	if (qs_future_is_ended(future) != 1)
		(void)atomic_fetch_add(&tally.wrongs, 1);
	/*
	 * Only with a deadline: it may be called in a thread that is no worker, or by the
	 * attendant, which others wait for.
	 */
	(void)qs_wait(atomic_load(&thing->tangle->things[seed_next(&seed) % THINGS].future), qs_after_ns(1000), NULL);
	(void)atomic_fetch_sub(&thing->tangle->inside, 1);
}

static void do_something(struct tangle *tangle, qs_task *task, uint64_t *seed)
{
	qs_future *future;

	switch (seed_next(seed) % 8) {
	case 0:
		(void)qs_sleep(qs_after_ns(seed_next(seed) % 100000), qs_task_stop(task));
		break;
	case 1:
		submit_next(tangle, seed);
		break;
	case 2:
		future = any_future(tangle, seed);
		if (future != NULL && seed_next(seed) % 4 == 0)
			(void)qs_future_cancel(future);
		break;
	default:
		wait_somehow(tangle, seed, qs_task_stop(task));
		break;
	}
}

static int run_thing(qs_task *task, void *arg)
{
	struct thing *thing = arg;
	struct tangle *tangle = thing->tangle;
	uint64_t seed = thing->seed;

	(void)atomic_fetch_add(&tangle->inside, 1);
	(void)atomic_fetch_add(&thing->runs, 1);
	for (uint32_t deeds = 1 + seed_next(&seed) % DEEDS_MAX; deeds > 0; deeds--)
		do_something(tangle, task, &seed);
	const int result = qs_stop_is_asked(qs_task_stop(task)) == 1 ? -ECANCELED : seed_next(&seed) % 4 == 0 ? -EIO : 0;

	(void)atomic_fetch_sub(&tangle->inside, 1);
	return result;
}

static void destroy_thing(void *arg)
{
	(void)atomic_fetch_add(&((struct thing *)arg)->destroyed, 1);
}

static void *make_trouble(void *arg)
{
	struct tangle *tangle = arg;
	uint64_t seed = tangle->chaos_seed;

	for (int i = 0; i < 8; i++) {
		qs_future *future = any_future(tangle, &seed);

		(void)qs_sleep(qs_after_ns(seed_next(&seed) % 50000), NULL);
		if (future != NULL && i % 2 == 0)
			(void)qs_future_cancel(future);
		else if (future != NULL)
			(void)qs_future_stop(future, -EIO, "trouble");
	}
	if (seed_next(&seed) % 4 == 0)
		(void)qs_stop_ask(tangle->stop, 0, "all of them");
	if (tangle->shuts_down)
		(void)qs_pool_shutdown(tangle->pools[0], (qs_shutdown_mode)(seed_next(&seed) % 3));
	return NULL;
}

static void tangle_begin(struct tangle *tangle, uint64_t *seed)
{
	*tangle = (struct tangle){ .chaos_seed = seed_next(seed) | 1 };
	tangle->joins_early = seed_next(seed) % 4 == 0;
	tangle->shuts_down = seed_next(seed) % 4 == 0;
	assert_int_equal(qs_stop_create(&tangle->stop, NULL), 0);
	for (int i = 0; i < POOLS; i++) {
		qs_pool_options options = QS_POOL_OPTIONS_INIT;

		options.workers = 1 + seed_next(seed) % 3;
		options.max_pending = seed_next(seed) % 2 ? 0 : 1 + seed_next(seed) % 6;
		assert_int_equal(qs_pool_create(&tangle->pools[i], &options), 0);
	}
	for (int i = 0; i < THINGS; i++) {
		tangle->things[i].tangle = tangle;
		tangle->things[i].seed = seed_next(seed) | 1;
	}
}

static void watch(struct thing *thing)
{
	qs_future *future = atomic_load(&thing->future);

	if (future == NULL)
		return;
	assert_int_equal(qs_future_callback_add(future, run_callback, thing), 0);
	thing->watched++;
}

static void check_thing(struct thing *thing)
{
	qs_future *future = atomic_load(&thing->future);
	const int ended = qs_future_state(future);

	if (future == NULL) {
		assert_int_equal(thing->runs, 0);
		assert_int_equal(thing->destroyed, 0);
		return;
	}
	assert_int_equal(qs_future_is_ended(future), 1);
	assert_in_range(thing->runs, 0, 1);
	if (ended == QS_CANCELLED)
		assert_int_equal(thing->runs, 0);
	else if (ended != QS_TIMED_OUT)
		assert_int_equal(thing->runs, 1);
	assert_int_equal(thing->destroyed, 1);
	assert_int_equal(thing->calls, thing->watched);
	qs_future_release(future);
}

static bool are_all_destroyed(void *arg)
{
	struct tangle *tangle = arg;

	for (int i = 0; i < THINGS; i++) {
		if (atomic_load(&tangle->things[i].future) != NULL && atomic_load(&tangle->things[i].destroyed) == 0)
			return false;
	}
	return atomic_load(&tangle->inside) == 0;
}

/*
 * Joins, out of time or not; what is left behind comes back before the pool is
 * destroyed, for its bodies submit.
 */
static void tangle_join(struct tangle *tangle)
{
	for (int i = 0; i < POOLS; i++) {
		qs_report report = QS_REPORT_INIT;
		const int joined = qs_pool_join(tangle->pools[i], tangle->joins_early ? QS_NOW : patience(), NULL, &report);

		assert_true(joined == 0 || (joined == -ETIMEDOUT && tangle->joins_early));
		report_check(&report);
	}
}

static bool is_nobody_inside(void *arg)
{
	return atomic_load(&((struct tangle *)arg)->inside) == 0;
}

static void tangle_end(struct tangle *tangle)
{
	tangle_join(tangle);
	assert_true(eventually(is_nobody_inside, tangle));
	for (int i = 0; i < POOLS; i++)
		assert_int_equal(qs_pool_destroy(tangle->pools[i]), 0);
	assert_true(eventually(are_all_destroyed, tangle));
	for (int i = 0; i < THINGS; i++)
		check_thing(&tangle->things[i]);
	qs_stop_release(tangle->stop);
}

static void tangle_once(uint64_t *seed)
{
	static struct tangle tangle;
	pthread_t thread;

	tangle_begin(&tangle, seed);
	assert_int_equal(pthread_create(&thread, NULL, make_trouble, &tangle), 0);
	for (int i = 0; i < THINGS; i++)
		submit_next(&tangle, seed);
	for (int i = 0; i < THINGS; i += 2)
		watch(&tangle.things[i]);
	(void)pthread_join(thread, NULL);
	tangle_end(&tangle);
}

static void test_nested_tangles_end_and_nothing_is_lost(void **state)
{
	const qs_time end = half_of_the_time();
	uint64_t seed = seed_take();
	unsigned long rounds = 0;

	(void)state;
	for (; qs_now() < end; rounds++)
		tangle_once(&seed);
	print_message("%lu rounds, %lu waits, %lu refused\n", rounds, atomic_load(&tally.waits),
		      atomic_load(&tally.refusals));
	assert_int_equal(tally.wrongs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nested_trees_are_never_refused, leftovers_note, leftovers_check),
		cmocka_unit_test_setup_teardown(test_nested_tangles_end_and_nothing_is_lost, leftovers_note, leftovers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
