/* SPDX-License-Identifier: MIT */
/*
 * test_sim_future.c - core/future.c: one end, seen whole, told to all, and nothing touched after
 * the last owner has gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/future.h"
#include "core/wait_event.h"
#include "platform/clock.h"
#include "sim/sim.h"

static qs_future *future;
static qs_stop *stop;
static int ends;

static int no_body(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

/* A task whose body is about to return; `owners` besides the one who ends it. */
static void begin(int owners)
{
	future = qs__future_new(NULL, no_body, NULL, NULL);
	for (int i = 1; i < owners; i++)
		(void)qs_future_retain(future);
	qs__future_claim(future);
	stop = qs__stop_new(NULL, NULL);
	future->above = stop;
	qs__future_begin(future);
	ends = 0;
}

static void end(void)
{
	qs_stop_release(stop);
}

/* ---- threads ---- */

static void complete(void *arg)
{
	const struct qs__outcome outcome = { QS_DONE, 42, NULL, NULL };

	(void)arg;
	ends += qs__future_end(future, &outcome);
	qs_future_release(future);
}

static void abandon(void *arg)
{
	const struct qs__outcome outcome = { QS_ABANDONED, -ETIMEDOUT, &qs__cause_overstayed, NULL };

	(void)arg;
	ends += qs__future_end(future, &outcome);
	qs_future_release(future);
}

static void await_and_release(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs__event_wait(&future->ended, QS_NEVER, NULL) == 0);
	SIM_ASSERT(qs_future_value(future) == 42);
	qs_future_release(future);
}

static void await_a_while(void *arg)
{
	const int error = qs__event_wait(&future->ended, qs__clock_now() + QS__NS_PER_S, NULL);

	(void)arg;
	SIM_ASSERT(error == 0 || error == -ETIMEDOUT);
	if (error == 0)
		SIM_ASSERT(qs_future_value(future) == 42);
	qs_future_release(future);
}

static void await_or_stop(void *arg)
{
	const int error = qs__event_wait(&future->ended, QS_NEVER, stop);

	(void)arg;
	if (error == 0)
		SIM_ASSERT(qs_future_value(future) == 42);
	else
		SIM_ASSERT(error == -ECANCELED && qs_stop_is_asked(stop));
	qs_future_release(future);
}

static void look_and_release(void *arg)
{
	(void)arg;
	if (qs_future_is_ended(future))
		SIM_ASSERT(qs_future_value(future) == 42);
	qs_future_release(future);
}

static void ask(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

/* ---- the end against a waiter and a looker, each of whom may be the last owner ---- */

static void owners_setup(void)
{
	begin(2);
	sim_thread("completer", complete, NULL);
	sim_thread("waiter", await_and_release, NULL);
	sim_thread("looker", look_and_release, NULL);
}

static const struct sim_case end_against_release = {
	.name = "end-against-release",
	.setup = owners_setup,
	.finish = end,
	.preemptions = 2,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 50000,
	.controls = {
		{ "future.c:qs__future_end:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "future.c:qs__future_end:store_release", SIM_DROP, SIM_ASSERTION, 0 },
		{ "future.c:ended_state:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_SPLIT, SIM_LEAK | SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		/* The completer has no reference of its own. */
		{ "object.c:qs__object_retain:fetch_add_relaxed", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a6_future_is_freed_by_whoever_is_last(void **state)
{
	(void)state;
	assert_true(sim_verify(&end_against_release));
}

/* ---- the body returns while the joiner gives it up: one end ---- */

static void both_ends_setup(void)
{
	begin(1);
	sim_thread("worker", complete, NULL);
	sim_thread("joiner", abandon, NULL);
}

static void one_end(void)
{
	SIM_ASSERT(ends == 1);
	end();
}

static const struct sim_case end_against_abandon = {
	.name = "end-against-abandon",
	.setup = both_ends_setup,
	.finish = one_end,
	.preemptions = SIM_UNBOUNDED,
	.stale_reads = 2,
	.random = 5000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT, SIM_ASSERTION | SIM_RACE, 0 },
		{ "future.c:qs__future_end:store_release", SIM_DROP, SIM_ASSERTION | SIM_RACE, 0 },
	},
};

static void test_sim_a8_future_ends_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&end_against_abandon));
}

/* ---- the end against waiters that give up ---- */

static void timeout_setup(void)
{
	begin(1);
	sim_thread("completer", complete, NULL);
	sim_thread("waiter", await_a_while, NULL);
}

static const struct sim_case end_against_timeout = {
	.name = "end-against-timeout",
	.setup = timeout_setup,
	.finish = end,
	.preemptions = 3,
	.stale_reads = 2,
	.early_timeouts = 1,
	.random = 20000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void test_sim_a14_future_end_against_timeout(void **state)
{
	(void)state;
	assert_true(sim_verify(&end_against_timeout));
}

static void stop_setup(void)
{
	begin(1);
	sim_thread("completer", complete, NULL);
	sim_thread("waiter", await_or_stop, NULL);
	sim_thread("stopper", ask, NULL);
}

static const struct sim_case end_against_stop = {
	.name = "end-against-stop",
	.setup = stop_setup,
	.finish = end,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void test_sim_a27_future_end_against_stop(void **state)
{
	(void)state;
	assert_true(sim_verify(&end_against_stop));
}

/* ---- the task's own token is wanted by two threads, and the task ends ---- */

static qs_stop *tokens[2];

static void want_token(void *arg)
{
	*(qs_stop **)arg = qs__future_token(future);
}

static void want_token_and_end(void *arg)
{
	want_token(arg);
	complete(NULL);
}

static void token_setup(void)
{
	begin(1);
	tokens[0] = tokens[1] = NULL;
	sim_thread("body", want_token_and_end, &tokens[0]);
	sim_thread("outsider", want_token, &tokens[1]);
}

static void one_token(void)
{
	SIM_ASSERT(tokens[0] != NULL);
	/* The outsider was too late, or it has the same one. */
	SIM_ASSERT(tokens[1] == NULL || tokens[1] == tokens[0]);
	qs_stop_release(tokens[0]);
	qs_stop_release(tokens[1]);
	qs_future_release(future);
	end();
}

static const struct sim_case token_is_one = {
	.name = "token",
	.setup = token_setup,
	.finish = one_token,
	.preemptions = 3,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT, SIM_ASSERTION | SIM_RACE | SIM_LEAK | SIM_CRASH, 0 },
	},
};

static void test_sim_future_has_one_token(void **state)
{
	(void)state;
	assert_true(sim_verify(&token_is_one));
}

/* ---- callbacks are added while the future ends ---- */

enum { CALLBACKS = 3 };

static int called[CALLBACKS];	/* plain: one thread after the other */
static int calls;

static void note_call(qs_future *ended, void *arg)
{
	SIM_ASSERT(qs_future_is_ended(ended) == 1);
	QS_PLAIN_WRITE(*(int *)arg, QS_PLAIN_READ(*(int *)arg) + 1);
	QS_PLAIN_WRITE(calls, QS_PLAIN_READ(calls) + 1);
}

static void end_and_call(void *arg)
{
	const struct qs__outcome outcome = { QS_DONE, 0, NULL, NULL };

	(void)arg;
	SIM_ASSERT(qs__future_end(future, &outcome));
	if (future->has_callbacks)
		qs__future_call_back(future);
	qs_future_release(future);
}

/* Adds two: they come in this order. */
static void add_callbacks(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_future_callback_add(future, note_call, &called[0]) == 0);
	SIM_ASSERT(qs_future_callback_add(future, note_call, &called[1]) == 0);
	qs_future_release(future);
}

static void add_callback(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_future_callback_add(future, note_call, &called[2]) == 0);
	qs_future_release(future);
}

static void callbacks_setup(void)
{
	begin(2);
	calls = 0;
	for (int i = 0; i < CALLBACKS; i++)
		called[i] = 0;
	sim_thread("ender", end_and_call, NULL);
	sim_thread("adder of two", add_callbacks, NULL);
	sim_thread("adder", add_callback, NULL);
}

static void each_called_once(void)
{
	SIM_ASSERT(calls == CALLBACKS);
	for (int i = 0; i < CALLBACKS; i++)
		SIM_ASSERT(called[i] == 1);
	qs_stop_release(stop);
}

static const struct sim_case callbacks_once = {
	.name = "callbacks",
	.setup = callbacks_setup,
	.finish = each_called_once,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT, SIM_ASSERTION | SIM_RACE | SIM_LEAK | SIM_CRASH, 0 },
		{ "mutex.c:unlock:exchange_release", SIM_WEAKEN, SIM_RACE | SIM_ASSERTION | SIM_LEAK, 0 },
	},
};

static void test_sim_future_callbacks_are_called_once_each(void **state)
{
	(void)state;
	assert_true(sim_verify(&callbacks_once));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a6_future_is_freed_by_whoever_is_last),
		cmocka_unit_test(test_sim_a8_future_ends_once),
		cmocka_unit_test(test_sim_a14_future_end_against_timeout),
		cmocka_unit_test(test_sim_a27_future_end_against_stop),
		cmocka_unit_test(test_sim_future_has_one_token),
		cmocka_unit_test(test_sim_future_callbacks_are_called_once_each),
	};

	return cmocka_run_group_tests_name("sim future", tests, NULL, NULL);
}
