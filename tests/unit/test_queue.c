/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c - core/queue.c alone: order, room, closing, and whom a wake-up belongs to.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/queue.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"

static void links_init(struct qs__list *links, size_t count)
{
	for (size_t i = 0; i < count; i++)
		qs__list_init(&links[i]);
}

static void push(struct qs__queue *queue, struct qs__list *link)
{
	bool is_unattended;

	assert_int_equal(qs__queue_push(queue, link, &is_unattended), 0);
}

/* As somebody who was not expected. */
static struct qs__list *take(struct qs__queue *queue)
{
	struct qs__regular regular = { NULL, NULL, false };

	return qs__queue_take(queue, &regular);
}

static void drain(struct qs__queue *queue)
{
	while (qs__queue_try_take(queue) != NULL)
		continue;
}

static void test_queue_is_first_in_first_out(void **state)
{
	struct qs__queue queue;
	struct qs__list links[3];

	(void)state;
	qs__queue_init(&queue, 0);
	links_init(links, 3);
	for (int i = 0; i < 3; i++)
		push(&queue, &links[i]);
	assert_true(qs__queue_remove(&queue, &links[1]));
	assert_false(qs__queue_remove(&queue, &links[1]));
	assert_ptr_equal(take(&queue), &links[0]);
	assert_ptr_equal(qs__queue_try_take(&queue), &links[2]);
	assert_null(qs__queue_try_take(&queue));
	assert_int_equal(qs__queue_look(&queue).pushed, 3);
	qs__queue_fini(&queue);
}

static void test_queue_full_refuses_until_something_leaves(void **state)
{
	struct qs__queue queue;
	struct qs__list links[3];
	bool is_unattended;

	(void)state;
	qs__queue_init(&queue, 2);
	links_init(links, 3);
	push(&queue, &links[0]);
	push(&queue, &links[1]);
	assert_int_equal(qs__queue_push(&queue, &links[2], &is_unattended), -EAGAIN);
	assert_int_equal(qs__queue_push_by(&queue, &links[2], &is_unattended, qs_after_ms(2), NULL, NULL), -ETIMEDOUT);
	assert_false(qs__list_is_linked(&links[2]));
	assert_true(qs__queue_remove(&queue, &links[0]));
	push(&queue, &links[2]);
	assert_int_equal(qs__queue_look(&queue).pushed, 3);
	drain(&queue);
	qs__queue_fini(&queue);
}

static void test_queue_closed_takes_no_more_and_gives_what_is_there(void **state)
{
	struct qs__queue queue;
	struct qs__list links[2];
	bool is_unattended;

	(void)state;
	qs__queue_init(&queue, 1);
	links_init(links, 2);
	push(&queue, &links[0]);
	qs__queue_close(&queue);
	qs__queue_close(&queue);
	assert_int_equal(qs__queue_push(&queue, &links[1], &is_unattended), -ESHUTDOWN);
	assert_int_equal(qs__queue_push_by(&queue, &links[1], &is_unattended, QS_NEVER, NULL, NULL), -ESHUTDOWN);
	assert_ptr_equal(take(&queue), &links[0]);
	assert_null(take(&queue));
	qs__queue_fini(&queue);
}

/* ---------------------------------------------------------------------------- takers and givers */

#define THREADS 4

struct parked {
	struct qs__queue queue;
	struct gate about;
	atomic_int taken;
	atomic_int refused;
	struct qs__list links[THREADS];
	atomic_int next;
};

static void *take_all(void *arg)
{
	struct parked *it = arg;

	gate_raise(&it->about);
	while (take(&it->queue) != NULL)
		(void)atomic_fetch_add(&it->taken, 1);
	return NULL;
}

/* A2: those that are parked, those that are about to be, and those that come later. */
static void test_queue_a2_close_reaches_every_taker(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct parked it = { .about = GATE_INIT };
		pthread_t threads[THREADS];

		qs__queue_init(&it.queue, 0);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, take_all, &it), 0);
		gate_await(&it.about, (unsigned)(round % (THREADS + 1)));
		qs__queue_close(&it.queue);
		for (int i = 0; i < THREADS; i++)
			(void)pthread_join(threads[i], NULL);
		qs__queue_fini(&it.queue);
	}
}

static void *push_one(void *arg)
{
	struct parked *it = arg;
	struct qs__list *link = &it->links[atomic_fetch_add(&it->next, 1)];
	bool is_unattended;
	int error;

	gate_raise(&it->about);
	error = qs__queue_push_by(&it->queue, link, &is_unattended, patience(), NULL, NULL);
	if (error == -ESHUTDOWN)
		(void)atomic_fetch_add(&it->refused, 1);
	return NULL;
}

static void test_queue_a2_close_reaches_every_giver(void **state)
{
	struct parked it = { .about = GATE_INIT };
	pthread_t threads[THREADS];
	struct qs__list first;

	(void)state;
	qs__queue_init(&it.queue, 1);
	qs__list_init(&first);
	links_init(it.links, THREADS);
	push(&it.queue, &first);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push_one, &it), 0);
	gate_await(&it.about, THREADS);
	qs__queue_close(&it.queue);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(it.refused, THREADS);
	drain(&it.queue);
	qs__queue_fini(&it.queue);
}

static void test_queue_each_item_that_leaves_lets_one_giver_in(void **state)
{
	struct parked it = { .about = GATE_INIT };
	pthread_t threads[THREADS];
	struct qs__list first;

	(void)state;
	qs__queue_init(&it.queue, 1);
	qs__list_init(&first);
	links_init(it.links, THREADS);
	push(&it.queue, &first);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push_one, &it), 0);
	gate_await(&it.about, THREADS);
	for (int i = 0; i < THREADS + 1; i++)
		assert_non_null(take(&it.queue));
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(it.refused, 0);
	assert_int_equal(qs__queue_look(&it.queue).pushed, THREADS + 1);
	qs__queue_fini(&it.queue);
}

/* One that gives up again and again, beside one that waits. */
struct impatient {
	struct qs__queue queue;
	struct gate about;
	atomic_bool is_over;
	struct qs__list mine;
	struct qs__list theirs;
};

static void *give_up_again_and_again(void *arg)
{
	struct impatient *it = arg;
	bool is_unattended;

	gate_raise(&it->about);
	while (!atomic_load(&it->is_over)) {
		if (qs__queue_push_by(&it->queue, &it->mine, &is_unattended, qs_after_ns(2000), NULL, NULL) == 0)
			(void)qs__queue_remove(&it->queue, &it->mine);
	}
	return NULL;
}

static void *wait_for_room(void *arg)
{
	struct impatient *it = arg;
	bool is_unattended;

	return (void *)(intptr_t)qs__queue_push_by(&it->queue, &it->theirs, &is_unattended, patience(), NULL, NULL);
}

/* A14: the wake-up for room falls upon a giver that is just leaving; it passes it on. */
static void test_queue_a14_giver_that_gives_up_passes_the_room_on(void **state)
{
	struct impatient it = { .about = GATE_INIT };
	pthread_t impatient;
	struct qs__list filler;

	(void)state;
	qs__queue_init(&it.queue, 1);
	qs__list_init(&it.mine);
	qs__list_init(&it.theirs);
	qs__list_init(&filler);
	push(&it.queue, &filler);
	assert_int_equal(pthread_create(&impatient, NULL, give_up_again_and_again, &it), 0);
	gate_await(&it.about, 1);
	for (int round = 0; round < 1000; round++) {
		pthread_t patient;
		void *result;

		assert_int_equal(pthread_create(&patient, NULL, wait_for_room, &it), 0);
		(void)qs__queue_remove(&it.queue, &filler);
		(void)pthread_join(patient, &result);
		assert_int_equal((intptr_t)result, 0);
		assert_true(qs__queue_remove(&it.queue, &it.theirs));
		while (qs__queue_push(&it.queue, &filler, &(bool){ false }) != 0)
			continue;
	}
	atomic_store(&it.is_over, true);
	(void)pthread_join(impatient, NULL);
	drain(&it.queue);
	qs__queue_fini(&it.queue);
}

/* ------------------------------------------------------------------------------ who is attended */

static void test_queue_a15_item_without_takers_is_unattended(void **state)
{
	struct qs__queue queue;
	struct qs__list links[2];

	(void)state;
	qs__queue_init(&queue, 0);
	links_init(links, 2);
	for (int i = 0; i < 2; i++) {
		bool is_unattended = false;

		assert_int_equal(qs__queue_push(&queue, &links[i], &is_unattended), 0);
		assert_true(is_unattended);
	}
	drain(&queue);
	qs__queue_fini(&queue);
}

static bool is_taker_parked(void *arg)
{
	struct qs__queue *queue = arg;
	bool is_parked;

	qs__depot_lock(&queue->depot);
	is_parked = queue->depot.takers.parked != 0;
	qs__depot_unlock(&queue->depot);
	return is_parked;
}

static void *take_one(void *arg)
{
	struct parked *it = arg;

	(void)take(&it->queue);
	return NULL;
}

/*
 * A taker that was woken attends one item; the second one needs somebody else,
 * however the two pushes fall.
 */
static void test_queue_a15_one_parked_taker_attends_one_item(void **state)
{
	(void)state;
	for (int round = 0; round < 500; round++) {
		struct parked it = { .about = GATE_INIT };
		bool is_unattended[2] = { false, false };
		pthread_t thread;

		qs__queue_init(&it.queue, 0);
		links_init(it.links, 2);
		assert_int_equal(pthread_create(&thread, NULL, take_one, &it), 0);
		assert_true(eventually(is_taker_parked, &it.queue));
		for (int i = 0; i < 2; i++)
			assert_int_equal(qs__queue_push(&it.queue, &it.links[i], &is_unattended[i]), 0);
		assert_false(is_unattended[0]);
		assert_true(is_unattended[1]);
		(void)pthread_join(thread, NULL);
		drain(&it.queue);
		qs__queue_fini(&it.queue);
	}
}

static bool push_is_unattended(struct qs__queue *queue, struct qs__list *link)
{
	bool is_unattended = false;

	assert_int_equal(qs__queue_push(queue, link, &is_unattended), 0);
	return is_unattended;
}

static void test_queue_a15_expected_taker_attends_one_item(void **state)
{
	struct qs__regular regular = { NULL, NULL, false };
	struct qs__queue queue;
	struct qs__list links[3];

	(void)state;
	qs__queue_init(&queue, 0);
	links_init(links, 3);
	qs__depot_expect(&queue.depot, &regular);
	assert_false(push_is_unattended(&queue, &links[0]));
	assert_true(push_is_unattended(&queue, &links[1]));
	/* It has come, takes one, and may be long about it. */
	assert_ptr_equal(qs__queue_take(&queue, &regular), &links[0]);
	assert_true(push_is_unattended(&queue, &links[2]));
	drain(&queue);
	qs__queue_fini(&queue);
}

static void test_queue_a15_taker_that_will_not_come_attends_nothing(void **state)
{
	struct qs__regular regular = { NULL, NULL, false };
	struct qs__queue queue;
	struct qs__list link;

	(void)state;
	qs__queue_init(&queue, 0);
	links_init(&link, 1);
	qs__depot_expect(&queue.depot, &regular);
	qs__depot_expect_no_more(&queue.depot, &regular);
	qs__depot_expect_no_more(&queue.depot, &regular);
	assert_true(push_is_unattended(&queue, &link));
	drain(&queue);
	qs__queue_fini(&queue);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_queue_is_first_in_first_out),
		test(test_queue_full_refuses_until_something_leaves),
		test(test_queue_closed_takes_no_more_and_gives_what_is_there),
		test(test_queue_a2_close_reaches_every_taker),
		test(test_queue_a2_close_reaches_every_giver),
		test(test_queue_each_item_that_leaves_lets_one_giver_in),
		test(test_queue_a14_giver_that_gives_up_passes_the_room_on),
		test(test_queue_a15_item_without_takers_is_unattended),
		test(test_queue_a15_one_parked_taker_attends_one_item),
		test(test_queue_a15_expected_taker_attends_one_item),
		test(test_queue_a15_taker_that_will_not_come_attends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
