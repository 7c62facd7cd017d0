/* SPDX-License-Identifier: MIT */
/*
 * test_sim_item_queue_leave.c - who leaves a queue without an item, out of time or stopped, takes
 * nothing from those that stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/depot.h"
#include "core/stop.h"
#include "platform/clock.h"
#include "sim/items.h"
#include "sim/sim.h"

/* ---- those that leave before they have got what they came for ---- */

static void put_impatiently(void *arg)
{
	(void)put_by(arg, qs__clock_now() + QS__NS_PER_S, NULL);
}

static void put_until_stopped(void *arg)
{
	(void)put_by(arg, QS_NEVER, queue_stop);
}

static void get_impatiently(void *arg)
{
	(void)arg;
	(void)get_by(qs__clock_now() + QS__NS_PER_S, NULL);
}

static void get_until_stopped(void *arg)
{
	(void)arg;
	(void)get_by(QS_NEVER, queue_stop);
}

/* ---- A14: whoever is called and leaves instead passes the call on ---- */

static void the_patient_one_got_one(void)
{
	SIM_ASSERT(counts.put == 2 && counts.got >= 1 && counts.got + counts.given_up == 2);
	items_end();
}

static void impatient_getter_setup(void)
{
	items_begin(0);
	sim_thread("impatient", get_impatiently, NULL);
	sim_thread("patient", get_item, NULL);
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
	items_begin(0);
	sim_thread("stopped", get_until_stopped, NULL);
	sim_thread("patient", get_item, NULL);
	sim_thread("putter", put_two, &items[0]);
	sim_thread("stopper", ask_queue_stop, NULL);
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
	SIM_ASSERT(counts.got == 2 && counts.put + counts.refused == 3 && counts.refused <= 1);
	items_end();
}

static void impatient_putter_setup(void)
{
	items_begin(1);
	put_item(&items[0]);
	sim_thread("impatient", put_impatiently, &items[1]);
	sim_thread("patient", put_item, &items[2]);
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
	items_begin(1);
	put_item(&items[0]);
	sim_thread("stopped", put_until_stopped, &items[1]);
	sim_thread("patient", put_item, &items[2]);
	sim_thread("getter", get_two, NULL);
	sim_thread("stopper", ask_queue_stop, NULL);
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
	const int error = qs__depot_begin_take(&depot, &turn, QS_NEVER, queue_stop, NULL);

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
	queue_stop = qs__stop_new(NULL, NULL);
	sim_thread("stopped", take_until_stopped, NULL);
	sim_thread("patient", take_one, NULL);
	sim_thread("giver", give_two, NULL);
	sim_thread("stopper", ask_queue_stop, NULL);
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
	qs_stop_release(queue_stop);
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
	items_begin(0);
	sim_thread("stopped", get_until_stopped, NULL);
	sim_thread("stopper", ask_queue_stop, NULL);
}

static void nobody_got_any(void)
{
	SIM_ASSERT(counts.got == 0 && counts.given_up == 1);
	items_end();
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
		was_asked = qs_stop_is_asked(queue_stop) == 1;
	} while (get_by(QS_NEVER, queue_stop) == 0 && !was_asked);
	SIM_ASSERT(qs_stop_is_asked(queue_stop) == 1);
	SIM_ASSERT(counts.given_up == 1);
}

static void stop_beats_items_setup(void)
{
	items_begin(0);
	put_two(&items[0]);
	sim_thread("getter", get_before_the_stop, NULL);
	sim_thread("putter", put_item, &items[2]);
	sim_thread("stopper", ask_queue_stop, NULL);
}

static const struct sim_case stop_beats_items = {
	.name = "stop-beats-items",
	.setup = stop_beats_items_setup,
	.finish = items_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/*
 * What comes after the stop comes too late, though it may find the other one
 * parked still, and calls it.
 */
static void ask_stop_and_put(void *arg)
{
	ask_queue_stop(arg);
	put_item(arg);
}

static void ask_stop_and_get(void *arg)
{
	ask_queue_stop(arg);
	get_item(arg);
}

static void too_late_setup(void)
{
	const bool is_getter = sim_choose(2) == 0;

	items_begin(1);
	if (is_getter) {
		sim_thread("stopped", get_until_stopped, NULL);
		sim_thread("stopper", ask_stop_and_put, &items[0]);
	} else {
		put_item(&items[0]);
		sim_thread("stopped", put_until_stopped, &items[1]);
		sim_thread("stopper", ask_stop_and_get, NULL);
	}
}

static void it_was_too_late(void)
{
	SIM_ASSERT(counts.given_up + counts.refused == 1);
	items_end();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a14_item_queue_who_leaves_passes_the_call_on),
		cmocka_unit_test(test_sim_a14_depot_a_call_that_is_kept_is_missed),
		cmocka_unit_test(test_sim_a27_item_queue_stop_ends_a_wait_and_beats_items),
	};

	return cmocka_run_group_tests_name("sim item queue leave", tests, NULL, NULL);
}
