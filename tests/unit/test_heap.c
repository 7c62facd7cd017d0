/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c - base/heap.c against a plain array that is searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/heap.h"
#include "support/seed.h"

#define NODES 512
#define STEPS 100000
#define TIMES 200	/* fewer than nodes, so that equal ones are common */

struct model {
	struct qs__heap heap;
	struct qs__heap_node nodes[NODES];
	bool is_in[NODES];
};

static void insert(struct model *model, size_t i, qs_time when)
{
	qs__heap_insert(&model->heap, &model->nodes[i], when);
	model->is_in[i] = true;
}

static void remove_node(struct model *model, size_t i)
{
	qs__heap_remove(&model->heap, &model->nodes[i]);
	model->is_in[i] = false;
}

static qs_time earliest(const struct model *model)
{
	qs_time least = QS_NEVER;

	for (size_t i = 0; i < NODES; i++) {
		if (model->is_in[i] && model->nodes[i].when < least)
			least = model->nodes[i].when;
	}
	return least;
}

static void check(const struct model *model)
{
	const qs_time expected = earliest(model);

	if (expected == QS_NEVER)
		assert_null(model->heap.root);
	else
		assert_int_equal(model->heap.root->when, expected);
}

static void test_heap_random_steps_root_is_always_the_earliest(void **state)
{
	static struct model model;
	uint64_t seed = seed_take();

	(void)state;
	memset(&model, 0, sizeof(model));
	for (int step = 0; step < STEPS; step++) {
		const size_t i = seed_next(&seed) % NODES;

		if (model.is_in[i])
			remove_node(&model, i);
		else
			insert(&model, i, (qs_time)(seed_next(&seed) % TIMES));
		check(&model);
	}
}

static void test_heap_taking_the_root_gives_them_in_order(void **state)
{
	static struct model model;
	uint64_t seed = seed_take();
	qs_time last = 0;
	int taken = 0;

	(void)state;
	memset(&model, 0, sizeof(model));
	for (size_t i = 0; i < NODES; i++)
		insert(&model, i, (qs_time)(seed_next(&seed) % TIMES));
	while (model.heap.root != NULL) {
		struct qs__heap_node *first = model.heap.root;

		assert_true(first->when >= last);
		last = first->when;
		qs__heap_remove(&model.heap, first);
		taken++;
	}
	assert_int_equal(taken, NODES);
}

static void test_heap_falling_times_make_a_long_chain_that_comes_apart(void **state)
{
	static struct model model;

	(void)state;
	memset(&model, 0, sizeof(model));
	for (size_t i = 0; i < NODES; i++)
		insert(&model, i, (qs_time)(NODES - i));
	for (size_t i = 0; i < NODES; i += 2)
		remove_node(&model, i);
	for (size_t i = NODES - 1; i < NODES; i -= 2) {
		assert_ptr_equal(model.heap.root, &model.nodes[i]);
		remove_node(&model, i);
	}
	assert_null(model.heap.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap_random_steps_root_is_always_the_earliest),
		cmocka_unit_test(test_heap_taking_the_root_gives_them_in_order),
		cmocka_unit_test(test_heap_falling_times_make_a_long_chain_that_comes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
