/* SPDX-License-Identifier: MIT */
/*
 * test_sim_completed.c - verbs/as_completed.c and core/collector.c: futures that end while one
 * thread hands them out, others add more, and a descriptor is wanted.
 *
 * There is no pool: a thread of the case is the worker that ends a future.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/future.h"
#include "platform/event_fd.h"
#include "sim/sim.h"

enum { FUTURES = 3 };

static qs_future *futures[FUTURES];	/* each with two owners: who ends it, and the case */
static qs_as_completed *set;
static qs_stop *stop;

static int no_body(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 0;
}

/* The beginning of a case is tried again without memory: what it looks at is what comes then. */
static void begin(int count)
{
	for (int i = 0; i < count; i++) {
		while ((futures[i] = qs__future_new(NULL, no_body, NULL, NULL)) == NULL)
			continue;
		qs__future_claim(futures[i]);
		qs__future_begin(futures[i]);
	}
	for (int i = count; i < FUTURES; i++)
		futures[i] = NULL;
	while ((stop = qs__stop_new(NULL, NULL)) == NULL)
		continue;
}

static void end(void)
{
	for (int i = 0; i < FUTURES; i++)
		qs_future_release(futures[i]);
	qs_stop_release(stop);
}

static void make_set(int count)
{
	int error;

	while ((error = qs_as_completed_create(&set, futures, (size_t)count)) == -ENOMEM)
		continue;
	SIM_ASSERT(error == 0);
}

static void end_with_set(void)
{
	qs_as_completed_destroy(set);
	end();
}

/* ---- threads ---- */

/* What a worker does after a body. */
static void complete(void *arg)
{
	const struct qs__outcome outcome = { QS_DONE, 42, NULL, NULL };
	qs_future *future = arg;

	SIM_ASSERT(qs__future_end(future, &outcome));
	qs_future_release(future);
}

static void add(void *arg)
{
	SIM_ASSERT(qs_as_completed_add(set, arg) == 1);
}

static void ask(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(stop, 0, NULL);
}

static void check_ended(const qs_future *future)
{
	SIM_ASSERT(qs_future_value(future) == 42);
}

/* Hands out what there is, as an event loop does that was told; returns how many. */
static int hand_out(void)
{
	qs_future *future;
	int count = 0;

	while (qs_as_completed_next(set, &future, QS_NOW, NULL) == 1) {
		check_ended(future);
		count++;
	}
	return count;
}

/* ---- the descriptor is made while a future ends ---- */

static void wait_by_descriptor(void)
{
	struct pollfd wanted = { .fd = qs_as_completed_fd(set), .events = POLLIN };

	SIM_ASSERT(wanted.fd >= 0);
	SIM_ASSERT(qs__poll(&wanted, 1, QS_NEVER) == 1);
}

static void make_and_poll(void *arg)
{
	int count = 0;

	(void)arg;
	while (count < 1) {
		wait_by_descriptor();
		count += hand_out();
	}
}

static void making_setup(void)
{
	begin(1);
	make_set(1);
	sim_thread("loop", make_and_poll, NULL);
	sim_thread("worker", complete, futures[0]);
}

static const struct sim_case descriptor_against_end = {
	.name = "descriptor-against-end",
	.setup = making_setup,
	.finish = end_with_set,
	.preemptions = 4,
	.stale_reads = 3,
	.random = 20000,
	.controls = {
		/*
		 * Who ends it does not see the descriptor of a maker that
		 * did not see what it pushed.
		 */
		{ "collector.c:qs__collector_push:compare_exchange_acq_rel", SIM_NO_ACQUIRE, SIM_DEADLOCK, 0 },
		{ "collector.c:take_pushed:exchange_acq_rel", SIM_NO_RELEASE, SIM_DEADLOCK, 0 },
		/* It sees that there is one, but not which. */
		{ "collector.c:qs__collector_fd:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "collector.c:ring:exchange_acq_rel", SIM_NO_ACQUIRE, SIM_RACE, 0 },
		{ "collector.c:ring:event_fd_set", SIM_DROP, SIM_DEADLOCK, 0 },
		/* What it pushed is not there yet. */
		{ "collector.c:qs__collector_push:compare_exchange_acq_rel", SIM_NO_RELEASE, SIM_RACE, 0 },
		{ "collector.c:take_pushed:exchange_acq_rel", SIM_NO_ACQUIRE, SIM_RACE, 0 },
	},
};

static void test_sim_a16_descriptor_is_made_while_a_future_ends(void **state)
{
	(void)state;
	assert_true(sim_verify(&descriptor_against_end));
}

/* ---- the descriptor is cleared while futures end ---- */

static void loop_until_all(void *arg)
{
	int count = 0;

	(void)arg;
	while (count < FUTURES) {
		wait_by_descriptor();
		count += hand_out();
	}
}

static void clearing_setup(void)
{
	begin(FUTURES);
	make_set(FUTURES);
	SIM_ASSERT(qs_as_completed_fd(set) >= 0);
	sim_thread("loop", loop_until_all, NULL);
	for (int i = 0; i < FUTURES; i++)
		sim_thread("worker", complete, futures[i]);
}

static const struct sim_case clear_against_ends = {
	.name = "clear-against-ends",
	.setup = clearing_setup,
	.finish = end_with_set,
	.preemptions = 2,
	.random = 100000,
	.controls = {
		{ "collector.c:ring:event_fd_set", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "collector.c:ring:exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "collector.c:silence:event_fd_clear", SIM_DROP, SIM_ENDLESS, 0 },
		{ "collector.c:silence:exchange_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a16_descriptor_is_cleared_while_futures_end(void **state)
{
	(void)state;
	assert_true(sim_verify(&clear_against_ends));
}

/* ---- one future for each time that the descriptor is readable: the promise is about a level, not about an edge ---- */

static void loop_one_by_one(void *arg)
{
	int count = 0;

	(void)arg;
	while (count < FUTURES) {
		qs_future *future;

		wait_by_descriptor();
		if (qs_as_completed_next(set, &future, QS_NOW, NULL) == 1)
			count++;
	}
}

static void level_setup(void)
{
	begin(FUTURES);
	make_set(FUTURES);
	SIM_ASSERT(qs_as_completed_fd(set) >= 0);
	sim_thread("loop", loop_one_by_one, NULL);
	for (int i = 0; i < FUTURES; i++)
		sim_thread("worker", complete, futures[i]);
}

static const struct sim_case level = {
	.name = "level",
	.setup = level_setup,
	.finish = end_with_set,
	.preemptions = 1,
	.random = 100000,
	.controls = {
		{ "collector.c:ring:event_fd_set", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "collector.c:silence:event_fd_clear", SIM_DROP, SIM_ENDLESS, 0 },
	},
};

static void test_sim_a16_descriptor_is_readable_while_there_is_something(void **state)
{
	(void)state;
	assert_true(sim_verify(&level));
}

/* ---- the set goes away while a future ends, which may be about to set its descriptor ---- */

static void look_and_leave(void *arg)
{
	(void)arg;
	SIM_ASSERT(qs_as_completed_fd(set) >= 0);
	(void)hand_out();
	qs_as_completed_destroy(set);
}

static void leaving_setup(void)
{
	begin(1);
	make_set(1);
	sim_thread("loop", look_and_leave, NULL);
	sim_thread("worker", complete, futures[0]);
}

static const struct sim_case leave_against_end = {
	.name = "leave-against-end",
	.setup = leaving_setup,
	.finish = end,
	.preemptions = 4,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		/* The descriptor is set after it was closed, or the set used after it was freed. */
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "waiter.c:settle:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "waiter.c:settle:park", SIM_DROP, SIM_ENDLESS, 0 },
	},
};

static void test_sim_a6_set_is_destroyed_while_its_future_ends(void **state)
{
	(void)state;
	assert_true(sim_verify(&leave_against_end));
}

/* ---- one more is added while a thread waits; the first one ends only after the second was handed out ---- */

static void wait_for_the_added(void *arg)
{
	qs_future *future;

	(void)arg;
	SIM_ASSERT(qs_as_completed_next(set, &future, QS_NEVER, NULL) == 1);
	SIM_ASSERT(future == futures[1]);
	check_ended(future);
	complete(futures[0]);
	SIM_ASSERT(qs_as_completed_next(set, &future, QS_NEVER, NULL) == 1);
	SIM_ASSERT(future == futures[0]);
	SIM_ASSERT(qs_as_completed_next(set, &future, QS_NEVER, NULL) == 0);
}

static void add_ended_setup(void)
{
	begin(2);
	make_set(1);
	complete(futures[1]);
	sim_thread("waiter", wait_for_the_added, NULL);
	sim_thread("adder", add, futures[1]);
}

static const struct sim_case add_against_park = {
	.name = "add-against-park",
	.setup = add_ended_setup,
	.finish = end_with_set,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "as_completed.c:tell:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:be_eager:compare_exchange_acquire", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__waiter_tell:compare_exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void add_pending_setup(void)
{
	begin(2);
	make_set(1);
	sim_thread("waiter", wait_for_the_added, NULL);
	sim_thread("adder", add, futures[1]);
	sim_thread("worker", complete, futures[1]);
}

static const struct sim_case add_against_end = {
	.name = "add-against-end",
	.setup = add_pending_setup,
	.finish = end_with_set,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "as_completed.c:tell:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a16_future_is_added_while_a_thread_waits(void **state)
{
	(void)state;
	assert_true(sim_verify(&add_against_park));
	assert_true(sim_verify(&add_against_end));
}

/* ---- two add the same one, and it ends, and is handed out: once for each time that it was new ---- */

static int times_new;

static void add_if_new(void *arg)
{
	const int is_new = qs_as_completed_add(set, arg);

	SIM_ASSERT(is_new == 0 || is_new == 1);
	times_new += is_new;
}

static void twice_setup(void)
{
	begin(1);
	make_set(0);
	times_new = 0;
	sim_thread("adder", add_if_new, futures[0]);
	sim_thread("adder 2", add_if_new, futures[0]);
	sim_thread("worker", complete, futures[0]);
}

static void twice_finish(void)
{
	SIM_ASSERT(times_new == 1);
	SIM_ASSERT(hand_out() == 1);
	add_if_new(futures[0]);
	SIM_ASSERT(times_new == 2);
	SIM_ASSERT(hand_out() == 1);
	end_with_set();
}

static const struct sim_case added_twice = {
	.name = "added-twice",
	.setup = twice_setup,
	.finish = twice_finish,
	.preemptions = 2,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_SPLIT,
		  SIM_DEADLOCK | SIM_RACE | SIM_USE_AFTER_FREE | SIM_CRASH | SIM_ENDLESS | SIM_ASSERTION, 0 },
	},
};

static void test_sim_a16_future_is_added_twice_at_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&added_twice));
}

/* ---- a stop comes while one is added: the stop is told, and what was added is not lost by it ---- */

static void wait_or_stop(void *arg)
{
	qs_future *future;
	int result = qs_as_completed_next(set, &future, QS_NEVER, stop);

	(void)arg;
	SIM_ASSERT(result == 1 || result == -ECANCELED);
	if (result == -ECANCELED)
		result = qs_as_completed_next(set, &future, QS_NEVER, NULL);
	SIM_ASSERT(result == 1 && future == futures[1]);
}

static void stopped_setup(void)
{
	begin(2);
	make_set(1);
	complete(futures[1]);
	sim_thread("waiter", wait_or_stop, NULL);
	sim_thread("adder", add, futures[1]);
	sim_thread("asker", ask, NULL);
}

static void stopped_finish(void)
{
	complete(futures[0]);
	SIM_ASSERT(hand_out() == 1);
	end_with_set();
}

static const struct sim_case add_against_stop = {
	.name = "add-against-stop",
	.setup = stopped_setup,
	.finish = stopped_finish,
	.preemptions = 2,
	.random = 50000,
	.controls = {
		{ "waiter.c:settle:load_acquire", SIM_COUNT_UP,
		  SIM_ENDLESS | SIM_RACE | SIM_USE_AFTER_FREE | SIM_DEADLOCK | SIM_CRASH, UINT32_C(1) << 31 },
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_DROP, SIM_ENDLESS | SIM_DEADLOCK, 0 },
		{ "waiter.c:forget_urgent:compare_exchange_relaxed", SIM_SPLIT, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_set_is_stopped_while_one_is_added(void **state)
{
	(void)state;
	assert_true(sim_verify(&add_against_stop));
}

/* ---- no memory: refused, and then the future is not in the set ---- */

static void add_or_be_refused(void *arg)
{
	int is_new;

	while ((is_new = qs_as_completed_add(set, arg)) == -ENOMEM)
		continue;
	SIM_ASSERT(is_new == 1);
}

static void refused_setup(void)
{
	begin(2);
	make_set(1);
	sim_thread("waiter", wait_for_the_added, NULL);
	sim_thread("adder", add_or_be_refused, futures[1]);
	sim_thread("worker", complete, futures[1]);
}

static const struct sim_case add_without_memory = {
	.name = "add-without-memory",
	.setup = refused_setup,
	.finish = end_with_set,
	.preemptions = 1,
	.failed_allocations = 1,
	.random = 20000,
};

static void test_sim_b1_add_without_memory_changes_nothing(void **state)
{
	(void)state;
	assert_true(sim_verify(&add_without_memory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a16_descriptor_is_made_while_a_future_ends),
		cmocka_unit_test(test_sim_a16_descriptor_is_cleared_while_futures_end),
		cmocka_unit_test(test_sim_a16_descriptor_is_readable_while_there_is_something),
		cmocka_unit_test(test_sim_a6_set_is_destroyed_while_its_future_ends),
		cmocka_unit_test(test_sim_a16_future_is_added_while_a_thread_waits),
		cmocka_unit_test(test_sim_a16_future_is_added_twice_at_once),
		cmocka_unit_test(test_sim_a27_set_is_stopped_while_one_is_added),
		cmocka_unit_test(test_sim_b1_add_without_memory_changes_nothing),
	};

	return cmocka_run_group_tests_name("sim completed", tests, NULL, NULL);
}
