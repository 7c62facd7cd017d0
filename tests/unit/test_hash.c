/* SPDX-License-Identifier: MIT */
/*
 * test_hash.c - base/hash.c against a plain array of what is in; and its size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/list.h"
#include "platform/alloc.h"
#include "support/memory.h"
#include "support/seed.h"

#define THINGS 4096
#define STEPS 200000
#define LOOK_AT_ALL 997	/* steps between two looks at everything */

/* The key of a thing is its own address. */
struct thing {
	struct qs__hash_link link;
	bool is_in;
	unsigned seen;
};

static struct thing things[THINGS];
static struct qs__hash hash;

static int begin(void **state)
{
	(void)state;
	memset(things, 0, sizeof(things));
	memory_reset();
	qs__hash_init(&hash, sizeof(struct thing));
	return 0;
}

static int end(void **state)
{
	(void)state;
	qs__hash_fini(&hash);
	return memory_pieces() == 0 ? 0 : -1;
}

static void insert_as_it_is(struct thing *thing)
{
	qs__hash_insert(&hash, &thing->link, thing);
	thing->is_in = true;
}

static void insert(struct thing *thing)
{
	for (size_t bytes; (bytes = qs__hash_wants(&hash)) != 0;)
		assert_true(qs__hash_give(&hash, qs__alloc(bytes), bytes));
	insert_as_it_is(thing);
}

static void take_out(struct thing *thing)
{
	qs__free(qs__hash_remove(&hash, &thing->link));
	thing->is_in = false;
}

static void check_found(struct thing *thing)
{
	struct qs__hash_link *link = qs__hash_find(&hash, thing);

	assert_ptr_equal(link, thing->is_in ? &thing->link : NULL);
}

/* Each thing that is in is found, and met once on the way through all of them. */
static void check_all(void)
{
	size_t count = 0;

	for (struct qs__hash_link *link = NULL; (link = qs__hash_next(&hash, link)) != NULL; count++)
		QS__ENTRY(link, struct thing, link)->seen++;
	assert_int_equal(count, hash.count);
	for (size_t i = 0; i < THINGS; i++) {
		assert_int_equal(things[i].seen, things[i].is_in ? 1 : 0);
		things[i].seen = 0;
		check_found(&things[i]);
	}
}

static void test_hash_random_steps_find_what_is_in_and_nothing_else(void **state)
{
	uint64_t seed = seed_take();

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		struct thing *thing = &things[seed_next(&seed) % THINGS];
		/* Now more come than go, now more go than come. */
		const bool is_growing = step / THINGS % 2 == 0;

		if (!thing->is_in && (is_growing || seed_next(&seed) % 4 == 0))
			insert(thing);
		else if (thing->is_in && (!is_growing || seed_next(&seed) % 4 == 0))
			take_out(thing);
		check_found(thing);
		if (step % LOOK_AT_ALL == 0)
			check_all();
	}
	check_all();
}

static void test_hash_is_as_large_as_its_things_are_many(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < THINGS; i++) {
			insert(&things[i]);
			assert_true(hash.buckets >= hash.count && hash.room <= 2 * hash.count + 2 * QS__HASH_FIRST);
		}
		check_all();
		for (size_t i = 0; i < THINGS; i++) {
			take_out(&things[i]);
			assert_true(hash.buckets <= 2 * hash.count + QS__HASH_FIRST);
			assert_true(hash.room <= 8 * hash.count + 4 * QS__HASH_FIRST);
		}
		assert_true(hash.room <= 2 * QS__HASH_FIRST && memory_pieces() <= 1);
	}
}

static void test_hash_a_call_moves_few_things_however_many_there_are(void **state)
{
	size_t longest = 0;

	(void)state;
	for (size_t i = 0; i < THINGS; i++) {
		const size_t before = hash.buckets;

		insert(&things[i]);
		longest = hash.buckets - before > longest ? hash.buckets - before : longest;
	}
	assert_int_equal(longest, 1);
	for (size_t i = 0; i < THINGS; i++) {
		const size_t before = hash.buckets;

		take_out(&things[i]);
		longest = before - hash.buckets > longest ? before - hash.buckets : longest;
	}
	assert_int_equal(longest, 2);
}

/* Keys with a pattern, as addresses have: no bucket is much fuller than the others. */
static void test_hash_spreads_addresses(void **state)
{
	(void)state;
	for (size_t stride = 1; stride <= 64; stride *= 2) {
		size_t longest = 0, count = 0;

		for (size_t i = 0; i < THINGS; i += stride, count++)
			insert(&things[i]);
		for (size_t i = 0; i < THINGS; i += stride) {
			size_t length = 0;

			for (struct qs__hash_link *link = &things[i].link; link != NULL; link = link->next)
				length++;
			longest = length > longest ? length : longest;
		}
		assert_true(longest <= 8);
		for (size_t i = 0; i < THINGS; i += stride)
			take_out(&things[i]);
	}
}

static void test_hash_without_memory_is_slow_but_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < THINGS; i++)
		insert_as_it_is(&things[i]);
	assert_int_equal(hash.room, QS__HASH_FIRST);
	check_all();
	/* It catches up when there is some. */
	for (size_t i = 0; i < THINGS / 2; i++)
		take_out(&things[i]);
	for (size_t i = 0; i < THINGS / 2; i++)
		insert(&things[i]);
	assert_true(hash.room >= THINGS);
	check_all();
}

static void test_hash_memory_that_comes_second_is_not_taken(void **state)
{
	size_t bytes;
	void *first, *second;

	(void)state;
	assert_int_equal(qs__hash_wants(&hash), 0);
	for (size_t i = 0; i < QS__HASH_FIRST; i++)
		insert(&things[i]);
	bytes = qs__hash_wants(&hash);
	assert_true(bytes != 0);
	first = qs__alloc(bytes);
	second = qs__alloc(bytes);
	assert_true(qs__hash_give(&hash, first, bytes));
	assert_false(qs__hash_give(&hash, second, bytes));
	qs__free(second);
	insert(&things[QS__HASH_FIRST]);
	check_all();
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hash_random_steps_find_what_is_in_and_nothing_else),
		test(test_hash_is_as_large_as_its_things_are_many),
		test(test_hash_a_call_moves_few_things_however_many_there_are),
		test(test_hash_spreads_addresses),
		test(test_hash_without_memory_is_slow_but_right),
		test(test_hash_memory_that_comes_second_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
