/* SPDX-License-Identifier: MIT */
/*
 * test_sim_queue.c - core/queue.c: nothing lost, nothing taken twice, nobody left asleep.
 *
 * Items are counted: what was pushed is what was taken, removed or found at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/queue.h"
#include "core/stop.h"
#include "platform/clock.h"
#include "sim/sim.h"

enum { ITEMS = 4 };

struct item {
	struct qs__list link;
	int data;	/* plain: published by the push */
	int taken;
};

static struct qs__queue queue;
static struct item items[ITEMS];
static int pushed, taken, refused;
static qs_stop *stop;

static void begin(size_t limit)
{
	qs__queue_init(&queue, limit);
	for (int i = 0; i < ITEMS; i++) {
		qs__list_init(&items[i].link);
		items[i].data = 0;
		items[i].taken = 0;
	}
	pushed = taken = refused = 0;
	stop = NULL;
}

static void note_taken(struct qs__list *link)
{
	struct item *item = QS__ENTRY(link, struct item, link);

	SIM_ASSERT(QS_PLAIN_READ(item->data) == 42);
	SIM_ASSERT(++item->taken == 1);
	taken++;
}

static void end(void)
{
	struct qs__list *link;

	while ((link = qs__queue_try_take(&queue)) != NULL)
		note_taken(link);
	SIM_ASSERT(taken == pushed);
	qs__queue_fini(&queue);
	qs_stop_release(stop);
}

static void count_push(int error)
{
	pushed += error == 0;
	refused += error != 0;
}

/* Each of these is a thread; `arg` is the item. */

static void push(void *arg)
{
	struct item *item = arg;
	bool is_unattended;

	QS_PLAIN_WRITE(item->data, 42);
	count_push(qs__queue_push(&queue, &item->link, &is_unattended));
}

static void push_patiently(void *arg)
{
	struct item *item = arg;
	bool is_unattended;

	QS_PLAIN_WRITE(item->data, 42);
	count_push(qs__queue_push_by(&queue, &item->link, &is_unattended, QS_NEVER, NULL, NULL));
}

static void push_impatiently(void *arg)
{
	struct item *item = arg;
	bool is_unattended;

	QS_PLAIN_WRITE(item->data, 42);
	count_push(qs__queue_push_by(&queue, &item->link, &is_unattended, qs__clock_now() + QS__NS_PER_S, NULL, NULL));
}

static void push_unless_stopped(void *arg)
{
	struct item *item = arg;
	bool is_unattended;

	QS_PLAIN_WRITE(item->data, 42);
	count_push(qs__queue_push_by(&queue, &item->link, &is_unattended, QS_NEVER, stop, NULL));
}

static struct qs__list *take(void)
{
	struct qs__regular regular = { NULL, NULL, false };

	return qs__queue_take(&queue, &regular);
}

static void take_one(void *arg)
{
	struct qs__list *link = take();

	(void)arg;
	SIM_ASSERT(link != NULL);
	note_taken(link);
}

static void take_all(void *arg)
{
	struct qs__list *link;

	(void)arg;
	while ((link = take()) != NULL)
		note_taken(link);
}

static void take_two(void *arg)
{
	take_one(arg);
	take_one(arg);
}

static void close_queue(void *arg)
{
	(void)arg;
	qs__queue_close(&queue);
}

static void ask_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

/* ---- pushes against takers that are about to park ---- */

static void push_setup(void)
{
	begin(0);
	sim_thread("taker", take_one, NULL);
	sim_thread("taker 2", take_one, NULL);
	sim_thread("giver", push, &items[0]);
	sim_thread("giver 2", push, &items[1]);
}

static void one_taker_setup(void)
{
	begin(0);
	sim_thread("taker", take_one, NULL);
	sim_thread("giver", push, &items[0]);
}

static const struct sim_case one_push_against_take = {
	.name = "one-push-against-take",
	.setup = one_taker_setup,
	.finish = end,
	.preemptions = 4,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static const struct sim_case push_against_take = {
	.name = "push-against-take",
	.setup = push_setup,
	.finish = end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "mutex.c:unlock:exchange_release", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void test_sim_a1_queue_push_against_park(void **state)
{
	(void)state;
	assert_true(sim_verify(&one_push_against_take));
	assert_true(sim_verify(&push_against_take));
}

/* ---- two pushes and one wake-up in flight: the taker that comes back calls the next ---- */

static void burst(void *arg)
{
	push(&items[0]);
	push(&items[1]);
	push(arg);
}

static void burst_setup(void)
{
	begin(0);
	sim_thread("taker", take_one, NULL);
	sim_thread("taker 2", take_one, NULL);
	sim_thread("taker 3", take_one, NULL);
	sim_thread("giver", burst, &items[2]);
}

static const struct sim_case burst_of_pushes = {
	.name = "burst",
	.setup = burst_setup,
	.finish = end,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a15_queue_one_wake_in_flight_reaches_all(void **state)
{
	(void)state;
	assert_true(sim_verify(&burst_of_pushes));
}

/* ---- close against pushes and takers ---- */

static void close_setup(void)
{
	begin(0);
	sim_thread("taker", take_all, NULL);
	sim_thread("taker 2", take_all, NULL);
	sim_thread("giver", push, &items[0]);
	sim_thread("closer", close_queue, NULL);
}

static const struct sim_case close_against_push = {
	.name = "close-against-push",
	.setup = close_setup,
	.finish = end,
	.preemptions = 1,
	.spurious_wakes = 1,
	.random = 50000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "depot.c:qs__depot_unlock:unpark_one(taker)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a2_queue_close_reaches_every_taker(void **state)
{
	(void)state;
	assert_true(sim_verify(&close_against_push));
}

/* ---- an item is removed while it is taken ---- */

static void remove_first(void *arg)
{
	(void)arg;
	if (qs__queue_remove(&queue, &items[0].link))
		note_taken(&items[0].link);
}

static void try_take(void *arg)
{
	struct qs__list *link = qs__queue_try_take(&queue);

	(void)arg;
	if (link != NULL)
		note_taken(link);
}

static void remove_setup(void)
{
	begin(1);
	push(&items[0]);
	sim_thread("taker", try_take, NULL);
	sim_thread("remover", remove_first, NULL);
	sim_thread("giver", push_patiently, &items[1]);
}

static const struct sim_case remove_against_take = {
	.name = "remove-against-take",
	.setup = remove_setup,
	.finish = end,
	.preemptions = 3,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_ASSERTION | SIM_DEADLOCK | SIM_RACE | SIM_CRASH, 0 },
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a8_queue_remove_against_take(void **state)
{
	(void)state;
	assert_true(sim_verify(&remove_against_take));
}

/* ---- a giver loses its patience just when it was called: the call goes to the other one ---- */

static void full_begin(void)
{
	begin(1);
	push(&items[0]);
}

static void impatient_setup(void)
{
	full_begin();
	sim_thread("impatient", push_impatiently, &items[1]);
	sim_thread("patient", push_patiently, &items[2]);
	sim_thread("taker", take_two, NULL);
}

static void patient_got_in(void)
{
	SIM_ASSERT(pushed + refused == 3 && refused <= 1);
	end();
}

static const struct sim_case giver_gives_up = {
	.name = "giver-gives-up",
	.setup = impatient_setup,
	.finish = patient_got_in,
	.preemptions = 1,
	.early_timeouts = 1,
	.random = 100000,
	.controls = {
		{ "depot.c:qs__depot_unlock:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a14_queue_giver_that_gives_up_passes_the_call_on(void **state)
{
	(void)state;
	assert_true(sim_verify(&giver_gives_up));
}

/* ---- the same by a stop ---- */

static void stopped_setup(void)
{
	full_begin();
	stop = qs__stop_new(NULL, NULL);
	sim_thread("stopped", push_unless_stopped, &items[1]);
	sim_thread("patient", push_patiently, &items[2]);
	sim_thread("taker", take_two, NULL);
	sim_thread("stopper", ask_stop, NULL);
}

static const struct sim_case giver_is_stopped = {
	.name = "giver-is-stopped",
	.setup = stopped_setup,
	.finish = patient_got_in,
	.preemptions = 1,
	.random = 100000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void stopped_alone_setup(void)
{
	full_begin();
	stop = qs__stop_new(NULL, NULL);
	sim_thread("stopped", push_unless_stopped, &items[1]);
	sim_thread("stopper", ask_stop, NULL);
}

static void nobody_got_in(void)
{
	SIM_ASSERT(pushed == 1 && refused == 1);
	end();
}

static const struct sim_case giver_is_stopped_alone = {
	.name = "giver-is-stopped-alone",
	.setup = stopped_alone_setup,
	.finish = nobody_got_in,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_queue_giver_is_stopped(void **state)
{
	(void)state;
	assert_true(sim_verify(&giver_is_stopped_alone));
	assert_true(sim_verify(&giver_is_stopped));
}

/* ---- close against a giver that waits for room ---- */

static void close_on_giver_setup(void)
{
	full_begin();
	sim_thread("giver", push_patiently, &items[1]);
	sim_thread("giver 2", push_patiently, &items[2]);
	sim_thread("closer", close_queue, NULL);
}

static const struct sim_case close_against_giver = {
	.name = "close-against-giver",
	.setup = close_on_giver_setup,
	.finish = end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "depot.c:dismiss:unpark_one(giver)", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a2_queue_close_reaches_every_giver(void **state)
{
	(void)state;
	assert_true(sim_verify(&close_against_giver));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a1_queue_push_against_park),
		cmocka_unit_test(test_sim_a15_queue_one_wake_in_flight_reaches_all),
		cmocka_unit_test(test_sim_a2_queue_close_reaches_every_taker),
		cmocka_unit_test(test_sim_a8_queue_remove_against_take),
		cmocka_unit_test(test_sim_a14_queue_giver_that_gives_up_passes_the_call_on),
		cmocka_unit_test(test_sim_a27_queue_giver_is_stopped),
		cmocka_unit_test(test_sim_a2_queue_close_reaches_every_giver),
	};

	return cmocka_run_group_tests_name("sim queue", tests, NULL, NULL);
}
