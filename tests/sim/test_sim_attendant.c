/* SPDX-License-Identifier: MIT */
/*
 * test_sim_attendant.c - bridge/attendant.c and bridge/signals.c: a signal arrives at any point of
 * a thread, deadlines come, and the attendant begins and ends with its tokens.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "core/stop.h"
#include "platform/clock.h"
#include "quiesce.h"
#include "sim/sim.h"

static qs_stop *stop;
static qs_stop *second;

static qs_stop *make_for_handlers(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *made;

	options.flags = QS_STOP_FROM_HANDLER;
	SIM_ASSERT(qs_stop_create(&made, &options) == 0);
	return made;
}

static qs_stop *make_with_deadline(void)
{
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop *made;

	options.deadline = qs_after_s(1);
	SIM_ASSERT(qs_stop_create(&made, &options) == 0);
	return made;
}

static void ask_from_handler(void *arg)
{
	(void)qs_stop_ask_from_handler(arg, SIGINT);
	SIM_ASSERT(qs_stop_is_asked(arg) == 1);
}

static void release_stop(void)
{
	qs_stop_release(stop);
}

/* ---- a signal arrives in the thread that sleeps, or is about to ---- */

static void sleep_under_signals(void *arg)
{
	(void)arg;
	sim_signal_begin(ask_from_handler, stop);
	SIM_ASSERT(qs_sleep(QS_NEVER, stop) == -ECANCELED);
	sim_signal_end();
}

static void handler_setup(void)
{
	stop = make_for_handlers();
	sim_thread("sleeper", sleep_under_signals, NULL);
}

static const struct sim_case handler_against_sleep = {
	.name = "handler-against-sleep",
	.setup = handler_setup,
	.finish = release_stop,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "attendant.c:call:fetch_add_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "attendant.c:call:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "attendant.c:call:fetch_add_acq_rel", SIM_WEAKEN, SIM_RACE | SIM_DEADLOCK, 0 },
		{ "attendant.c:attend:load_acquire", SIM_WEAKEN, SIM_RACE | SIM_DEADLOCK, 0 },
	},
};

static void test_sim_c2_handler_asks_at_any_point_of_a_sleep(void **state)
{
	(void)state;
	assert_true(sim_verify(&handler_against_sleep));
}

/* ---- a handler asks while ordinary code asks the same token, and a callback is removed ---- */

static int calls;

static void count_call(void *arg)
{
	(void)arg;
	QS_PLAIN_WRITE(calls, QS_PLAIN_READ(calls) + 1);
}

static void use_callback_under_signals(void *arg)
{
	qs_stop_callback *callback;
	int never_called;

	(void)arg;
	sim_signal_begin(ask_from_handler, stop);
	SIM_ASSERT(qs_stop_callback_add(&callback, stop, count_call, NULL) == 0);
	never_called = qs_stop_callback_remove(callback);
	SIM_ASSERT(QS_PLAIN_READ(calls) == !never_called);
	sim_signal_end();
}

static void ask(void *arg)
{
	(void)qs_stop_ask(arg, 0, NULL);
}

static void callback_setup(void)
{
	calls = 0;
	stop = make_for_handlers();
	sim_thread("owner", use_callback_under_signals, NULL);
	sim_thread("asker", ask, stop);
}

static const struct sim_case handler_against_callback = {
	.name = "handler-against-callback",
	.setup = callback_setup,
	.finish = release_stop,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "callback.c:run:exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void test_sim_c2_handler_asks_against_a_callback(void **state)
{
	(void)state;
	assert_true(sim_verify(&handler_against_callback));
}

/* ---- handlers in two threads call the attendant for two tokens ---- */

static void two_handlers_setup(void)
{
	stop = make_for_handlers();
	second = make_for_handlers();
	sim_thread("handler", ask_from_handler, stop);
	sim_thread("handler 2", ask_from_handler, second);
}

/*
 * Both tokens go as soon as their handlers have returned: the attendant holds
 * them as long as it walks.
 */
static void release_both(void)
{
	qs_stop_release(second);
	qs_stop_release(stop);
}

static const struct sim_case two_handlers = {
	.name = "two-handlers",
	.setup = two_handlers_setup,
	.finish = release_both,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "attendant.c:qs__attended_call:compare_exchange_release", SIM_WEAKEN, SIM_RACE | SIM_USE_AFTER_FREE, 0 },
		{ "attendant.c:qs__attended_call:compare_exchange_release", SIM_SPLIT, SIM_RACE | SIM_USE_AFTER_FREE | SIM_LEAK | SIM_DEADLOCK, 0 },
		{ "attendant.c:walk_called:exchange_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "attendant.c:walk_called:exchange_acquire", SIM_SPLIT, SIM_RACE | SIM_USE_AFTER_FREE | SIM_LEAK | SIM_DEADLOCK, 0 },
	},
};

static void test_sim_c1_two_handlers_call_the_attendant(void **state)
{
	(void)state;
	assert_true(sim_verify(&two_handlers));
}

/* ---- the last token goes while another one comes ---- */

static void make_and_release(void *arg)
{
	(void)arg;
	qs_stop_release(make_for_handlers());
}

static void make_ask_and_release(void *arg)
{
	qs_stop *made = make_for_handlers();

	(void)arg;
	ask_from_handler(made);
	qs_stop_release(made);
}

static void life_setup(void)
{
	sim_thread("maker", make_and_release, NULL);
	sim_thread("maker 2", make_ask_and_release, NULL);
}

static const struct sim_case attendant_comes_and_goes = {
	.name = "attendant-comes-and-goes",
	.setup = life_setup,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "attendant.c:call:fetch_add_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "attendant.c:call:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "era_lock.c:qs__era_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_DEADLOCK | SIM_LEAK | SIM_RACE | SIM_USE_AFTER_FREE | SIM_CRASH, 0 },
		/* A process that has made tokens for a year: the count of calls is about to wrap. */
		{ "attendant.c:attendant_start:init(word)", SIM_PRETEND, 0, INT32_MAX - 1 },
		{ "attendant.c:attendant_start:init(word)", SIM_PRETEND, 0, UINT32_MAX - 1 },
	},
};

static void test_sim_a13_attendant_begins_and_ends_with_its_tokens(void **state)
{
	(void)state;
	assert_true(sim_verify(&attendant_comes_and_goes));
}

/* ---- a deadline against a sleeper, an asker and the token's end ---- */

static void sleep_until_deadline(void *arg)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)arg;
	SIM_ASSERT(qs_sleep(QS_NEVER, stop) == -ECANCELED);
	SIM_ASSERT(qs_stop_cause(stop, &cause) == 1);
	SIM_ASSERT(cause.kind == QS_CAUSE_DEADLINE || cause.kind == QS_CAUSE_ASKED);
}

static void deadline_setup(void)
{
	stop = make_with_deadline();
	sim_thread("sleeper", sleep_until_deadline, NULL);
}

static const struct sim_case deadline_ends_sleep = {
	.name = "deadline-ends-sleep",
	.setup = deadline_setup,
	.finish = release_stop,
	.preemptions = 3,
	.stale_reads = 1,
	.early_timeouts = 1,
	.random = 20000,
	.controls = {
		{ "attendant.c:call:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

/* The attendant sleeps already when the deadline is set. */
static void sleep_until_own_deadline(void *arg)
{
	qs_stop *own = make_with_deadline();

	(void)arg;
	SIM_ASSERT(qs_sleep(QS_NEVER, own) == -ECANCELED);
	qs_stop_release(own);
}

static void late_deadline_setup(void)
{
	stop = make_for_handlers();
	sim_thread("sleeper", sleep_until_own_deadline, NULL);
}

static const struct sim_case deadline_is_set_late = {
	.name = "deadline-is-set-late",
	.setup = late_deadline_setup,
	.finish = release_stop,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "attendant.c:call:fetch_add_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "attendant.c:call:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void release_other(void *arg)
{
	qs_stop_release(arg);
}

static void deadline_release_setup(void)
{
	stop = make_with_deadline();
	second = make_with_deadline();
	sim_thread("asker", ask, stop);
	sim_thread("owner", release_other, second);
}

static const struct sim_case deadline_against_release = {
	.name = "deadline-against-release",
	.setup = deadline_release_setup,
	.finish = release_stop,
	.preemptions = 2,
	.early_timeouts = 1,
	.random = 50000,
	.controls = {
		/* Takes a token that has no owner any more. */
		{ "object.c:qs__object_retain_if_alive:compare_exchange_relaxed", SIM_DROP,
		  SIM_USE_AFTER_FREE | SIM_RACE | SIM_CRASH, 0 },
	},
};

static void test_sim_a27_deadline_against_sleep_and_release(void **state)
{
	(void)state;
	assert_true(sim_verify(&deadline_ends_sleep));
	assert_true(sim_verify(&deadline_is_set_late));
	assert_true(sim_verify(&deadline_against_release));
}

/* ---- the ladder: the handler in one thread against close in another ---- */

static qs_signals *signals;
static int old_calls;

static void old_handler(int number)
{
	(void)number;
	old_calls++;
}

static void deliver(void *arg)
{
	(void)arg;
	(void)raise(SIGUSR1);
}

static void put_old_handler(void)
{
	const struct sigaction old = { .sa_handler = old_handler };

	(void)sigaction(SIGUSR1, &old, NULL);
	old_calls = 0;
}

static void install_ladder(void)
{
	static const int number = SIGUSR1;
	qs_signals_options options = QS_SIGNALS_OPTIONS_INIT;

	options.signals = &number;
	options.signal_count = 1;
	options.repeat_ns = -1;
	SIM_ASSERT(qs_stop_on_signals(&signals, &options) == 0);
}

static void ladder_setup(void)
{
	put_old_handler();
	install_ladder();
}

static void close_signals(void *arg)
{
	(void)arg;
	qs_signals_close(signals);
}

static bool old_handler_stands(void)
{
	struct sigaction present;

	(void)sigaction(SIGUSR1, NULL, &present);
	return present.sa_handler == old_handler;
}

static void check_old_handler(void)
{
	SIM_ASSERT(old_handler_stands());
}

static void close_setup(void)
{
	ladder_setup();
	sim_thread("taker", deliver, NULL);
	sim_thread("closer", close_signals, NULL);
}

static const struct sim_case close_against_handler = {
	.name = "close-against-handler",
	.setup = close_setup,
	.finish = check_old_handler,
	.preemptions = 1,
	.stale_reads = 2,
	.random = 50000,
	.controls = {
		{ "signals.c:on_signal:fence_seq_cst", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "signals.c:wait_for_handlers:fence_seq_cst", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "signals.c:wait_for_handlers:load_acquire", SIM_PRETEND, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "signals.c:wait_for_handlers:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "signals.c:on_signal:fetch_sub_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "signals.c:on_signal:unpark_all", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_c5_close_against_a_handler(void **state)
{
	(void)state;
	assert_true(sim_verify(&close_against_handler));
}

/* ---- a signal arrives while the handlers are installed; and while one instance follows another ---- */

static void install(void *arg)
{
	(void)arg;
	install_ladder();
}

static void install_setup(void)
{
	put_old_handler();
	sim_thread("installer", install, NULL);
	sim_thread("taker", deliver, NULL);
}

static void close_at_the_end(void)
{
	qs_signals_close(signals);
	check_old_handler();
}

static void nothing_swallowed(void)
{
	SIM_ASSERT(qs_stop_is_asked(qs_signals_soft(signals)) == (old_calls == 0));
	close_at_the_end();
}

static const struct sim_case install_against_handler = {
	.name = "install-against-handler",
	.setup = install_setup,
	.finish = nothing_swallowed,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "signals.c:install:store_release", SIM_DROP, SIM_ASSERTION | SIM_CRASH, 0 },
	},
};

static void install_anew(void *arg)
{
	close_signals(arg);
	install_ladder();
}

static void install_anew_setup(void)
{
	ladder_setup();
	sim_thread("installer", install_anew, NULL);
	sim_thread("taker", deliver, NULL);
}

/*
 * The handler was called for the first instance and finds the second: nothing but the
 * pointer puts them in order.
 */
static const struct sim_case install_anew_against_handler = {
	.name = "install-anew-against-handler",
	.setup = install_anew_setup,
	.finish = close_at_the_end,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "signals.c:install:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "signals.c:on_signal:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void test_sim_c5_install_against_a_handler(void **state)
{
	(void)state;
	assert_true(sim_verify(&install_against_handler));
	assert_true(sim_verify(&install_anew_against_handler));
}

/* ---- one, two, three signals, in two threads ---- */

static void deliver_twice(void *arg)
{
	deliver(arg);
	deliver(arg);
}

static void three_setup(void)
{
	ladder_setup();
	sim_thread("taker", deliver_twice, NULL);
	sim_thread("taker 2", deliver, NULL);
}

static void three_finish(void)
{
	SIM_ASSERT(qs_stop_is_asked(qs_signals_soft(signals)) == 1);
	SIM_ASSERT(qs_stop_is_asked(qs_signals_hard(signals)) == 1);
	SIM_ASSERT(old_calls == 1);
	qs_signals_close(signals);
}

static const struct sim_case three_signals = {
	.name = "three-signals",
	.setup = three_setup,
	.finish = three_finish,
	.preemptions = 1,
	.random = 20000,
	.controls = {
		{ "signals.c:climb:compare_exchange_relaxed", SIM_SPLIT, SIM_ASSERTION, 0 },
	},
};

static void test_sim_c6_three_signals_climb_three_rungs(void **state)
{
	(void)state;
	assert_true(sim_verify(&three_signals));
}

/* ---- the grace: after the first signal the hard token is asked by its deadline ---- */

static void sleep_until_hard(void *arg)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)arg;
	sim_signal_begin(deliver, NULL);
	SIM_ASSERT(qs_sleep(QS_NEVER, qs_signals_hard(signals)) == -ECANCELED);
	sim_signal_end();
	SIM_ASSERT(qs_stop_cause(qs_signals_soft(signals), &cause) == 1 && cause.kind == QS_CAUSE_SIGNAL);
	SIM_ASSERT(qs_stop_cause(qs_signals_hard(signals), &cause) == 1 && cause.kind == QS_CAUSE_DEADLINE);
}

static void grace_setup(void)
{
	ladder_setup();
	sim_thread("sleeper", sleep_until_hard, NULL);
}

static void grace_finish(void)
{
	qs_signals_close(signals);
}

static const struct sim_case grace = {
	.name = "grace",
	.setup = grace_setup,
	.finish = grace_finish,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "attendant.c:call:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_c6_grace_ends_by_itself(void **state)
{
	(void)state;
	assert_true(sim_verify(&grace));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_c2_handler_asks_at_any_point_of_a_sleep),
		cmocka_unit_test(test_sim_c2_handler_asks_against_a_callback),
		cmocka_unit_test(test_sim_c1_two_handlers_call_the_attendant),
		cmocka_unit_test(test_sim_a13_attendant_begins_and_ends_with_its_tokens),
		cmocka_unit_test(test_sim_a27_deadline_against_sleep_and_release),
		cmocka_unit_test(test_sim_c5_close_against_a_handler),
		cmocka_unit_test(test_sim_c5_install_against_a_handler),
		cmocka_unit_test(test_sim_c6_three_signals_climb_three_rungs),
		cmocka_unit_test(test_sim_c6_grace_ends_by_itself),
	};

	return cmocka_run_group_tests_name("sim attendant", tests, NULL, NULL);
}
