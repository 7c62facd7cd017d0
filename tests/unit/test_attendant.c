/* SPDX-License-Identifier: MIT */
/*
 * test_attendant.c - tokens with a deadline or for handlers, and the one
 * thread that serves them all.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/seed.h"

#define NS_PER_MS INT64_C(1000000)

static qs_stop *stop_with(qs_time deadline, uint32_t flags)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *stop = NULL;

	options.deadline = deadline;
	options.flags = flags;
	assert_int_equal(qs_stop_create(&stop, &options), 0);
	return stop;
}

static void check_deadline_cause(const qs_stop *stop)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_int_equal(qs_stop_cause(stop, &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_DEADLINE);
	assert_string_not_equal(cause.text, "");
}

static void test_attendant_deadline_asks_never_before_its_time(void **state)
{
	const qs_time deadline = qs_after_ms(30);
	qs_stop *stop = stop_with(deadline, 0);

	(void)state;
	assert_int_equal(qs_sleep(patience(), stop), -ECANCELED);
	assert_true(qs_now() >= deadline);
	check_deadline_cause(stop);
	qs_stop_release(stop);
}

static void test_attendant_past_deadline_is_born_asked(void **state)
{
	qs_stop *stop = stop_with(1, 0);
	qs_stop *negative = stop_with(-1, 0);

	(void)state;
	assert_int_equal(qs_stop_is_asked(stop), 1);
	assert_int_equal(qs_stop_is_asked(negative), 1);
	check_deadline_cause(stop);
	qs_stop_release(negative);
	qs_stop_release(stop);
}

static void test_attendant_never_is_no_deadline_and_needs_no_thread(void **state)
{
	const int threads = leftovers_threads();
	qs_stop *stop = stop_with(QS_NEVER, 0);

	(void)state;
	assert_int_equal(leftovers_threads(), threads);
	assert_int_equal(qs_stop_is_asked(stop), 0);
	qs_stop_release(stop);
}

static void test_attendant_is_one_thread_for_all_and_ends_with_the_last(void **state)
{
	const int threads = leftovers_threads();
	qs_stop *one = stop_with(qs_after_s(1000), 0);
	qs_stop *other = stop_with(0, QS_STOP_FROM_HANDLER);

	(void)state;
	assert_int_equal(leftovers_threads(), threads + 1);
	qs_stop_release(one);
	assert_int_equal(leftovers_threads(), threads + 1);
	qs_stop_release(other);
	/* That it ends is checked for every test. */
}

#define TOKENS 3000

/* In which order the tokens were asked: a callback of each adds its number. */
struct order {
	qs_time deadline;
	qs_stop *stop;
	qs_stop_callback *callback;
};

static struct order orders[TOKENS];
static struct order *in_order[TOKENS];
static atomic_uint asked;
static struct gate all_asked = GATE_INIT;

static void note_order(void *arg)
{
	const unsigned i = atomic_fetch_add(&asked, 1);

	in_order[i] = arg;
	if (i + 1 == TOKENS)
		gate_raise(&all_asked);
}

static void test_attendant_thousands_of_deadlines_come_in_order(void **state)
{
	uint64_t seed = seed_take();
	/* Later than the making takes, so that all are there when the first one is due. */
	const qs_time begin = qs_after_ms(500 * patience_scale());

	(void)state;
	for (int i = 0; i < TOKENS; i++) {
		struct order *it = &orders[i];

		it->deadline = begin + (qs_time)(seed_next(&seed) % (100 * (uint32_t)NS_PER_MS));
		it->stop = stop_with(it->deadline, 0);
		assert_int_equal(qs_stop_callback_add(&it->callback, it->stop, note_order, it), 0);
	}
	assert_true(qs_now() < begin);
	gate_await(&all_asked, 1);
	for (int i = 1; i < TOKENS; i++)
		assert_true(in_order[i - 1]->deadline <= in_order[i]->deadline);
	for (int i = 0; i < TOKENS; i++) {
		assert_int_equal(qs_stop_callback_remove(orders[i].callback), 0);
		qs_stop_release(orders[i].stop);
	}
}

static void test_attendant_released_deadlines_leave_the_others(void **state)
{
	enum { COUNT = 1000 };
	static qs_stop *stops[COUNT];
	const qs_time deadline = qs_after_ms(100);
	uint64_t seed = seed_take();

	(void)state;
	for (int i = 0; i < COUNT; i++)
		stops[i] = stop_with(deadline + (qs_time)(seed_next(&seed) % NS_PER_MS), 0);
	for (int i = 0; i < COUNT; i += 2)
		qs_stop_release(stops[i]);
	for (int i = 1; i < COUNT; i += 2) {
		assert_int_equal(qs_sleep(patience(), stops[i]), -ECANCELED);
		qs_stop_release(stops[i]);
	}
}

static void test_attendant_sooner_deadline_overtakes_a_later_one(void **state)
{
	qs_stop *late = stop_with(qs_after_s(1000), 0);
	qs_stop *soon = stop_with(qs_after_ms(5), 0);

	(void)state;
	assert_int_equal(qs_sleep(patience(), soon), -ECANCELED);
	assert_int_equal(qs_stop_is_asked(late), 0);
	qs_stop_release(soon);
	qs_stop_release(late);
}

static void test_attendant_deadline_after_an_ask_changes_nothing(void **state)
{
	const qs_time deadline = qs_after_ms(20);
	qs_stop *stop = stop_with(deadline, 0);
	qs_cause cause = QS_CAUSE_INIT;

	(void)state;
	assert_int_equal(qs_stop_ask(stop, 0, "first"), 1);
	assert_int_equal(qs_sleep(deadline + 5 * NS_PER_MS, NULL), 0);
	assert_int_equal(qs_stop_cause(stop, &cause), 1);
	assert_string_equal(cause.text, "first");
	qs_stop_release(stop);
}

static struct gate is_releasing = GATE_INIT;

static void release(void *stop)
{
	gate_raise(&is_releasing);
	qs_stop_release(stop);
}

/* The callback gives back the last reference from inside the attendant, which ends by it. */
static void test_attendant_last_release_may_come_from_its_own_callback(void **state)
{
	qs_stop *stop = stop_with(qs_after_ms(10), 0);
	qs_stop *extra = qs_stop_retain(stop);
	qs_stop_callback *callback;

	(void)state;
	assert_int_equal(qs_stop_callback_add(&callback, stop, release, extra), 0);
	/*
	 * Not only asked: waits are woken before callbacks run, and one that has not
	 * begun can still be removed.
	 */
	gate_await(&is_releasing, 1);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	qs_stop_release(stop);
}

static void test_attendant_comes_and_goes_again_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		qs_stop_release(stop_with(qs_after_ms(i % 2), 0));
}

static void raise_gate(void *arg)
{
	gate_raise(arg);
}

static void test_attendant_ask_from_handler_tells_waits_and_callbacks(void **state)
{
	struct gate called = GATE_INIT;
	qs_stop *stop = stop_with(0, QS_STOP_FROM_HANDLER);
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop_callback *callback;
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop *child;

	(void)state;
	options.parent = stop;
	assert_int_equal(qs_stop_create(&child, &options), 0);
	assert_int_equal(qs_stop_callback_add(&callback, child, raise_gate, &called), 0);
	assert_int_equal(qs_stop_ask_from_handler(stop, SIGUSR2), 1);
	assert_int_equal(qs_stop_is_asked(stop), 1);
	assert_int_equal(qs_stop_ask_from_handler(stop, SIGUSR1), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 0);
	assert_int_equal(qs_sleep(patience(), child), -ECANCELED);
	gate_await(&called, 1);
	assert_int_equal(qs_stop_cause(child, &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_SIGNAL);
	assert_int_equal(cause.signal, SIGUSR2);
	assert_string_equal(cause.text, "stopped by SIGUSR2");
	(void)qs_stop_callback_remove(callback);
	qs_stop_release(child);
	qs_stop_release(stop);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_attendant_deadline_asks_never_before_its_time),
		test(test_attendant_past_deadline_is_born_asked),
		test(test_attendant_never_is_no_deadline_and_needs_no_thread),
		test(test_attendant_is_one_thread_for_all_and_ends_with_the_last),
		test(test_attendant_thousands_of_deadlines_come_in_order),
		test(test_attendant_released_deadlines_leave_the_others),
		test(test_attendant_sooner_deadline_overtakes_a_later_one),
		test(test_attendant_deadline_after_an_ask_changes_nothing),
		test(test_attendant_last_release_may_come_from_its_own_callback),
		test(test_attendant_comes_and_goes_again_and_again),
		test(test_attendant_ask_from_handler_tells_waits_and_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
