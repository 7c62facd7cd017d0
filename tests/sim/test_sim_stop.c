/* SPDX-License-Identifier: MIT */
/*
 * test_sim_stop.c - core/stop.c and core/callback.c: asking against waiting, being born,
 * going away and unregistering.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/stop.h"
#include "platform/alloc.h"
#include "platform/event_fd.h"
#include "sim/sim.h"

static qs_stop *stop;
static int firsts[2];

static void ask(void *arg)
{
	*(int *)arg = qs_stop_ask(stop, 0, "enough");
}

static void release(void *arg)
{
	qs_stop_release(arg);
}

static void make_stop(void)
{
	stop = qs__stop_new(NULL, NULL);
	firsts[0] = firsts[1] = 0;
}

static void release_stop(void)
{
	qs_stop_release(stop);
}

/* ---- two ask at once: one is the first, and the cause is whole as soon as the flag is seen ---- */

static void look_at_cause(void *arg)
{
	qs_cause cause = QS_CAUSE_INIT;

	(void)arg;
	if (qs_stop_is_asked(stop)) {
		SIM_ASSERT(qs_stop_cause(stop, &cause) == 1);
		SIM_ASSERT(cause.kind == QS_CAUSE_ASKED);
		SIM_ASSERT(cause.text[0] != '\0');
	}
}

static void two_askers_setup(void)
{
	make_stop();
	sim_thread("asker", ask, &firsts[0]);
	sim_thread("asker 2", ask, &firsts[1]);
	sim_thread("looker", look_at_cause, NULL);
}

static void two_askers_finish(void)
{
	SIM_ASSERT(firsts[0] + firsts[1] == 1);
	release_stop();
}

static const struct sim_case two_askers = {
	.name = "two-askers",
	.setup = two_askers_setup,
	.finish = two_askers_finish,
	.preemptions = 2,
	.stale_reads = 2,
	.random = 20000,
	.controls = {
		{ "stop.c:mark:compare_exchange_acq_rel", SIM_SPLIT, SIM_ASSERTION, 0 },
		{ "stop.c:mark:compare_exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "stop.c:qs__stop_cause:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "stop.c:take_own:compare_exchange_relaxed", SIM_SPLIT, SIM_RACE, 0 },
	},
};

static void test_sim_stop_has_one_first_and_a_whole_cause(void **state)
{
	(void)state;
	assert_true(sim_verify(&two_askers));
}

/* ---- a callback is removed while the stop is asked; what it works on is freed at once ---- */

struct work {
	int done;
};

static void do_work(void *arg)
{
	struct work *work = arg;

	QS_PLAIN_WRITE(work->done, QS_PLAIN_READ(work->done) + 1);
}

static void add_and_remove(void *arg)
{
	struct work *work = qs__alloc(sizeof(*work));
	qs_stop_callback *callback;
	int never_called;

	(void)arg;
	SIM_ASSERT(qs_stop_callback_add(&callback, stop, do_work, work) == 0);
	never_called = qs_stop_callback_remove(callback);
	SIM_ASSERT(QS_PLAIN_READ(work->done) == !never_called);
	qs__free(work);
}

static void callback_setup(void)
{
	make_stop();
	sim_thread("owner", add_and_remove, NULL);
	sim_thread("asker", ask, &firsts[0]);
}

static const struct sim_case callback_against_removal = {
	.name = "callback-against-removal",
	.setup = callback_setup,
	.finish = release_stop,
	.preemptions = 3,
	.stale_reads = 2,
	.spurious_wakes = 1,
	.random = 20000,
	.controls = {
		{ "callback.c:await:load_acquire", SIM_COUNT_UP, SIM_RACE | SIM_USE_AFTER_FREE | SIM_ASSERTION, 0 },
		{ "callback.c:await:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
		{ "callback.c:await:compare_exchange_relaxed", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "callback.c:await:compare_exchange_relaxed", SIM_DROP, SIM_DEADLOCK | SIM_ENDLESS, 0 },
		{ "callback.c:run:exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "callback.c:run:exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "callback.c:run:unpark_all", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "callback.c:qs__callback_remove:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void test_sim_stop_callback_against_removal(void **state)
{
	(void)state;
	assert_true(sim_verify(&callback_against_removal));
}

/* ---- a callback removes itself, and a second one behind it still runs ---- */

static qs_stop_callback *own_handle;
static qs_stop_callback *other_handle;
static int self_removals;
static int others_done;

static void remove_oneself(void *arg)
{
	(void)arg;
	self_removals += qs_stop_callback_remove(own_handle) == 0;
}

static void count_call(void *arg)
{
	(void)arg;
	others_done++;
}

static void self_removal_setup(void)
{
	make_stop();
	self_removals = 0;
	others_done = 0;
	SIM_ASSERT(qs_stop_callback_add(&own_handle, stop, remove_oneself, NULL) == 0);
	SIM_ASSERT(qs_stop_callback_add(&other_handle, stop, count_call, NULL) == 0);
	sim_thread("asker", ask, &firsts[0]);
	sim_thread("asker 2", ask, &firsts[1]);
}

static void self_removal_finish(void)
{
	SIM_ASSERT(self_removals == 1);
	SIM_ASSERT(others_done == 1);
	SIM_ASSERT(qs_stop_callback_remove(other_handle) == 0);
	release_stop();
}

static const struct sim_case callback_removes_itself = {
	.name = "callback-removes-itself",
	.setup = self_removal_setup,
	.finish = self_removal_finish,
	.preemptions = 3,
	.stale_reads = 1,
	.random = 5000,
	.controls = {
		{ "callback.c:run:exchange_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_stop_callback_removes_itself(void **state)
{
	(void)state;
	assert_true(sim_verify(&callback_removes_itself));
}

/* ---- a child is born, or goes away, while its parent is asked ---- */

static qs_stop *child;

static void bear_child(void *arg)
{
	(void)arg;
	child = qs__stop_new(stop, NULL);
}

static void birth_setup(void)
{
	make_stop();
	sim_thread("mother", bear_child, NULL);
	sim_thread("asker", ask, &firsts[0]);
}

static void birth_finish(void)
{
	SIM_ASSERT(qs_stop_is_asked(child) == 1);
	qs_stop_release(child);
	release_stop();
}

static const struct sim_case birth_against_ask = {
	.name = "birth-against-ask",
	.setup = birth_setup,
	.finish = birth_finish,
	.preemptions = 4,
	.stale_reads = 2,
	.random = 20000,
	.controls = {
		/* Nothing else keeps the mark and the birth in order. */
		{ "mutex.c:qs__mutex_lock:compare_exchange_acquire", SIM_WEAKEN, SIM_ASSERTION | SIM_RACE, 0 },
	},
};

static void test_sim_a27_child_is_born_while_its_parent_is_asked(void **state)
{
	(void)state;
	assert_true(sim_verify(&birth_against_ask));
}

static void death_setup(void)
{
	make_stop();
	child = qs__stop_new(stop, NULL);
	sim_thread("owner", release, child);
	sim_thread("asker", ask, &firsts[0]);
}

static const struct sim_case death_against_ask = {
	.name = "death-against-ask",
	.setup = death_setup,
	.finish = release_stop,
	.preemptions = 4,
	.stale_reads = 2,
	.random = 20000,
	.controls = {
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_SPLIT, SIM_LEAK | SIM_USE_AFTER_FREE, 0 },
		{ "object.c:qs__object_retain_if_alive:compare_exchange_relaxed", SIM_SPLIT, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		/* Takes a child that has no owner any more. */
		{ "object.c:qs__object_retain_if_alive:compare_exchange_relaxed", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void test_sim_a27_child_goes_away_while_its_parent_is_asked(void **state)
{
	(void)state;
	assert_true(sim_verify(&death_against_ask));
}

/* ---- two parents, asked at once: one walk goes on below the child ---- */

static qs_stop *also;
static qs_stop *grandchild;

static void ask_also(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(also, 0, NULL);
}

static void diamond_setup(void)
{
	make_stop();
	also = qs__stop_new(NULL, NULL);
	child = qs__stop_new(stop, also);
	grandchild = qs__stop_new(child, NULL);
	sim_thread("asker", ask, &firsts[0]);
	sim_thread("asker 2", ask_also, NULL);
}

static void diamond_finish(void)
{
	SIM_ASSERT(qs_stop_is_asked(grandchild) == 1);
	qs_stop_release(grandchild);
	qs_stop_release(child);
	qs_stop_release(also);
	release_stop();
}

static const struct sim_case two_parents = {
	.name = "two-parents",
	.setup = diamond_setup,
	.finish = diamond_finish,
	.preemptions = 3,
	.stale_reads = 1,
	.random = 20000,
	.controls = {
		/* Both walks take the child into their list. */
		{ "stop.c:mark:compare_exchange_acq_rel", SIM_SPLIT, SIM_ASSERTION | SIM_USE_AFTER_FREE | SIM_CRASH | SIM_ENDLESS, 0 },
	},
};

static void test_sim_a27_two_parents_are_asked_at_once(void **state)
{
	(void)state;
	assert_true(sim_verify(&two_parents));
}

/* ---- the descriptor is wanted while the stop is asked ---- */

static void poll_descriptor(void *arg)
{
	struct pollfd wanted = { .fd = qs_stop_fd(stop), .events = POLLIN };

	(void)arg;
	SIM_ASSERT(wanted.fd >= 0);
	SIM_ASSERT(qs__poll(&wanted, 1, QS_NEVER) == 1);
	SIM_ASSERT(qs_stop_is_asked(stop) == 1);
}

static void descriptor_setup(void)
{
	make_stop();
	sim_thread("poller", poll_descriptor, NULL);
	sim_thread("poller 2", poll_descriptor, NULL);
	sim_thread("asker", ask, &firsts[0]);
}

static const struct sim_case descriptor_against_ask = {
	.name = "descriptor-against-ask",
	.setup = descriptor_setup,
	.finish = release_stop,
	.preemptions = 2,
	.stale_reads = 2,
	.random = 20000,
	.controls = {
		{ "stop.c:visit:event_fd_set", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "stop.c:adopt_fd:event_fd_set", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a27_descriptor_is_wanted_while_the_stop_is_asked(void **state)
{
	(void)state;
	assert_true(sim_verify(&descriptor_against_ask));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_stop_has_one_first_and_a_whole_cause),
		cmocka_unit_test(test_sim_stop_callback_against_removal),
		cmocka_unit_test(test_sim_stop_callback_removes_itself),
		cmocka_unit_test(test_sim_a27_child_is_born_while_its_parent_is_asked),
		cmocka_unit_test(test_sim_a27_child_goes_away_while_its_parent_is_asked),
		cmocka_unit_test(test_sim_a27_two_parents_are_asked_at_once),
		cmocka_unit_test(test_sim_a27_descriptor_is_wanted_while_the_stop_is_asked),
	};

	return cmocka_run_group_tests_name("sim stop", tests, NULL, NULL);
}
