/* SPDX-License-Identifier: MIT */
/*
 * test_item_queue.c - verbs/item_queue.c, the public queue: order, room, who wins,
 * who is woken, what is left.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/asleep.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static qs_queue *queue_make(size_t limit)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;

	options.limit = limit;
	assert_int_equal(qs_queue_create(&queue, &options), 0);
	return queue;
}

static void *number(uintptr_t value)
{
	return (void *)value;
}

static void put(qs_queue *queue, uintptr_t value)
{
	assert_int_equal(qs_queue_put(queue, number(value), QS_NOW, NULL), 0);
}

static void check_gives(qs_queue *queue, uintptr_t value)
{
	void *item = queue;

	assert_int_equal(qs_queue_get(queue, &item, QS_NOW, NULL), 0);
	assert_ptr_equal(item, number(value));
}

/* Refused, and *out is as it was. */
static void check_refuses(qs_queue *queue, qs_time deadline, qs_stop *stop, int error)
{
	void *item = queue;

	assert_int_equal(qs_queue_get(queue, &item, deadline, stop), error);
	assert_ptr_equal(item, queue);
}

/* -------------------------------------------------------------------------------- alone with it */

static void test_item_queue_is_first_in_first_out(void **state)
{
	qs_queue *queue = queue_make(0);

	(void)state;
	for (uintptr_t round = 1; round < 200; round++) {
		for (uintptr_t i = 0; i < round; i++)
			put(queue, i);	/* the first is NULL, an item as any other */
		assert_int_equal(qs_queue_count(queue), round);
		for (uintptr_t i = 0; i < round; i++)
			check_gives(queue, i);
		assert_int_equal(qs_queue_count(queue), 0);
	}
	qs_queue_release(queue);
}

static void test_item_queue_full_one_refuses(void **state)
{
	qs_queue *queue = queue_make(2);
	const qs_time deadline = qs_after_ms(5);

	(void)state;
	put(queue, 1);
	put(queue, 2);
	assert_int_equal(qs_queue_put(queue, number(3), QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(qs_queue_put(queue, number(3), deadline, NULL), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	assert_int_equal(qs_queue_count(queue), 2);
	check_gives(queue, 1);
	put(queue, 3);
	check_gives(queue, 2);
	check_gives(queue, 3);
	qs_queue_release(queue);
}

static void test_item_queue_dry_one_gives_nothing(void **state)
{
	qs_queue *queue = queue_make(0);
	const qs_time deadline = qs_after_ms(5);

	(void)state;
	check_refuses(queue, QS_NOW, NULL, -ETIMEDOUT);
	check_refuses(queue, deadline, NULL, -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	qs_queue_release(queue);
}

static void test_item_queue_a_past_deadline_loses_against_item_and_room(void **state)
{
	qs_queue *queue = queue_make(1);
	void *item;

	(void)state;
	assert_int_equal(qs_queue_put(queue, NULL, qs_now() - 1, NULL), 0);
	assert_int_equal(qs_queue_get(queue, &item, qs_now() - 1, NULL), 0);
	qs_queue_release(queue);
}

static void test_item_queue_closed_gives_what_is_there(void **state)
{
	qs_queue *queue = queue_make(0);

	(void)state;
	put(queue, 1);
	put(queue, 2);
	assert_int_equal(qs_queue_close(queue), 1);
	assert_int_equal(qs_queue_close(queue), 0);
	assert_int_equal(qs_queue_put(queue, number(3), QS_NEVER, NULL), -ESHUTDOWN);
	check_gives(queue, 1);
	check_gives(queue, 2);
	check_refuses(queue, QS_NEVER, NULL, -ESHUTDOWN);
	assert_int_equal(qs_queue_close(queue), 0);
	qs_queue_release(queue);
}

/* Whatever else there is to say. */
static void test_item_queue_stop_beats_everything(void **state)
{
	qs_queue *queue = queue_make(2);
	qs_stop *stop = NULL;

	(void)state;
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	(void)qs_stop_ask(stop, 0, NULL);
	check_refuses(queue, QS_NEVER, stop, -ECANCELED);
	check_refuses(queue, QS_NOW, stop, -ECANCELED);
	put(queue, 1);
	check_refuses(queue, QS_NEVER, stop, -ECANCELED);
	assert_int_equal(qs_queue_put(queue, number(2), QS_NEVER, stop), -ECANCELED);
	put(queue, 2);
	assert_int_equal(qs_queue_put(queue, number(3), QS_NOW, stop), -ECANCELED);
	assert_int_equal(qs_queue_close(queue), 1);
	assert_int_equal(qs_queue_put(queue, number(3), QS_NOW, stop), -ECANCELED);
	check_refuses(queue, QS_NOW, stop, -ECANCELED);
	check_gives(queue, 1);
	check_gives(queue, 2);
	qs_stop_release(stop);
	qs_queue_release(queue);
}

static void test_item_queue_bad_arguments_are_refused(void **state)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;
	void *item;

	(void)state;
	assert_int_equal(qs_queue_create(NULL, NULL), -EINVAL);
	options.size++;
	assert_int_equal(qs_queue_create(&queue, &options), -EINVAL);
	options.size--;
	options.flags = 1;
	assert_int_equal(qs_queue_create(&queue, &options), -EINVAL);
	assert_null(queue);
	assert_int_equal(qs_queue_create(&queue, NULL), 0);
	assert_int_equal(qs_queue_get(queue, NULL, QS_NOW, NULL), -EINVAL);
	qs_queue_release(queue);
	assert_int_equal(qs_queue_put(NULL, NULL, QS_NOW, NULL), -EINVAL);
	assert_int_equal(qs_queue_get(NULL, &item, QS_NOW, NULL), -EINVAL);
	assert_int_equal(qs_queue_close(NULL), -EINVAL);
	assert_int_equal(qs_queue_count(NULL), 0);
	assert_null(qs_queue_retain(NULL));
	qs_queue_release(NULL);
}

/* --------------------------------------------------------------------------------- what is left */

/* A destructor of numbers: each may come once. */
static unsigned destroyed[100];

static void destroy_number(void *item)
{
	destroyed[(uintptr_t)item]++;
}

static void test_item_queue_leftovers_are_destroyed_once(void **state)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;

	(void)state;
	options.destroy = destroy_number;
	assert_int_equal(qs_queue_create(&queue, &options), 0);
	for (uintptr_t i = 0; i < 100; i++)
		put(queue, i);
	for (uintptr_t i = 0; i < 10; i++)
		check_gives(queue, i);
	assert_int_equal(qs_queue_close(queue), 1);
	assert_ptr_equal(qs_queue_retain(queue), queue);
	qs_queue_release(queue);
	assert_int_equal(destroyed[99], 0);	/* an owner is left */
	check_gives(queue, 10);
	qs_queue_release(queue);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(destroyed[i], i <= 10 ? 0 : 1);
}

/* ------------------------------------------------------------------------- those who are parked */

enum side { GETTER, PUTTER };

/* A thread that does one call and says what came of it. */
struct visitor {
	enum side side;
	qs_queue *queue;
	qs_time deadline;
	qs_stop *stop;
	uintptr_t value;	/* put, or got */
	int result;
	struct gate about;
	int thread;		/* published by the gate */
	pthread_t handle;
};

static void *visit(void *arg)
{
	struct visitor *it = arg;
	void *item = NULL;

	it->thread = asleep_self();
	gate_raise(&it->about);
	if (it->side == GETTER)
		it->result = qs_queue_get(it->queue, &item, it->deadline, it->stop);
	else
		it->result = qs_queue_put(it->queue, number(it->value), it->deadline, it->stop);
	if (it->side == GETTER)
		it->value = (uintptr_t)item;
	return NULL;
}

static void visitor_start(struct visitor *it, enum side side, qs_queue *queue, qs_stop *stop)
{
	*it = (struct visitor){ side, queue, patience(), stop, 77, 0, GATE_INIT, 0, 0 };
	assert_int_equal(pthread_create(&it->handle, NULL, visit, it), 0);
	gate_await(&it->about, 1);
}

static void visitor_park(struct visitor *it, enum side side, qs_queue *queue, qs_stop *stop)
{
	visitor_start(it, side, queue, stop);
	asleep_await(it->thread);
}

static void visitor_end(struct visitor *it, int result)
{
	assert_int_equal(pthread_join(it->handle, NULL), 0);
	assert_int_equal(it->result, result);
}

/* Of each side: one that has nothing to get, and one that has no room. */
static qs_queue *queue_to_wait_at(enum side side)
{
	qs_queue *queue = queue_make(1);

	if (side == PUTTER)
		put(queue, 1);
	return queue;
}

static void test_item_queue_item_wakes_a_getter_and_room_a_putter(void **state)
{
	struct visitor getter;
	struct visitor putter;
	qs_queue *queue = queue_make(1);

	(void)state;
	visitor_park(&getter, GETTER, queue, NULL);
	put(queue, 5);
	visitor_end(&getter, 0);
	assert_int_equal(getter.value, 5);
	put(queue, 6);
	visitor_park(&putter, PUTTER, queue, NULL);
	check_gives(queue, 6);
	visitor_end(&putter, 0);
	check_gives(queue, 77);
	qs_queue_release(queue);
}

/* P3, A27: parked or about to be, whichever the round brings. */
static void test_item_queue_a27_stop_ends_a_wait(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		const enum side side = round % 2 ? GETTER : PUTTER;
		qs_queue *queue = queue_to_wait_at(side);
		qs_stop *stop = NULL;
		struct visitor it;

		assert_int_equal(qs_stop_create(&stop, NULL), 0);
		if (round < 20)
			visitor_park(&it, side, queue, stop);
		else
			visitor_start(&it, side, queue, stop);
		(void)qs_stop_ask(stop, 0, NULL);
		visitor_end(&it, -ECANCELED);
		assert_int_equal(qs_queue_count(queue), side == PUTTER ? 1 : 0);
		qs_stop_release(stop);
		qs_queue_release(queue);
	}
}

static void test_item_queue_a2_close_reaches_everybody(void **state)
{
	enum { VISITORS = 4 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		const enum side side = round % 2 ? GETTER : PUTTER;
		qs_queue *queue = queue_to_wait_at(side);
		struct visitor them[VISITORS];

		for (int i = 0; i < VISITORS; i++)
			visitor_start(&them[i], side, queue, NULL);
		if (round < 20)
			asleep_await(them[round % VISITORS].thread);
		assert_int_equal(qs_queue_close(queue), 1);
		for (int i = 0; i < VISITORS; i++)
			visitor_end(&them[i], -ESHUTDOWN);
		qs_queue_release(queue);
	}
}

#define IDLE_MS 300	/* polls worth the name come more often */
#ifdef __SANITIZE_THREAD__
#define PARKS_IN_SLICES 1	/* platform/real/park.c */
#else
#define PARKS_IN_SLICES 0
#endif

/*
 * True if none of the two went to sleep in that time, because none woke up.  They may be on
 * their way to sleep at first.
 */
static bool stay_asleep(void *arg)
{
	const struct visitor *them = arg;
	const long before = asleep_count(them[0].thread) + asleep_count(them[1].thread);

	assert_int_equal(qs_sleep(qs_after_ms(IDLE_MS), NULL), 0);
	return asleep_count(them[0].thread) + asleep_count(them[1].thread) == before;
}

/* P3: nobody is woken while there is nothing to do; the token and the deadline are there, but far. */
static void test_item_queue_waits_without_a_wake_up(void **state)
{
	static const enum side sides[2] = { GETTER, PUTTER };
	struct visitor them[2];
	qs_queue *queues[2];
	qs_stop *stop = NULL;

	(void)state;
	if (PARKS_IN_SLICES) {
		print_message("SKIP: under the thread sanitizer a parked thread wakes up now and then\n");
		skip();
	}
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	for (int i = 0; i < 2; i++) {
		queues[i] = queue_to_wait_at(sides[i]);
		visitor_park(&them[i], sides[i], queues[i], stop);
	}
	assert_true(eventually(stay_asleep, them));
	(void)qs_stop_ask(stop, 0, NULL);
	for (int i = 0; i < 2; i++) {
		visitor_end(&them[i], -ECANCELED);
		qs_queue_release(queues[i]);
	}
	qs_stop_release(stop);
}

/* -------------------------------------------------------------------- a call that fails to land */

/*
 * One that gives up again and again, by its deadline or its stop, beside one
 * that waits with patience.
 */
struct impatient {
	enum side side;
	bool is_by_stop;
	qs_queue *queue;
	struct gate about;
	atomic_bool is_over;
	_Atomic(qs_stop *) stop;	/* of the present try; whoever takes it releases it */
};

/* What it got or put by chance it puts back or takes back.  False if that fails. */
static bool try_once(struct impatient *it, qs_time deadline, qs_stop *stop)
{
	void *item = NULL;

	if (it->side == GETTER) {
		return qs_queue_get(it->queue, &item, deadline, stop) != 0 ||
		       qs_queue_put(it->queue, item, patience(), NULL) == 0;
	}
	return qs_queue_put(it->queue, item, deadline, stop) != 0 ||
	       qs_queue_get(it->queue, &item, patience(), NULL) == 0;
}

static bool try_until_asked(struct impatient *it)
{
	qs_stop *stop = NULL;
	bool is_good;

	if (qs_stop_create(&stop, NULL) != 0)
		return false;
	atomic_store(&it->stop, qs_stop_retain(stop));
	is_good = try_once(it, patience(), stop);
	qs_stop_release(atomic_exchange(&it->stop, NULL));
	qs_stop_release(stop);
	return is_good;
}

static void *give_up_again_and_again(void *arg)
{
	struct impatient *it = arg;
	bool is_good = true;

	gate_raise(&it->about);
	while (is_good && !atomic_load(&it->is_over))
		is_good = it->is_by_stop ? try_until_asked(it) : try_once(it, qs_after_ns(2000), NULL);
	return is_good ? NULL : it;
}

static void *ask_again_and_again(void *arg)
{
	struct impatient *it = arg;

	while (it->is_by_stop && !atomic_load(&it->is_over)) {
		qs_stop *stop = atomic_exchange(&it->stop, NULL);

		if (stop != NULL)
			(void)qs_stop_ask(stop, 0, NULL);
		qs_stop_release(stop);
		(void)sched_yield();
	}
	return NULL;
}

static void check_passes_on(enum side side, bool is_by_stop)
{
	struct impatient it = { .side = side, .is_by_stop = is_by_stop, .about = GATE_INIT };
	pthread_t impatient;
	pthread_t asker;
	void *trouble;

	it.queue = queue_to_wait_at(side);
	assert_int_equal(pthread_create(&impatient, NULL, give_up_again_and_again, &it), 0);
	assert_int_equal(pthread_create(&asker, NULL, ask_again_and_again, &it), 0);
	gate_await(&it.about, 1);
	for (int round = 0; round < 500; round++) {
		struct visitor patient;
		void *item;

		visitor_start(&patient, side, it.queue, NULL);
		if (side == GETTER)
			assert_int_equal(qs_queue_put(it.queue, number(77), patience(), NULL), 0);
		else
			assert_int_equal(qs_queue_get(it.queue, &item, patience(), NULL), 0);
		visitor_end(&patient, 0);
	}
	atomic_store(&it.is_over, true);
	if (is_by_stop)	/* its last wait may be one that nobody asks any more */
		assert_int_equal(qs_queue_close(it.queue), 1);
	(void)pthread_join(impatient, &trouble);
	(void)pthread_join(asker, NULL);
	assert_null(trouble);
	qs_queue_release(it.queue);
}

/* A14: the call falls upon one that is just leaving; it passes it on. */
static void test_item_queue_a14_who_gives_up_passes_the_call_on(void **state)
{
	(void)state;
	check_passes_on(GETTER, false);
	check_passes_on(PUTTER, false);
}

static void test_item_queue_a14_who_is_stopped_passes_the_call_on(void **state)
{
	(void)state;
	check_passes_on(GETTER, true);
	check_passes_on(PUTTER, true);
}

/* --------------------------------------------------------------------------- many on both sides */

enum { PRODUCERS = 3, CONSUMERS = 3, EACH = 5000 };

struct traffic {
	qs_queue *queue;
	atomic_int producer;
	atomic_uchar seen[PRODUCERS * EACH];
	atomic_int disorder;
};

static void *produce(void *arg)
{
	struct traffic *it = arg;
	const int producer = atomic_fetch_add(&it->producer, 1);
	intptr_t failures = 0;

	for (int i = 0; i < EACH; i++)
		failures += qs_queue_put(it->queue, number((uintptr_t)(producer * EACH + i)), patience(), NULL) != 0;
	return (void *)failures;
}

/* Of one producer's items, each consumer sees the older ones first. */
static void *consume(void *arg)
{
	struct traffic *it = arg;
	int last[PRODUCERS];
	void *item;
	int error;

	for (int i = 0; i < PRODUCERS; i++)
		last[i] = -1;
	while ((error = qs_queue_get(it->queue, &item, patience(), NULL)) == 0) {
		const int value = (int)(uintptr_t)item;

		(void)atomic_fetch_add(&it->seen[value], 1);
		if (value % EACH <= last[value / EACH])
			(void)atomic_fetch_add(&it->disorder, 1);
		last[value / EACH] = value % EACH;
	}
	return (void *)(intptr_t)(error == -ESHUTDOWN ? 0 : 1);
}

static void run_traffic(size_t limit)
{
	static struct traffic it;
	pthread_t threads[PRODUCERS + CONSUMERS];

	it = (struct traffic){ .queue = queue_make(limit) };
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume, &it), 0);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
		void *failures;

		if (i == PRODUCERS)
			assert_int_equal(qs_queue_close(it.queue), 1);
		(void)pthread_join(threads[i], &failures);
		assert_null(failures);
	}
	for (int i = 0; i < PRODUCERS * EACH; i++)
		assert_int_equal(it.seen[i], 1);
	assert_int_equal(it.disorder, 0);
	assert_int_equal(qs_queue_count(it.queue), 0);
	qs_queue_release(it.queue);
}

static void test_item_queue_each_item_arrives_once_and_in_order(void **state)
{
	(void)state;
	run_traffic(1);
	run_traffic(7);
	run_traffic(0);
}

/* ------------------------------------------------------------------ a worker that loops over it */

struct loop {
	qs_queue *queue;
	struct gate entered;
	bool feeds_itself;	/* the queue never runs dry */
};

static int loop_over(qs_task *task, void *arg)
{
	struct loop *it = arg;
	void *item;
	int error;

	gate_raise(&it->entered);
	while ((error = qs_queue_get(it->queue, &item, QS_NEVER, qs_task_stop(task))) == 0) {
		if (it->feeds_itself)
			error = qs_queue_put(it->queue, item, QS_NEVER, NULL);
	}
	return error;
}

/* The token ends the loop, whether it waits or has always something to do. */
static void test_item_queue_stop_ends_a_worker_that_loops_over_it(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct loop it = { queue_make(0), GATE_INIT, round % 2 == 1 };
		qs_pool *pool = pool_make(1);
		qs_future *future;

		if (it.feeds_itself)
			put(it.queue, 1);
		future = task_submit(pool, loop_over, &it);
		gate_await(&it.entered, 1);
		assert_int_equal(qs_pool_shutdown(pool, QS_STOP), 0);
		task_end(future, QS_STOPPED);
		(void)pool_end(pool, QS_STOP);
		assert_int_equal(qs_queue_count(it.queue), it.feeds_itself ? 1 : 0);
		qs_queue_release(it.queue);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_item_queue_is_first_in_first_out),
		test(test_item_queue_full_one_refuses),
		test(test_item_queue_dry_one_gives_nothing),
		test(test_item_queue_a_past_deadline_loses_against_item_and_room),
		test(test_item_queue_closed_gives_what_is_there),
		test(test_item_queue_stop_beats_everything),
		test(test_item_queue_bad_arguments_are_refused),
		test(test_item_queue_leftovers_are_destroyed_once),
		test(test_item_queue_item_wakes_a_getter_and_room_a_putter),
		test(test_item_queue_a27_stop_ends_a_wait),
		test(test_item_queue_a2_close_reaches_everybody),
		test(test_item_queue_waits_without_a_wake_up),
		test(test_item_queue_a14_who_gives_up_passes_the_call_on),
		test(test_item_queue_a14_who_is_stopped_passes_the_call_on),
		test(test_item_queue_each_item_arrives_once_and_in_order),
		test(test_item_queue_stop_ends_a_worker_that_loops_over_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
