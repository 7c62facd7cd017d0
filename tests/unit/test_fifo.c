/* SPDX-License-Identifier: MIT */
/*
 * test_fifo.c - base/fifo.c: order, and whose each block is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fifo.h"
#include "platform/alloc.h"

#define BLOCK QS__FIFO_BLOCK_ITEMS

static void *item(size_t number)
{
	return (void *)(uintptr_t)number;
}

/* Returns 1 if a block had to be brought, else 0. */
static size_t append(struct qs__fifo *fifo, size_t number)
{
	struct qs__fifo_block *spare = NULL;

	if (qs__fifo_append(fifo, item(number), &spare))
		return 0;
	spare = qs__fifo_new_block();
	assert_non_null(spare);
	assert_true(qs__fifo_append(fifo, item(number), &spare));
	assert_null(spare);
	return 1;
}

/* Returns 1 if that emptied a block, else 0. */
static size_t take(struct qs__fifo *fifo, size_t number)
{
	struct qs__fifo_block *emptied;

	assert_false(qs__fifo_is_empty(fifo));
	assert_ptr_equal(qs__fifo_take(fifo, &emptied), item(number));
	qs__free(emptied);
	return emptied != NULL;
}

static void test_fifo_new_is_empty_and_needs_a_block(void **state)
{
	struct qs__fifo_block *spare = NULL;
	struct qs__fifo fifo;

	(void)state;
	qs__fifo_init(&fifo);
	assert_true(qs__fifo_is_empty(&fifo));
	assert_false(qs__fifo_append(&fifo, NULL, &spare));
	assert_true(qs__fifo_is_empty(&fifo));
	qs__fifo_fini(&fifo);
}

static void test_fifo_leaves_a_block_that_is_not_needed(void **state)
{
	struct qs__fifo_block *spare = qs__fifo_new_block();
	struct qs__fifo_block *kept = spare;
	struct qs__fifo fifo;

	(void)state;
	qs__fifo_init(&fifo);
	assert_int_equal(append(&fifo, 0), 1);
	assert_true(qs__fifo_append(&fifo, item(1), &spare));
	assert_ptr_equal(spare, kept);
	qs__free(spare);
	(void)take(&fifo, 0);
	(void)take(&fifo, 1);
	qs__fifo_fini(&fifo);
}

/* At each length around the size of a block: all come out in order, and all blocks but the last go. */
static void test_fifo_keeps_the_order_at_any_length(void **state)
{
	struct qs__fifo fifo;

	(void)state;
	qs__fifo_init(&fifo);
	for (size_t length = 0; length <= 3 * BLOCK + 2; length++) {
		size_t brought = 0;
		size_t emptied = 0;

		for (size_t i = 0; i < length; i++)
			brought += append(&fifo, i);
		for (size_t i = 0; i < length; i++)
			emptied += take(&fifo, i);
		assert_true(qs__fifo_is_empty(&fifo));
		assert_int_equal(brought, emptied + (length == 1 ? 1 : 0));
		assert_int_equal(emptied, length == 0 ? 0 : (length - 1) / BLOCK);
	}
	qs__fifo_fini(&fifo);
}

/*
 * It never runs dry, so it wanders on through the blocks; at any moment no more of them are
 * there than its items need.
 */
static void test_fifo_that_never_runs_dry_needs_no_more_blocks(void **state)
{
	const size_t length = BLOCK / 2;
	size_t blocks = 0;
	struct qs__fifo fifo;

	(void)state;
	qs__fifo_init(&fifo);
	for (size_t i = 0; i < length; i++)
		blocks += append(&fifo, i);
	for (size_t i = 0; i < 20 * BLOCK; i++) {
		blocks += append(&fifo, length + i);
		blocks -= take(&fifo, i);
		assert_in_range(blocks, 1, 2);
	}
	for (size_t i = 20 * BLOCK; i < 20 * BLOCK + length; i++)
		blocks -= take(&fifo, i);
	assert_int_equal(blocks, 1);
	qs__fifo_fini(&fifo);
}

/* One item at a time stays in one block. */
static void test_fifo_that_runs_dry_begins_its_block_again(void **state)
{
	size_t brought = 0;
	struct qs__fifo fifo;

	(void)state;
	qs__fifo_init(&fifo);
	for (size_t i = 0; i < 10 * BLOCK; i++) {
		brought += append(&fifo, i);
		assert_int_equal(take(&fifo, i), 0);
	}
	assert_int_equal(brought, 1);
	qs__fifo_fini(&fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fifo_new_is_empty_and_needs_a_block),
		cmocka_unit_test(test_fifo_leaves_a_block_that_is_not_needed),
		cmocka_unit_test(test_fifo_keeps_the_order_at_any_length),
		cmocka_unit_test(test_fifo_that_never_runs_dry_needs_no_more_blocks),
		cmocka_unit_test(test_fifo_that_runs_dry_begins_its_block_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
