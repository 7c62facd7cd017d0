/* SPDX-License-Identifier: MIT */
/*
 * test_sim_waiter.c - core/waiter.c: an event that happens against a thread that waits for
 * it, gives up, or leaves.
 *
 * Waiters live on the heap here and are freed as soon as their thread has left, so that a touch
 * that comes too late is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/waiter.h"
#include "platform/alloc.h"
#include "platform/clock.h"
#include "sim/sim.h"

enum { EVENTS = 2 };

/* An event that stands for a plain result, as a future's end does. */
struct thing {
	struct qs__event event;
	int result;
};

static struct thing things[EVENTS];

static void fire(struct thing *thing)
{
	struct qs__list taken;

	QS_PLAIN_WRITE(thing->result, 42);
	qs__mutex_lock(&thing->event.lock);
	qs__event_close_locked(&thing->event, &taken);
	qs__mutex_unlock(&thing->event.lock);
	qs__event_notify(&taken, false);
}

static void firer(void *arg)
{
	fire(arg);
}

static void things_begin(void)
{
	for (int i = 0; i < EVENTS; i++) {
		qs__event_init(&things[i].event);
		things[i].result = 0;
	}
}

static void things_end(void)
{
	for (int i = 0; i < EVENTS; i++)
		qs__event_fini(&things[i].event);
}

struct frame {
	struct qs__waiter waiter;
	struct qs__collector collector;
	struct qs__wait_node nodes[EVENTS];
};

static struct frame *frame_enter(uint32_t goal, bool is_collecting)
{
	struct frame *frame = qs__alloc(sizeof(*frame));

	qs__collector_init(&frame->collector);
	qs__waiter_init(&frame->waiter, goal, is_collecting ? &frame->collector : NULL);
	return frame;
}

static void frame_attach(struct frame *frame, int event, enum qs__urgency urgency)
{
	if (!qs__waiter_attach(&frame->waiter, &frame->nodes[event], &things[event].event, urgency))
		qs__waiter_count(&frame->waiter);
}

/* As if the waiter had lived for long: one more event, and the count begins again at 0. */
static void frame_age(struct frame *frame)
{
	frame->waiter.linked = QS__WAITER_EVENTS_MAX;
	qs__store_relaxed(&frame->waiter.word, QS__WAITER_EVENTS_MAX);
}

static void frame_leave(struct frame *frame, size_t count)
{
	qs__waiter_leave(&frame->waiter, frame->nodes, count);
	qs__collector_fini(&frame->collector);
	qs__free(frame);
}

/* ---- one event, awaited without end ---- */

static void wait_for_first(void *arg)
{
	struct frame *frame = frame_enter(1, false);

	(void)arg;
	frame_attach(frame, 0, QS__NEVER_URGENT);
	SIM_ASSERT(qs__waiter_park(&frame->waiter, QS_NEVER) == 0);
	SIM_ASSERT(QS_PLAIN_READ(things[0].result) == 42);
	frame_leave(frame, 1);
}

static void one_setup(void)
{
	things_begin();
	sim_thread("waiter", wait_for_first, NULL);
	sim_thread("firer", firer, &things[0]);
}

static const struct sim_case wait_one = {
	.name = "wait-one",
	.setup = one_setup,
	.finish = things_end,
	.preemptions = 3,
	.stale_reads = 3,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:is_over:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		/* Does not wait at all. */
		{ "waiter.c:is_over:load_acquire", SIM_PRETEND, SIM_RACE | SIM_ASSERTION, 1 },
	},
};

static void test_sim_a6_waiter_frees_its_frame_after_the_wake(void **state)
{
	(void)state;
	assert_true(sim_verify(&wait_one));
}

/* ---- one event against the end of the patience ---- */

static void wait_for_first_a_while(void *arg)
{
	struct frame *frame = frame_enter(1, false);
	int error;

	(void)arg;
	frame_attach(frame, 0, QS__NEVER_URGENT);
	error = qs__waiter_park(&frame->waiter, qs__clock_now() + QS__NS_PER_S);
	if (error == 0)
		SIM_ASSERT(QS_PLAIN_READ(things[0].result) == 42);
	else
		SIM_ASSERT(error == -ETIMEDOUT);
	frame_leave(frame, 1);
}

static void patience_setup(void)
{
	things_begin();
	sim_thread("waiter", wait_for_first_a_while, NULL);
	sim_thread("firer", firer, &things[0]);
}

static const struct sim_case timeout_against_event = {
	.name = "timeout-against-event",
	.setup = patience_setup,
	.finish = things_end,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.early_timeouts = 1,
	.random = 20000,
	.controls = {
		/* Goes although the event is under way to it, or has been told without order. */
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "waiter.c:settle:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "waiter.c:settle:park", SIM_DROP, SIM_ENDLESS, 0 },
		{ "waiter.c:be_eager:compare_exchange_acquire", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "waiter.c:be_eager:compare_exchange_acquire", SIM_DROP, SIM_DEADLOCK | SIM_ENDLESS, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a14_waiter_leaves_by_timeout_against_its_event(void **state)
{
	(void)state;
	assert_true(sim_verify(&timeout_against_event));
}

/* ---- two wait for one event; one of them loses its patience: the other one is told all the same ---- */

static void two_setup(void)
{
	things_begin();
	sim_thread("patient", wait_for_first, NULL);
	sim_thread("impatient", wait_for_first_a_while, NULL);
	sim_thread("firer", firer, &things[0]);
}

static const struct sim_case two_waiters = {
	.name = "two-waiters",
	.setup = two_setup,
	.finish = things_end,
	.preemptions = 1,
	.stale_reads = 1,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "mutex.c:unlock:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a14_waiter_that_leaves_takes_no_wake_from_another(void **state)
{
	(void)state;
	assert_true(sim_verify(&two_waiters));
}

/* ---- an end and a stop come together ---- */

static void wait_for_end_or_stop(void *arg)
{
	struct frame *frame = frame_enter(1, false);

	(void)arg;
	frame_attach(frame, 0, QS__NEVER_URGENT);
	/* As a real wait: a stop that was asked before is not waited with. */
	if (qs__waiter_attach(&frame->waiter, &frame->nodes[1], &things[1].event, QS__ALWAYS_URGENT))
		SIM_ASSERT(qs__waiter_park(&frame->waiter, QS_NEVER) == 0);
	frame_leave(frame, EVENTS);
}

static void stop_setup(void)
{
	things_begin();
	sim_thread("waiter", wait_for_end_or_stop, NULL);
	sim_thread("completer", firer, &things[0]);
	sim_thread("stopper", firer, &things[1]);
}

static const struct sim_case stop_against_end = {
	.name = "stop-against-end",
	.setup = stop_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_waiter_stop_against_end(void **state)
{
	(void)state;
	assert_true(sim_verify(&stop_against_end));
}

/* ---- a stop alone: asked before, while and after the wait begins ---- */

static int stop_outcome;

static void sleep_until_stop(void *arg)
{
	struct frame *frame = frame_enter(0, false);

	(void)arg;
	stop_outcome = 0;
	if (qs__waiter_attach(&frame->waiter, &frame->nodes[1], &things[1].event, QS__ALWAYS_URGENT))
		stop_outcome = qs__waiter_park(&frame->waiter, qs__clock_now() + QS__NS_PER_S);
	frame_leave(frame, EVENTS);
}

static void sleep_setup(void)
{
	things_begin();
	sim_thread("sleeper", sleep_until_stop, NULL);
	sim_thread("stopper", firer, &things[1]);
}

static void sleep_finish(void)
{
	SIM_ASSERT(stop_outcome == 0);
	things_end();
}

/*
 * No early timeouts: the stop must come through although nothing else would end the
 * sleep before its deadline.
 */
static const struct sim_case sleep_against_stop = {
	.name = "sleep-against-stop",
	.setup = sleep_setup,
	.finish = sleep_finish,
	.preemptions = 4,
	.stale_reads = 3,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_a27_waiter_never_sleeps_through_a_stop(void **state)
{
	(void)state;
	assert_true(sim_verify(&sleep_against_stop));
}

/* ---- all of two ---- */

static void wait_for_both(void *arg)
{
	struct frame *frame = frame_enter(EVENTS, false);

	(void)arg;
	for (int i = 0; i < EVENTS; i++)
		frame_attach(frame, i, QS__NEVER_URGENT);
	SIM_ASSERT(qs__waiter_park(&frame->waiter, QS_NEVER) == 0);
	for (int i = 0; i < EVENTS; i++)
		SIM_ASSERT(QS_PLAIN_READ(things[i].result) == 42);
	frame_leave(frame, EVENTS);
}

static void all_setup(void)
{
	things_begin();
	sim_thread("waiter", wait_for_both, NULL);
	sim_thread("firer", firer, &things[0]);
	sim_thread("firer 2", firer, &things[1]);
}

static const struct sim_case wait_all = {
	.name = "wait-all",
	.setup = all_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "waiter.c:qs__waiter_count:fetch_add_relaxed", SIM_SPLIT, SIM_DEADLOCK | SIM_RACE, 0 },
	},
};

static void test_sim_a12_waiter_sees_the_results_of_all(void **state)
{
	(void)state;
	assert_true(sim_verify(&wait_all));
}

/* ---- as they come ---- */

static void collect_both_in(struct frame *frame)
{
	int got[EVENTS] = { 0 };
	int count = 0;

	for (int i = 0; i < EVENTS; i++) {
		if (!qs__waiter_attach(&frame->waiter, &frame->nodes[i], &things[i].event, QS__NEVER_URGENT))
			count += ++got[i];
	}
	while (count < EVENTS) {
		struct qs__collected *collected;

		SIM_ASSERT(qs__waiter_park_collecting(&frame->waiter, QS_NEVER) == 0);
		while ((collected = qs__collector_take(&frame->collector)) != NULL) {
			const int i = (int)(QS__ENTRY(collected, struct qs__wait_node, collected) - frame->nodes);

			SIM_ASSERT(++got[i] == 1);
			SIM_ASSERT(QS_PLAIN_READ(things[i].result) == 42);
			count++;
		}
	}
	SIM_ASSERT(qs__load_relaxed(&frame->waiter.word) >> 31 == 0);	/* nothing urgent happened */
	frame_leave(frame, EVENTS);
}

static void collect_both(void *arg)
{
	(void)arg;
	collect_both_in(frame_enter(0, true));
}

static void collect_setup(void)
{
	things_begin();
	sim_thread("collector", collect_both, NULL);
	sim_thread("firer", firer, &things[0]);
	sim_thread("firer 2", firer, &things[1]);
}

static const struct sim_case collect = {
	.name = "collect",
	.setup = collect_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "collector.c:qs__collector_push:compare_exchange_acq_rel", SIM_NO_RELEASE, SIM_RACE, 0 },
		{ "collector.c:qs__collector_push:compare_exchange_acq_rel", SIM_SPLIT,
		  SIM_DEADLOCK | SIM_RACE | SIM_ASSERTION, 0 },
		{ "collector.c:take_pushed:exchange_acq_rel", SIM_NO_ACQUIRE, SIM_RACE, 0 },
		{ "collector.c:take_pushed:exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK | SIM_ASSERTION, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a16_waiter_collects_each_event_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&collect));
}

/* ---- the same when the count of events wraps ---- */

static void collect_both_late(void *arg)
{
	struct frame *frame = frame_enter(0, true);

	(void)arg;
	frame_age(frame);
	collect_both_in(frame);
}

static void collect_late_setup(void)
{
	things_begin();
	sim_thread("collector", collect_both_late, NULL);
	sim_thread("firer", firer, &things[0]);
	sim_thread("firer 2", firer, &things[1]);
}

static const struct sim_case collect_over_the_wrap = {
	.name = "collect-over-the-wrap",
	.setup = collect_late_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE,
		  QS__WAITER_EVENTS_MAX },
		{ "waiter.c:be_eager:compare_exchange_acquire", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a13_waiter_collects_while_its_count_wraps(void **state)
{
	(void)state;
	assert_true(sim_verify(&collect_over_the_wrap));
}

/* ---- a look after each event, which may bring the next one about ---- */

static void look_after_each(void *arg)
{
	struct frame *frame = frame_enter(EVENTS, false);
	bool has_fired = false;
	uint32_t told;

	(void)arg;
	frame_attach(frame, 0, QS__NEVER_URGENT);
	frame_attach(frame, 1, QS__NEVER_URGENT);
	do {
		told = qs__waiter_told(&frame->waiter);
		if (!has_fired && qs__event_has_happened(&things[0].event)) {
			has_fired = true;
			fire(&things[1]);
		}
	} while (qs__waiter_park_beyond(&frame->waiter, told));
	for (int i = 0; i < EVENTS; i++)
		SIM_ASSERT(QS_PLAIN_READ(things[i].result) == 42);
	frame_leave(frame, EVENTS);
}

static void look_setup(void)
{
	things_begin();
	sim_thread("looker", look_after_each, NULL);
	sim_thread("firer", firer, &things[0]);
}

static const struct sim_case look = {
	.name = "look-after-each",
	.setup = look_setup,
	.finish = things_end,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		/* What is told after the look, and counted as if before it, is never looked at. */
		{ "waiter.c:qs__waiter_told:load_acquire", SIM_PRETEND, SIM_DEADLOCK | SIM_ENDLESS, 1 },
		{ "waiter.c:be_eager:compare_exchange_acquire", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a21_waiter_looks_after_each_event(void **state)
{
	(void)state;
	assert_true(sim_verify(&look));
}

/* ---- a stop is taken back from a wait that goes on ---- */

/* Out of a wait for a goal. */
static void take_stop_back(void *arg)
{
	struct frame *frame = frame_enter(1, false);
	bool is_linked;

	(void)arg;
	frame_attach(frame, 0, QS__NEVER_URGENT);
	is_linked = qs__waiter_attach_urgent(&frame->waiter, &frame->nodes[1], &things[1].event);
	if (is_linked) {
		(void)qs__waiter_park(&frame->waiter, QS_NEVER);
		qs__waiter_leave_urgent(&frame->waiter, &frame->nodes[1]);
	}
	SIM_ASSERT(qs__waiter_park(&frame->waiter, QS_NEVER) == 0);
	SIM_ASSERT(QS_PLAIN_READ(things[0].result) == 42);
	/* One event was told, and nothing that is urgent. */
	SIM_ASSERT(qs__load_relaxed(&frame->waiter.word) % (UINT32_C(1) << 30) == 1);
	SIM_ASSERT(qs__load_relaxed(&frame->waiter.word) >> 31 == 0);
	frame_leave(frame, 1);
}

static void take_back_setup(void)
{
	things_begin();
	sim_thread("waiter", take_stop_back, NULL);
	sim_thread("completer", firer, &things[0]);
	sim_thread("stopper", firer, &things[1]);
}

static const struct sim_case stop_taken_back = {
	.name = "stop-taken-back",
	.setup = take_back_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_RACE | SIM_USE_AFTER_FREE | SIM_DEADLOCK | SIM_ASSERTION,
		  UINT32_C(1) << 31 },
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_DROP, SIM_RACE | SIM_ASSERTION | SIM_DEADLOCK, 0 },
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_waiter_takes_a_stop_back(void **state)
{
	(void)state;
	assert_true(sim_verify(&stop_taken_back));
}

/* Out of a wait without one, whose count wraps by the stop, by the end, or by taking the stop back. */
static void take_stop_back_late(void *arg)
{
	struct frame *frame = frame_enter(0, true);
	bool is_linked;

	(void)arg;
	frame_age(frame);
	is_linked = qs__waiter_attach(&frame->waiter, &frame->nodes[0], &things[0].event, QS__NEVER_URGENT);
	if (qs__waiter_attach_urgent(&frame->waiter, &frame->nodes[1], &things[1].event)) {
		if (is_linked)
			(void)qs__waiter_park_collecting(&frame->waiter, QS_NEVER);
		qs__waiter_leave_urgent(&frame->waiter, &frame->nodes[1]);
	}
	if (is_linked)
		SIM_ASSERT(qs__waiter_park_collecting(&frame->waiter, QS_NEVER) == 0);
	SIM_ASSERT((qs__collector_take(&frame->collector) != NULL) == is_linked);
	SIM_ASSERT(QS_PLAIN_READ(things[0].result) == 42);
	SIM_ASSERT(qs__load_relaxed(&frame->waiter.word) >> 31 == 0);
	frame_leave(frame, 1);
}

static void take_back_late_setup(void)
{
	things_begin();
	sim_thread("waiter", take_stop_back_late, NULL);
	sim_thread("completer", firer, &things[0]);
	sim_thread("stopper", firer, &things[1]);
}

static const struct sim_case stop_taken_back_at_the_wrap = {
	.name = "stop-taken-back-at-the-wrap",
	.setup = take_back_late_setup,
	.finish = things_end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_DROP, SIM_RACE | SIM_ASSERTION | SIM_DEADLOCK, 0 },
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a13_waiter_takes_a_stop_back_while_its_count_wraps(void **state)
{
	(void)state;
	assert_true(sim_verify(&stop_taken_back_at_the_wrap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a6_waiter_frees_its_frame_after_the_wake),
		cmocka_unit_test(test_sim_a14_waiter_leaves_by_timeout_against_its_event),
		cmocka_unit_test(test_sim_a14_waiter_that_leaves_takes_no_wake_from_another),
		cmocka_unit_test(test_sim_a27_waiter_stop_against_end),
		cmocka_unit_test(test_sim_a27_waiter_never_sleeps_through_a_stop),
		cmocka_unit_test(test_sim_a12_waiter_sees_the_results_of_all),
		cmocka_unit_test(test_sim_a16_waiter_collects_each_event_once),
		cmocka_unit_test(test_sim_a21_waiter_looks_after_each_event),
		cmocka_unit_test(test_sim_a27_waiter_takes_a_stop_back),
		cmocka_unit_test(test_sim_a13_waiter_collects_while_its_count_wraps),
		cmocka_unit_test(test_sim_a13_waiter_takes_a_stop_back_while_its_count_wraps),
	};

	return cmocka_run_group_tests_name("sim waiter", tests, NULL, NULL);
}
