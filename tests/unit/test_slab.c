/* SPDX-License-Identifier: MIT */
/*
 * test_slab.c - base/slab.c: things do not overlap, stay where they are, and their memory
 * goes when they have gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slab.h"
#include "platform/alloc.h"
#include "support/memory.h"
#include "support/seed.h"

#define THINGS 2000
#define STEPS 200000

/* Full of its own number, so that whoever writes into it is seen. */
struct thing {
	size_t words[9];
};

static struct qs__slab slab;
static struct thing *things[THINGS];	/* NULL = not out */

static int begin(void **state)
{
	(void)state;
	memset(things, 0, sizeof(things));
	memory_reset();
	qs__slab_init(&slab, sizeof(struct thing));
	return 0;
}

static void put(size_t i)
{
	for (size_t word = 0; word < 9; word++)
		assert_int_equal(things[i]->words[word], i);
	qs__free(qs__slab_put(&slab, things[i]));
	things[i] = NULL;
}

static void take(size_t i)
{
	for (size_t bytes; (bytes = qs__slab_wants(&slab)) != 0;)
		assert_true(qs__slab_give(&slab, qs__alloc(bytes), bytes));
	things[i] = qs__slab_take(&slab);
	assert_int_equal((uintptr_t)things[i] % sizeof(void *), 0);
	for (size_t word = 0; word < 9; word++)
		things[i]->words[word] = i;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < THINGS; i++) {
		if (things[i] != NULL)
			put(i);
	}
	qs__slab_fini(&slab);
	return memory_pieces() == 0 ? 0 : -1;
}

static void test_slab_random_steps_things_stay_whole(void **state)
{
	uint64_t seed = seed_take();

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		const size_t i = seed_next(&seed) % THINGS;
		/* Now more come than go, now more go than come. */
		const bool is_growing = step / (4 * THINGS) % 2 == 0;

		if (things[i] == NULL && (is_growing || seed_next(&seed) % 4 == 0))
			take(i);
		else if (things[i] != NULL && (!is_growing || seed_next(&seed) % 4 == 0))
			put(i);
	}
}

static void test_slab_memory_goes_when_its_things_have_gone(void **state)
{
	size_t most;

	(void)state;
	for (size_t i = 0; i < THINGS; i++)
		take(i);
	most = memory_pieces();
	assert_in_range(most, THINGS / 128, THINGS / 128 + 8);
	for (size_t i = 0; i < THINGS / 2; i++)
		put(i);
	assert_in_range(memory_pieces(), 1, most / 2 + 4);
	for (size_t i = THINGS / 2; i < THINGS; i++)
		put(i);
	assert_int_equal(memory_pieces(), 1);
}

/* One thing more and one less, at the border of a chunk and anywhere else: no memory comes or goes. */
static void test_slab_does_not_flap(void **state)
{
	(void)state;
	for (size_t i = 0; i < THINGS / 2; i++) {
		size_t before;

		take(i);
		put(i);
		take(i);
		before = memory_pieces();
		for (int round = 0; round < 3; round++) {
			put(i);
			assert_int_equal(memory_pieces(), before);
			assert_int_equal(qs__slab_wants(&slab), 0);
			take(i);
			assert_int_equal(memory_pieces(), before);
		}
	}
}

static void test_slab_things_lie_side_by_side(void **state)
{
	size_t apart = 0;

	(void)state;
	for (size_t i = 0; i < THINGS; i++)
		take(i);
	for (size_t i = 1; i < THINGS; i++)
		apart += (uintptr_t)things[i] - (uintptr_t)things[i - 1] > sizeof(struct thing) + sizeof(void *);
	assert_int_equal(apart, memory_pieces() - 1);
}

static void test_slab_memory_that_comes_second_is_not_taken(void **state)
{
	const size_t bytes = qs__slab_wants(&slab);
	void *first = qs__alloc(bytes);
	void *second = qs__alloc(bytes);

	(void)state;
	assert_true(bytes != 0);
	assert_true(qs__slab_give(&slab, first, bytes));
	assert_false(qs__slab_give(&slab, second, bytes));
	qs__free(second);
	take(0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_slab_random_steps_things_stay_whole),
		test(test_slab_memory_goes_when_its_things_have_gone),
		test(test_slab_does_not_flap),
		test(test_slab_things_lie_side_by_side),
		test(test_slab_memory_that_comes_second_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
