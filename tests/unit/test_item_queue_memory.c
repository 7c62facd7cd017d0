/* SPDX-License-Identifier: MIT */
/*
 * test_item_queue_memory.c - a queue's memory follows its items up and down; without memory a put
 * is refused, no more (B1).
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fifo.h"
#include "base/object.h"
#include "quiesce.h"
#include "support/asleep.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/memory.h"
#include "support/patience.h"

static int begin(void **state)
{
	memory_reset();
	return leftovers_note(state);
}

static qs_queue *queue_make(size_t limit)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;
	qs_queue *queue = NULL;

	options.limit = limit;
	assert_int_equal(qs_queue_create(&queue, &options), 0);
	return queue;
}

static void queue_end(qs_queue *queue)
{
	qs_queue_release(queue);
	qs__object_empty_quarantine();
	assert_int_equal(memory_pieces(), 0);
}

static int put(qs_queue *queue, uintptr_t value)
{
	return qs_queue_put(queue, (void *)value, QS_NOW, NULL);
}

static uintptr_t get(qs_queue *queue)
{
	void *item = NULL;

	assert_int_equal(qs_queue_get(queue, &item, QS_NOW, NULL), 0);
	return (uintptr_t)item;
}

#define MANY 100000
#define MOST_PIECES_OF_A_DRY_ONE 2	/* itself, and one block */

static void test_item_queue_memory_follows_the_items_down(void **state)
{
	qs_queue *queue = queue_make(0);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < MANY; i++)
			assert_int_equal(put(queue, i), 0);
		assert_in_range(memory_pieces(), MANY / 100, MANY / 10);
		for (uintptr_t i = 0; i < MANY; i++)
			assert_int_equal(get(queue), i);
		assert_in_range(memory_pieces(), 1, MOST_PIECES_OF_A_DRY_ONE);
	}
	queue_end(queue);
}

/* However many go through it, and also if it never runs dry, a short queue is small. */
static void test_item_queue_memory_of_a_short_one_is_flat(void **state)
{
	qs_queue *queue = queue_make(10);

	(void)state;
	for (uintptr_t i = 0; i < 5; i++)
		assert_int_equal(put(queue, i), 0);
	for (uintptr_t i = 5; i < MANY; i++) {
		assert_int_equal(put(queue, i), 0);
		assert_int_equal(get(queue), i - 5);
		assert_in_range(memory_pieces(), 2, MOST_PIECES_OF_A_DRY_ONE + 1);
	}
	queue_end(queue);
}

static void test_item_queue_memory_b1_none_for_a_queue(void **state)
{
	qs_queue *queue = NULL;

	(void)state;
	memory_fail(0, LONG_MAX);
	assert_int_equal(qs_queue_create(&queue, NULL), -ENOMEM);
	assert_null(queue);
	assert_int_equal(memory_pieces(), 0);
}

/*
 * The n-th allocation fails, for each n that a thousand items make; what was put before is all
 * there, and goes on later.
 */
static void test_item_queue_memory_b1_none_for_an_item(void **state)
{
	const uintptr_t items = 1000;
	long blocks = 0;
	uintptr_t accepted;

	(void)state;
	do {
		qs_queue *queue = queue_make(0);

		memory_fail(blocks++, LONG_MAX);
		for (accepted = 0; accepted < items && put(queue, accepted) == 0; accepted++)
			continue;
		assert_int_equal(qs_queue_count(queue), accepted);
		if (accepted < items)
			assert_int_equal(put(queue, accepted), -ENOMEM);
		memory_fail_none();
		assert_int_equal(put(queue, accepted), 0);
		for (uintptr_t i = 0; i <= accepted; i++)
			assert_int_equal(get(queue), i);
		queue_end(queue);
	} while (accepted < items);
	assert_true(blocks > 10);
}

/* ---------------------------------------------------------- the room of one that gets no memory */

struct giver {
	qs_queue *queue;
	struct gate about;
	int thread;	/* published by the gate */
	pthread_t handle;
};

static void *give(void *arg)
{
	struct giver *it = arg;

	it->thread = asleep_self();
	gate_raise(&it->about);
	return (void *)(intptr_t)qs_queue_put(it->queue, NULL, patience(), NULL);
}

static void giver_park(struct giver *it, qs_queue *queue)
{
	*it = (struct giver){ .queue = queue, .about = GATE_INIT };
	assert_int_equal(pthread_create(&it->handle, NULL, give, it), 0);
	gate_await(&it->about, 1);
	asleep_await(it->thread);
}

static int giver_end(struct giver *it)
{
	void *result = NULL;

	assert_int_equal(pthread_join(it->handle, &result), 0);
	return (int)(intptr_t)result;
}

/*
 * A14: two wait for room, and each item needs a block.  The first one called gets no
 * memory, and passes the room on to the second, for whom there is none either: both are
 * told, nobody is left asleep.
 */
static void test_item_queue_memory_b1_who_gets_none_passes_the_room_on(void **state)
{
	qs_queue *queue = queue_make(QS__FIFO_BLOCK_ITEMS);
	struct giver givers[2];

	(void)state;
	for (uintptr_t i = 0; i < QS__FIFO_BLOCK_ITEMS; i++)
		assert_int_equal(put(queue, i), 0);
	giver_park(&givers[0], queue);
	giver_park(&givers[1], queue);
	memory_fail(0, LONG_MAX);
	assert_int_equal(get(queue), 0);
	assert_int_equal(giver_end(&givers[0]), -ENOMEM);
	assert_int_equal(giver_end(&givers[1]), -ENOMEM);
	assert_int_equal(qs_queue_count(queue), QS__FIFO_BLOCK_ITEMS - 1);
	memory_fail_none();
	queue_end(queue);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_item_queue_memory_follows_the_items_down),
		test(test_item_queue_memory_of_a_short_one_is_flat),
		test(test_item_queue_memory_b1_none_for_a_queue),
		test(test_item_queue_memory_b1_none_for_an_item),
		test(test_item_queue_memory_b1_who_gets_none_passes_the_room_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
