/* SPDX-License-Identifier: MIT */
/*
 * test_sim_item_queue.c - verbs/item_queue.c and core/depot.c under it: each item has one fate, nobody is left asleep.
 *
 * Items are counted: what was put was got, or destroyed with the queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/fifo.h"
#include "core/depot.h"
#include "core/stop.h"
#include "platform/clock.h"
#include "sim/sim.h"

enum { ITEMS = QS__FIFO_BLOCK_ITEMS + 3 };

struct item {
	int data;	/* plain: published by the put */
	int fates;
};

static struct item items[ITEMS];
static qs_queue *queue;
static qs_stop *stop;
static int put_ones, refused, got, given_up, destroyed;

static void meet(struct item *item)
{
	SIM_ASSERT(QS_PLAIN_READ(item->data) == 42);
	SIM_ASSERT(++item->fates == 1);
}

static void destroy(void *item)
{
	meet(item);
	destroyed++;
}

/* False without memory, which only some cases lack. */
static bool try_begin(size_t limit)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;

	queue = NULL;
	stop = NULL;
	for (int i = 0; i < ITEMS; i++)
		items[i] = (struct item){ 0, 0 };
	put_ones = refused = got = given_up = destroyed = 0;
	options.limit = limit;
	options.destroy = destroy;
	if (qs_queue_create(&queue, &options) != 0)
		return false;
	stop = qs__stop_new(NULL, NULL);
	return stop != NULL;
}

static void begin(size_t limit)
{
	SIM_ASSERT(try_begin(limit));
}

static void end(void)
{
	qs_queue_release(queue);
	qs_stop_release(stop);
	SIM_ASSERT(put_ones == got + destroyed);
}

/* ---- what the threads do; `arg` is the item ---- */

static int put_by(struct item *item, qs_time deadline, qs_stop *until)
{
	int error;

	QS_PLAIN_WRITE(item->data, 42);
	error = qs_queue_put(queue, item, deadline, until);
	put_ones += error == 0;
	refused += error != 0;
	return error;
}

static int get_by(qs_time deadline, qs_stop *until)
{
	void *item = NULL;
	const int error = qs_queue_get(queue, &item, deadline, until);

	if (error == 0)
		meet(item);
	got += error == 0;
	given_up += error != 0;
	return error;
}

static void put(void *arg)
{
	(void)put_by(arg, QS_NEVER, NULL);
}

static void put_two(void *arg)
{
	put(arg);
	put((struct item *)arg + 1);
}

static void put_impatiently(void *arg)
{
	(void)put_by(arg, qs__clock_now() + QS__NS_PER_S, NULL);
}

static void put_until_stopped(void *arg)
{
	(void)put_by(arg, QS_NEVER, stop);
}

static void get(void *arg)
{
	(void)arg;
	(void)get_by(QS_NEVER, NULL);
}

static void get_two(void *arg)
{
	get(arg);
	get(arg);
}

static void get_impatiently(void *arg)
{
	(void)arg;
	(void)get_by(qs__clock_now() + QS__NS_PER_S, NULL);
}

static void get_until_stopped(void *arg)
{
	(void)arg;
	(void)get_by(QS_NEVER, stop);
}

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

static void ask_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

/* ---- a put against a get that is about to park, and the other way round ---- */

static void get_setup(void)
{
	begin(0);
	sim_thread("getter", get, NULL);
	sim_thread("putter", put, &items[0]);
}

static void one_went_through(void)
{
	SIM_ASSERT(got == 1 && put_ones == 1);
	end();
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
	begin(1);
	put(&items[0]);
	sim_thread("putter", put, &items[1]);
	sim_thread("getter", get, NULL);
}

static void room_was_taken(void)
{
	SIM_ASSERT(got == 1 && put_ones == 2 && qs_queue_count(queue) == 1);
	end();
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
	begin(1);
	sim_thread("getter", get, NULL);
	sim_thread("robber", get, NULL);
	sim_thread("putter", put_two, &items[0]);
}

static void both_went_through(void)
{
	SIM_ASSERT(got == 2 && put_ones == 2);
	end();
}

static const struct sim_case robbed = {
	.name = "robbed",
	.setup = robbed_setup,
	.finish = both_went_through,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		/* As if its first call had been one for ever: it never parks again, but looks and looks. */
		{ "waiter.c:qs__waiter_untell:fetch_add_relaxed", SIM_DROP, SIM_DEADLOCK | SIM_ENDLESS, 0 },
	},
};

static void test_sim_a1_item_queue_parks_again(void **state)
{
	(void)state;
	assert_true(sim_verify(&robbed));
}

/* ---- A14: whoever is called and leaves instead passes the call on ---- */

static void the_patient_one_got_one(void)
{
	SIM_ASSERT(put_ones == 2 && got >= 1 && got + given_up == 2);
	end();
}

static void impatient_getter_setup(void)
{
	begin(0);
	sim_thread("impatient", get_impatiently, NULL);
	sim_thread("patient", get, NULL);
	sim_thread("putter", put_two, &items[0]);
}

static const struct sim_case getter_gives_up = {
	.name = "getter-gives-up",
	.setup = impatient_getter_setup,
	.finish = the_patient_one_got_one,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void stopped_getter_setup(void)
{
	begin(0);
	sim_thread("stopped", get_until_stopped, NULL);
	sim_thread("patient", get, NULL);
	sim_thread("putter", put_two, &items[0]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case getter_is_stopped = {
	.name = "getter-is-stopped",
	.setup = stopped_getter_setup,
	.finish = the_patient_one_got_one,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void the_patient_one_got_in(void)
{
	SIM_ASSERT(got == 2 && put_ones + refused == 3 && refused <= 1);
	end();
}

static void impatient_putter_setup(void)
{
	begin(1);
	put(&items[0]);
	sim_thread("impatient", put_impatiently, &items[1]);
	sim_thread("patient", put, &items[2]);
	sim_thread("getter", get_two, NULL);
}

static const struct sim_case putter_gives_up = {
	.name = "putter-gives-up",
	.setup = impatient_putter_setup,
	.finish = the_patient_one_got_in,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void stopped_putter_setup(void)
{
	begin(1);
	put(&items[0]);
	sim_thread("stopped", put_until_stopped, &items[1]);
	sim_thread("patient", put, &items[2]);
	sim_thread("getter", get_two, NULL);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case putter_is_stopped = {
	.name = "putter-is-stopped",
	.setup = stopped_putter_setup,
	.finish = the_patient_one_got_in,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a14_item_queue_who_leaves_passes_the_call_on(void **state)
{
	(void)state;
	assert_true(sim_verify(&getter_gives_up));
	assert_true(sim_verify(&getter_is_stopped));
	assert_true(sim_verify(&putter_gives_up));
	assert_true(sim_verify(&putter_is_stopped));
}

/* ---- the same depot, and a visitor that is made to keep the call to itself ---- */

static struct qs__depot depot;
static bool keeps_calls;

static void give_one(void)
{
	qs__depot_lock(&depot);
	depot.count++;
	qs__depot_unlock(&depot);
}

static void give_two(void *arg)
{
	(void)arg;
	give_one();
	give_one();
}

static void take_one(void *arg)
{
	struct qs__turn turn;

	(void)arg;
	SIM_ASSERT(qs__depot_begin_take(&depot, &turn, QS_NEVER, NULL, NULL) == 0);
	depot.count--;
	qs__depot_end(&depot, &turn);
}

static void take_until_stopped(void *arg)
{
	struct qs__turn turn;
	const int error = qs__depot_begin_take(&depot, &turn, QS_NEVER, stop, NULL);

	(void)arg;
	depot.count -= error == 0;
	if (error != 0 && keeps_calls) {
		qs__mutex_unlock(&depot.lock);
		if (turn.has_waited)
			qs__waiter_leave(&turn.waiter, turn.stop_nodes, 2);
	} else {
		qs__depot_end(&depot, &turn);
	}
}

static void depot_begin(bool keeps)
{
	keeps_calls = keeps;
	qs__depot_init(&depot, 0);
	stop = qs__stop_new(NULL, NULL);
	sim_thread("stopped", take_until_stopped, NULL);
	sim_thread("patient", take_one, NULL);
	sim_thread("giver", give_two, NULL);
	sim_thread("stopper", ask_stop, NULL);
}

static void depot_setup(void)
{
	depot_begin(false);
}

static void selfish_setup(void)
{
	depot_begin(true);
}

static void depot_end(void)
{
	depot.count = 0;
	qs__depot_fini(&depot);
	qs_stop_release(stop);
}

static const struct sim_case depot_passes_on = {
	.name = "depot-passes-on",
	.setup = depot_setup,
	.finish = depot_end,
	.preemptions = 1,
};

static const struct sim_case depot_keeps_a_call = {
	.name = "depot-keeps-a-call",
	.setup = selfish_setup,
	.finish = depot_end,
	.preemptions = 1,
};

static void test_sim_a14_depot_a_call_that_is_kept_is_missed(void **state)
{
	(void)state;
	assert_true(sim_holds(&depot_passes_on));
	assert_true(sim_fails(&depot_keeps_a_call, SIM_DEADLOCK));
}

/* ---- a stop ends the wait, and beats an item that is there ---- */

static void stopped_alone_setup(void)
{
	begin(0);
	sim_thread("stopped", get_until_stopped, NULL);
	sim_thread("stopper", ask_stop, NULL);
}

static void nobody_got_any(void)
{
	SIM_ASSERT(got == 0 && given_up == 1);
	end();
}

static const struct sim_case stopped_alone = {
	.name = "stopped-alone",
	.setup = stopped_alone_setup,
	.finish = nobody_got_any,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/* Once it is known that a stop was asked, no get succeeds, whatever is there. */
static void get_before_the_stop(void *arg)
{
	bool was_asked;

	(void)arg;
	do {
		was_asked = qs_stop_is_asked(stop) == 1;
	} while (get_by(QS_NEVER, stop) == 0 && !was_asked);
	SIM_ASSERT(qs_stop_is_asked(stop) == 1);
	SIM_ASSERT(given_up == 1);
}

static void stop_beats_items_setup(void)
{
	begin(0);
	put_two(&items[0]);
	sim_thread("getter", get_before_the_stop, NULL);
	sim_thread("putter", put, &items[2]);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case stop_beats_items = {
	.name = "stop-beats-items",
	.setup = stop_beats_items_setup,
	.finish = end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/* What comes after the stop comes too late, though it may find the other one parked still, and calls it. */
static void ask_stop_and_put(void *arg)
{
	ask_stop(arg);
	put(arg);
}

static void ask_stop_and_get(void *arg)
{
	ask_stop(arg);
	get(arg);
}

static void too_late_setup(void)
{
	const bool is_getter = sim_choose(2) == 0;

	begin(1);
	if (is_getter) {
		sim_thread("stopped", get_until_stopped, NULL);
		sim_thread("stopper", ask_stop_and_put, &items[0]);
	} else {
		put(&items[0]);
		sim_thread("stopped", put_until_stopped, &items[1]);
		sim_thread("stopper", ask_stop_and_get, NULL);
	}
}

static void it_was_too_late(void)
{
	SIM_ASSERT(given_up + refused == 1);
	end();
}

static const struct sim_case too_late = {
	.name = "too-late",
	.setup = too_late_setup,
	.finish = it_was_too_late,
	.preemptions = 3,
	.stale_reads = 1,
	.spurious_wakes = 1,
	.controls = {
		{ "stop.c:qs__stop_cause:load_acquire", SIM_PRETEND, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a27_item_queue_stop_ends_a_wait_and_beats_items(void **state)
{
	(void)state;
	assert_true(sim_verify(&stopped_alone));
	assert_true(sim_verify(&stop_beats_items));
	assert_true(sim_verify(&too_late));
}

/* ---- closing reaches everybody ---- */

static void close_getters_setup(void)
{
	begin(0);
	sim_thread("getter", get_all, NULL);
	sim_thread("getter 2", get_all, NULL);
	sim_thread("putter", put, &items[0]);
	sim_thread("closer", close_queue, NULL);
}

static void all_was_got(void)
{
	SIM_ASSERT(got == put_ones && put_ones + refused == 1 && given_up == 2);
	end();
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
	begin(1);
	put(&items[0]);
	sim_thread("putter", put, &items[1]);
	sim_thread("putter 2", put, &items[2]);
	sim_thread("closer", close_queue, NULL);
}

static void both_were_refused(void)
{
	SIM_ASSERT(put_ones == 1 && refused == 2);
	end();
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

	if (!try_begin(QS__FIFO_BLOCK_ITEMS))
		return;
	while (qs_queue_count(queue) < QS__FIFO_BLOCK_ITEMS)
		put(item++);
	sim_thread("putter", put, item);
	sim_thread("putter 2", put, item + 1);
	sim_thread("getter", get_two, NULL);
}

static void one_may_have_failed(void)
{
	const bool has_begun = stop != NULL;

	SIM_ASSERT(refused <= 1);
	SIM_ASSERT(put_ones + refused == 0 || put_ones >= QS__FIFO_BLOCK_ITEMS + 1);
	SIM_ASSERT(got == (has_begun ? 2 : 0));
	end();
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
	put(arg);
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
	begin(0);
	(void)qs_queue_retain(queue);
	sim_thread("putter", put_and_go, &items[0]);
	sim_thread("getter", get_and_go, NULL);
}

static void nothing_is_left(void)
{
	SIM_ASSERT(put_ones == 1 && got + destroyed == 1);
	qs_stop_release(stop);
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
		cmocka_unit_test(test_sim_a14_item_queue_who_leaves_passes_the_call_on),
		cmocka_unit_test(test_sim_a14_depot_a_call_that_is_kept_is_missed),
		cmocka_unit_test(test_sim_a27_item_queue_stop_ends_a_wait_and_beats_items),
		cmocka_unit_test(test_sim_a2_item_queue_close_reaches_everybody),
		cmocka_unit_test(test_sim_b1_item_queue_put_without_memory_leaves_its_room),
		cmocka_unit_test(test_sim_a6_item_queue_last_owner_frees),
	};

	return cmocka_run_group_tests_name("sim item queue", tests, NULL, NULL);
}
