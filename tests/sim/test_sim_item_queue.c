/* SPDX-License-Identifier: MIT */
/*
 * test_sim_item_queue.c - verbs/item_queue.c and core/depot.c under it: each item has one
 * fate, nobody is left asleep.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fifo.h"
#include "sim/items.h"
#include "sim/sim.h"

/* ---- a put against a get that is about to park, and the other way round ---- */

static void get_setup(void)
{
	items_begin(0);
	sim_thread("getter", get_item, NULL);
	sim_thread("putter", put_item, &items[0]);
}

static void one_went_through(void)
{
	SIM_ASSERT(counts.got == 1 && counts.put == 1);
	items_end();
}

static const struct sim_case put_against_get = {
	.name = "put-against-get",
	.setup = get_setup,
	.finish = one_went_through,
	.preemptions = 3,
	.stale_reads = 1,
	.spurious_wakes = 1,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "mutex.c:unlock:exchange_release", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void room_setup(void)
{
	items_begin(1);
	put_item(&items[0]);
	sim_thread("putter", put_item, &items[1]);
	sim_thread("getter", get_item, NULL);
}

static void room_was_taken(void)
{
	SIM_ASSERT(counts.got == 1 && counts.put == 2 && qs_queue_count(queue) == 1);
	items_end();
}

static const struct sim_case get_against_put = {
	.name = "get-against-put",
	.setup = room_setup,
	.finish = room_was_taken,
	.preemptions = 3,
	.stale_reads = 1,
	.spurious_wakes = 1,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a1_item_queue_against_park(void **state)
{
	(void)state;
	assert_true(sim_verify(&put_against_get));
	assert_true(sim_verify(&get_against_put));
}

/* ---- called for nothing, because one that was awake was faster: parks again, and is called again ---- */

static void robbed_setup(void)
{
	items_begin(1);
	sim_thread("getter", get_item, NULL);
	sim_thread("robber", get_item, NULL);
	sim_thread("putter", put_two, &items[0]);
}

static void both_went_through(void)
{
	SIM_ASSERT(counts.got == 2 && counts.put == 2);
	items_end();
}

static const struct sim_case robbed = {
	.name = "robbed",
	.setup = robbed_setup,
	.finish = both_went_through,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		/*
		 * As if its first call had been one for ever: it never parks
		 * again, but looks and looks.
		 */
		{ "waiter.c:qs__waiter_untell:fetch_add_relaxed", SIM_DROP, SIM_DEADLOCK | SIM_ENDLESS, 0 },
	},
};

static void test_sim_a1_item_queue_parks_again(void **state)
{
	(void)state;
	assert_true(sim_verify(&robbed));
}

/* ---- closing reaches everybody ---- */

static void get_all(void *arg)
{
	int error;

	(void)arg;
	while ((error = get_by(QS_NEVER, NULL)) == 0)
		continue;
	SIM_ASSERT(error == -ESHUTDOWN);
}

static void close_queue(void *arg)
{
	(void)arg;
	(void)qs_queue_close(queue);
}

static void close_getters_setup(void)
{
	items_begin(0);
	sim_thread("getter", get_all, NULL);
	sim_thread("getter 2", get_all, NULL);
	sim_thread("putter", put_item, &items[0]);
	sim_thread("closer", close_queue, NULL);
}

static void all_was_got(void)
{
	SIM_ASSERT(counts.got == counts.put && counts.put + counts.refused == 1 && counts.given_up == 2);
	items_end();
}

static const struct sim_case close_getters = {
	.name = "close-getters",
	.setup = close_getters_setup,
	.finish = all_was_got,
	.preemptions = 1,
	.spurious_wakes = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void close_putters_setup(void)
{
	items_begin(1);
	put_item(&items[0]);
	sim_thread("putter", put_item, &items[1]);
	sim_thread("putter 2", put_item, &items[2]);
	sim_thread("closer", close_queue, NULL);
}

static void both_were_refused(void)
{
	SIM_ASSERT(counts.put == 1 && counts.refused == 2);
	items_end();
}

static const struct sim_case close_putters = {
	.name = "close-putters",
	.setup = close_putters_setup,
	.finish = both_were_refused,
	.preemptions = 2,
	.random = 20000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a2_item_queue_close_reaches_everybody(void **state)
{
	(void)state;
	assert_true(sim_verify(&close_getters));
	assert_true(sim_verify(&close_putters));
}

/* ---- B1: the room of a put that gets no memory is there for the next one ---- */

static void scarce_setup(void)
{
	struct item *item = items;

	if (!items_try_begin(QS__FIFO_BLOCK_ITEMS))
		return;
	while (qs_queue_count(queue) < QS__FIFO_BLOCK_ITEMS)
		put_item(item++);
	sim_thread("putter", put_item, item);
	sim_thread("putter 2", put_item, item + 1);
	sim_thread("getter", get_two, NULL);
}

static void one_may_have_failed(void)
{
	const bool has_begun = queue_stop != NULL;

	SIM_ASSERT(counts.refused <= 1);
	SIM_ASSERT(counts.put + counts.refused == 0 || counts.put >= QS__FIFO_BLOCK_ITEMS + 1);
	SIM_ASSERT(counts.got == (has_begun ? 2 : 0));
	items_end();
}

static const struct sim_case scarce_memory = {
	.name = "scarce-memory",
	.setup = scarce_setup,
	.finish = one_may_have_failed,
	.preemptions = 1,
	.failed_allocations = 1,
	.random = 5000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_b1_item_queue_put_without_memory_leaves_its_room(void **state)
{
	(void)state;
	assert_true(sim_verify(&scarce_memory));
}

/* ---- the last owner, whoever it is, finds all that is left ---- */

static void put_and_go(void *arg)
{
	put_item(arg);
	qs_queue_release(queue);
}

static void get_and_go(void *arg)
{
	(void)arg;
	(void)get_by(QS_NOW, NULL);
	qs_queue_release(queue);
}

static void owners_setup(void)
{
	items_begin(0);
	(void)qs_queue_retain(queue);
	sim_thread("putter", put_and_go, &items[0]);
	sim_thread("getter", get_and_go, NULL);
}

static void nothing_is_left(void)
{
	SIM_ASSERT(counts.put == 1 && counts.got + counts.destroyed == 1);
	qs_stop_release(queue_stop);
}

static const struct sim_case owners = {
	.name = "owners",
	.setup = owners_setup,
	.finish = nothing_is_left,
	.preemptions = 4,
	.stale_reads = 1,
	.controls = {
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_NO_RELEASE, SIM_RACE | SIM_USE_AFTER_FREE, 0 },
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_SPLIT, SIM_LEAK | SIM_USE_AFTER_FREE | SIM_RACE | SIM_ASSERTION, 0 },
	},
};

static void test_sim_a6_item_queue_last_owner_frees(void **state)
{
	(void)state;
	assert_true(sim_verify(&owners));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a1_item_queue_against_park),
		cmocka_unit_test(test_sim_a1_item_queue_parks_again),
		cmocka_unit_test(test_sim_a2_item_queue_close_reaches_everybody),
		cmocka_unit_test(test_sim_b1_item_queue_put_without_memory_leaves_its_room),
		cmocka_unit_test(test_sim_a6_item_queue_last_owner_frees),
	};

	return cmocka_run_group_tests_name("sim item queue", tests, NULL, NULL);
}
