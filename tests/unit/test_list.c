/* SPDX-License-Identifier: MIT */
/*
 * test_list.c - base/list.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct thing {
	int number;
	struct qs__list link;
};

static int number_of(struct qs__list *link)
{
	return QS__ENTRY(link, struct thing, link)->number;
}

static void things_init(struct thing *things, int count)
{
	for (int i = 0; i < count; i++) {
		things[i].number = i;
		qs__list_init(&things[i].link);
	}
}

static void test_list_new_is_empty_and_gives_nothing(void **state)
{
	struct qs__list list;

	(void)state;
	qs__list_init(&list);
	assert_true(qs__list_is_empty(&list));
	assert_null(qs__list_take_first(&list));
}

static void test_list_append_keeps_the_order(void **state)
{
	struct thing things[4];
	struct qs__list list;

	(void)state;
	qs__list_init(&list);
	things_init(things, 4);
	for (int i = 0; i < 4; i++)
		qs__list_append(&list, &things[i].link);
	for (int i = 0; i < 4; i++) {
		assert_true(qs__list_is_linked(&things[i].link));
		assert_int_equal(number_of(qs__list_take_first(&list)), i);
		assert_false(qs__list_is_linked(&things[i].link));
	}
	assert_true(qs__list_is_empty(&list));
}

static void test_list_remove_needs_no_list_and_may_come_twice(void **state)
{
	struct thing things[3];
	struct qs__list list;

	(void)state;
	qs__list_init(&list);
	things_init(things, 3);
	qs__list_remove(&things[1].link);
	assert_false(qs__list_is_linked(&things[1].link));
	for (int i = 0; i < 3; i++)
		qs__list_append(&list, &things[i].link);
	qs__list_remove(&things[1].link);
	qs__list_remove(&things[1].link);
	assert_int_equal(number_of(qs__list_take_first(&list)), 0);
	assert_int_equal(number_of(qs__list_take_first(&list)), 2);
	assert_null(qs__list_take_first(&list));
}

static void test_list_move_all_appends_in_order_and_leaves_nothing(void **state)
{
	struct thing things[4];
	struct qs__list one;
	struct qs__list other;

	(void)state;
	qs__list_init(&one);
	qs__list_init(&other);
	things_init(things, 4);
	for (int i = 0; i < 4; i++)
		qs__list_append(i < 2 ? &one : &other, &things[i].link);
	qs__list_move_all(&one, &other);
	assert_true(qs__list_is_empty(&other));
	qs__list_move_all(&one, &other);	/* of an empty list: nothing */
	for (int i = 0; i < 4; i++)
		assert_int_equal(number_of(qs__list_take_first(&one)), i);
	assert_true(qs__list_is_empty(&one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_new_is_empty_and_gives_nothing),
		cmocka_unit_test(test_list_append_keeps_the_order),
		cmocka_unit_test(test_list_remove_needs_no_list_and_may_come_twice),
		cmocka_unit_test(test_list_move_all_appends_in_order_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
