/* SPDX-License-Identifier: MIT */
/*
 * test_sim_engine.c - the simulator itself: what is right holds, and its wrong twin is caught.
 *
 * Each kernel is a classic of its kind, small enough to be searched to the end.  Its controls
 * break it in every way that it can be broken; what no control can express is a second
 * function beside the right one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "platform/alloc.h"
#include "platform/atomic.h"
#include "platform/clock.h"
#include "platform/event_fd.h"
#include "platform/park.h"
#include "platform/signal_mask.h"
#include "platform/thread.h"
#include "sim/sim.h"

/* ---- message passing: data, then a flag ---- */

static int message;
static qs__atomic(uint32_t) message_is_there;

static void message_sender(void *arg)
{
	(void)arg;
	QS_PLAIN_WRITE(message, 42);
	qs__store_release(&message_is_there, 1);
}

static void message_receiver(void *arg)
{
	(void)arg;
	if (qs__load_acquire(&message_is_there))
		SIM_ASSERT(QS_PLAIN_READ(message) == 42);
}

static void message_setup(void)
{
	message = 0;
	qs__atomic_init(&message_is_there, 0);
	sim_thread("sender", message_sender, NULL);
	sim_thread("receiver", message_receiver, NULL);
}

static const struct sim_case message_passing = {
	.name = "message-passing",
	.setup = message_setup,
	.preemptions = SIM_UNBOUNDED,
	.stale_reads = 4,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:message_sender:store_release", SIM_WEAKEN, SIM_RACE, 0 },
		{ "test_sim_engine.c:message_receiver:load_acquire", SIM_WEAKEN, SIM_RACE, 0 },
	},
};

static void test_sim_engine_message_passing(void **state)
{
	(void)state;
	assert_true(sim_verify(&message_passing));
}

/* ---- Dekker: each stores its own word and looks at the other's; with fences, one of them sees the other ---- */

static qs__atomic(uint32_t) dekker_flag[2];
static uint32_t dekker_saw[2];

static void dekker_side(void *arg)
{
	const int mine = *(const int *)arg;

	qs__store_relaxed(&dekker_flag[mine], 1);
	qs__fence_seq_cst();
	dekker_saw[mine] = qs__load_relaxed(&dekker_flag[1 - mine]);
}

static void dekker_setup(void)
{
	static int sides[2] = { 0, 1 };

	for (int i = 0; i < 2; i++)
		qs__atomic_init(&dekker_flag[i], 0);
	sim_thread("left", dekker_side, &sides[0]);
	sim_thread("right", dekker_side, &sides[1]);
}

static void dekker_finish(void)
{
	SIM_ASSERT(dekker_saw[0] || dekker_saw[1]);
}

static const struct sim_case dekker = {
	.name = "dekker",
	.setup = dekker_setup,
	.finish = dekker_finish,
	.preemptions = SIM_UNBOUNDED,
	.stale_reads = 4,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:dekker_side:fence_seq_cst", SIM_DROP, SIM_ASSERTION, 0 },
	},
};

static void test_sim_engine_dekker(void **state)
{
	(void)state;
	assert_true(sim_verify(&dekker));
}

/* ---- parking (A1): work is put down against a worker that is about to sleep ---- */

static qs__atomic(uint32_t) parking_work;
static qs__atomic(uint32_t) parking_sleeper;
static qs__atomic(uint32_t) parking_epoch;

static void parking_producer(void *arg)
{
	(void)arg;
	qs__store_release(&parking_work, 1);
	qs__fence_seq_cst();
	if (qs__load_relaxed(&parking_sleeper)) {
		qs__fetch_add_acq_rel(&parking_epoch, 1);
		qs__unpark_one(&parking_epoch);
	}
}

static void parking_consumer(void *arg)
{
	(void)arg;
	while (!qs__load_acquire(&parking_work)) {
		const uint32_t epoch = qs__load_acquire(&parking_epoch);

		qs__store_relaxed(&parking_sleeper, 1);
		qs__fence_seq_cst();
		if (!qs__load_relaxed(&parking_work))
			qs__park(&parking_epoch, epoch, QS_NEVER);
		qs__store_relaxed(&parking_sleeper, 0);
	}
}

static void parking_setup(void)
{
	qs__atomic_init(&parking_work, 0);
	qs__atomic_init(&parking_sleeper, 0);
	qs__atomic_init(&parking_epoch, 0);
	sim_thread("consumer", parking_consumer, NULL);
	sim_thread("producer", parking_producer, NULL);
}

static const struct sim_case parking = {
	.name = "parking",
	.setup = parking_setup,
	.preemptions = 9,
	.stale_reads = 4,
	.spurious_wakes = 1,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:parking_producer:fence_seq_cst", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:parking_consumer:fence_seq_cst", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:parking_producer:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:parking_producer:fetch_add_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_engine_parking(void **state)
{
	(void)state;
	assert_true(sim_verify(&parking));
}

/* ---- a future that its waiter frees (A6): after the exchange the completer has nothing left but the address ---- */

enum { FUTURE_PENDING, FUTURE_WATCHED, FUTURE_DONE };

struct future {
	qs__atomic(uint32_t) state;
	int result;
};

static struct future *future;

static void future_completer(void *arg)
{
	struct future *mine = arg;

	QS_PLAIN_WRITE(mine->result, 42);
	if (qs__exchange_acq_rel(&mine->state, FUTURE_DONE) == FUTURE_WATCHED)
		qs__unpark_all(&mine->state);
}

static void future_late_completer(void *arg)
{
	struct future *mine = arg;

	QS_PLAIN_WRITE(mine->result, 42);
	qs__exchange_acq_rel(&mine->state, FUTURE_DONE);
	if (qs__load_relaxed(&mine->state) == FUTURE_DONE)	/* wrong: the future may be gone */
		qs__unpark_all(&mine->state);
}

static void future_waiter(void *arg)
{
	struct future *mine = arg;
	uint32_t state;

	while ((state = qs__load_acquire(&mine->state)) != FUTURE_DONE) {
		if (state == FUTURE_PENDING && !qs__compare_exchange_acq_rel(&mine->state, &state, FUTURE_WATCHED))
			continue;
		qs__park(&mine->state, FUTURE_WATCHED, QS_NEVER);
	}
	SIM_ASSERT(QS_PLAIN_READ(mine->result) == 42);
	qs__free(mine);
}

static void future_setup_with(void (*completer)(void *arg))
{
	future = qs__alloc(sizeof(*future));
	qs__atomic_init(&future->state, FUTURE_PENDING);
	sim_thread("waiter", future_waiter, future);
	sim_thread("completer", completer, future);
}

static void future_setup(void)
{
	future_setup_with(future_completer);
}

static void late_future_setup(void)
{
	future_setup_with(future_late_completer);
}

static const struct sim_case future_free = {
	.name = "future-free",
	.setup = future_setup,
	.preemptions = 9,
	.stale_reads = 4,
	.spurious_wakes = 2,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:future_completer:exchange_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "test_sim_engine.c:future_completer:exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:future_completer:unpark_all", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:future_waiter:load_acquire(state)", SIM_WEAKEN, SIM_RACE, 0 },
		{ "test_sim_engine.c:future_waiter:compare_exchange_acq_rel", SIM_SPLIT, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:future_waiter:free", SIM_DROP, SIM_LEAK, 0 },
	},
};

static const struct sim_case future_touched_late = {
	.name = "future-touched-late",
	.setup = late_future_setup,
	.preemptions = 2,
};

static void test_sim_engine_future_free(void **state)
{
	(void)state;
	assert_true(sim_verify(&future_free));
	assert_true(sim_fails(&future_touched_late, SIM_USE_AFTER_FREE | SIM_RACE));
}

/* ---- shutdown (A2): the flag is looked at after the epoch was read, so that the epoch's change is seen ---- */

static qs__atomic(uint32_t) shutdown_flag;
static qs__atomic(uint32_t) shutdown_epoch;

static void shutdown_worker(void *arg)
{
	(void)arg;
	for (;;) {
		const uint32_t epoch = qs__load_acquire(&shutdown_epoch);

		if (qs__load_acquire(&shutdown_flag))
			return;
		qs__park(&shutdown_epoch, epoch, QS_NEVER);
	}
}

static void shutdown_hasty_worker(void *arg)
{
	(void)arg;
	while (!qs__load_acquire(&shutdown_flag))
		qs__park(&shutdown_epoch, qs__load_acquire(&shutdown_epoch), QS_NEVER);	/* wrong: the wake may be over */
}

static void shutdown_asker(void *arg)
{
	(void)arg;
	qs__store_release(&shutdown_flag, 1);
	qs__fetch_add_acq_rel(&shutdown_epoch, 1);
	qs__unpark_all(&shutdown_epoch);
}

static void shutdown_setup_with(void (*worker)(void *arg))
{
	qs__atomic_init(&shutdown_flag, 0);
	qs__atomic_init(&shutdown_epoch, 0);
	sim_thread("worker", worker, NULL);
	sim_thread("worker 2", worker, NULL);
	sim_thread("asker", shutdown_asker, NULL);
}

static void shutdown_setup(void)
{
	shutdown_setup_with(shutdown_worker);
}

static void hasty_shutdown_setup(void)
{
	shutdown_setup_with(shutdown_hasty_worker);
}

static const struct sim_case shutdown_is_seen = {
	.name = "shutdown",
	.setup = shutdown_setup,
	.preemptions = 3,
	.stale_reads = 3,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:shutdown_asker:fetch_add_acq_rel", SIM_WEAKEN, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:shutdown_asker:fetch_add_acq_rel", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:shutdown_asker:unpark_all", SIM_DROP, SIM_DEADLOCK, 0 },
		{ "test_sim_engine.c:shutdown_worker:load_acquire(epoch)", SIM_WEAKEN, SIM_DEADLOCK, 0 },
	},
};

static const struct sim_case shutdown_is_missed = {
	.name = "shutdown-missed",
	.setup = hasty_shutdown_setup,
	.preemptions = 2,
};

static void test_sim_engine_shutdown(void **state)
{
	(void)state;
	assert_true(sim_verify(&shutdown_is_seen));
	assert_true(sim_fails(&shutdown_is_missed, SIM_DEADLOCK));
}

/* ---- cancel against claim (A8): one of them wins, and says so once ---- */

enum { TASK_PENDING, TASK_RUNNING, TASK_DONE, TASK_CANCELLED };

static qs__atomic(uint32_t) task_state;
static qs__atomic(uint32_t) task_told;
static qs__atomic(uint32_t) task_ran;

static void tell(void)
{
	qs__fetch_add_acq_rel(&task_told, 1);
	qs__unpark_all(&task_told);
}

static void task_runner(void *arg)
{
	uint32_t expected = TASK_PENDING;

	(void)arg;
	if (!qs__compare_exchange_acq_rel(&task_state, &expected, TASK_RUNNING))
		return;
	qs__fetch_add_relaxed(&task_ran, 1);
	qs__store_release(&task_state, TASK_DONE);
	tell();
}

static void task_canceller(void *arg)
{
	uint32_t expected = TASK_PENDING;

	(void)arg;
	if (qs__compare_exchange_acq_rel(&task_state, &expected, TASK_CANCELLED))
		tell();
}

static void task_waiter(void *arg)
{
	(void)arg;
	while (qs__load_acquire(&task_told) == 0)
		qs__park(&task_told, 0, QS_NEVER);
}

static void task_setup(void)
{
	qs__atomic_init(&task_state, TASK_PENDING);
	qs__atomic_init(&task_told, 0);
	qs__atomic_init(&task_ran, 0);
	sim_thread("runner", task_runner, NULL);
	sim_thread("canceller", task_canceller, NULL);
	sim_thread("canceller 2", task_canceller, NULL);
	sim_thread("waiter", task_waiter, NULL);
}

static void task_finish(void)
{
	const uint32_t state = qs__load_relaxed(&task_state);

	SIM_ASSERT(qs__load_relaxed(&task_told) == 1);
	SIM_ASSERT(qs__load_relaxed(&task_ran) == (state == TASK_DONE));
	SIM_ASSERT(state == TASK_DONE || state == TASK_CANCELLED);
}

static const struct sim_case cancel = {
	.name = "cancel",
	.setup = task_setup,
	.finish = task_finish,
	.preemptions = 3,
	.stale_reads = 2,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:task_canceller:compare_exchange_acq_rel", SIM_SPLIT, SIM_ASSERTION, 0 },
		{ "test_sim_engine.c:task_runner:compare_exchange_acq_rel", SIM_SPLIT, SIM_ASSERTION, 0 },
	},
};

static void test_sim_engine_cancel(void **state)
{
	(void)state;
	assert_true(sim_verify(&cancel));
}

/* ---- a count of owners: the last one frees, after all that the others did ---- */

struct counted {
	qs__atomic(uint32_t) owners;
	int data;
};

static void owner(void *arg)
{
	struct counted *object = arg;

	(void)QS_PLAIN_READ(object->data);
	if (qs__fetch_sub_acq_rel(&object->owners, 1) == 1)
		qs__free(object);
}

static void owners_setup(void)
{
	struct counted *object = qs__alloc(sizeof(*object));

	qs__atomic_init(&object->owners, 2);
	sim_thread("owner", owner, object);
	sim_thread("owner 2", owner, object);
}

static const struct sim_case owners = {
	.name = "owners",
	.setup = owners_setup,
	.preemptions = SIM_UNBOUNDED,
	.stale_reads = 2,
	.random = 1000,
	.controls = {
		{ "test_sim_engine.c:owner:fetch_sub_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "test_sim_engine.c:owner:fetch_sub_acq_rel", SIM_SPLIT, SIM_LEAK, 0 },
		{ "test_sim_engine.c:owner:fetch_sub_acq_rel", SIM_DROP, SIM_LEAK, 0 },
		{ "test_sim_engine.c:owner:fetch_sub_acq_rel", SIM_PRETEND, SIM_USE_AFTER_FREE | SIM_RACE, 1 },
	},
};

static void test_sim_engine_owners(void **state)
{
	(void)state;
	assert_true(sim_verify(&owners));
}

/* ---- a stack whose nodes come back (ABA): wrong with memory that is used again, right with memory that is not ---- */

struct node {
	struct node *next;
};

static qs__atomic(struct node *) stack_top;

static struct node *stack_pop(void)
{
	struct node *top = qs__load_acquire(&stack_top);

	while (top && !qs__compare_exchange_acq_rel(&stack_top, &top, top->next))
		;
	return top;
}

static void stack_push(struct node *node)
{
	node->next = qs__load_relaxed(&stack_top);
	while (!qs__compare_exchange_release(&stack_top, &node->next, node))
		;
}

static void stack_popper(void *arg)
{
	(void)arg;
	qs__free(stack_pop());
}

static void stack_recycler(void *arg)
{
	(void)arg;
	qs__free(stack_pop());
	qs__free(stack_pop());
	stack_push(qs__alloc(sizeof(struct node)));
}

static void stack_setup(void)
{
	qs__atomic_init(&stack_top, NULL);
	for (int i = 0; i < 3; i++)
		stack_push(qs__alloc(sizeof(struct node)));
	sim_thread("popper", stack_popper, NULL);
	sim_thread("recycler", stack_recycler, NULL);
}

static void stack_finish(void)
{
	qs__free(stack_pop());
}

static const struct sim_case stack_without_reuse = {
	.name = "stack",
	.setup = stack_setup,
	.finish = stack_finish,
	.preemptions = 2,
};

static const struct sim_case stack_with_reuse = {
	.name = "stack-aba",
	.setup = stack_setup,
	.finish = stack_finish,
	.preemptions = 2,
	.reuse_memory = true,
};

static void test_sim_engine_memory_reuse(void **state)
{
	(void)state;
	assert_true(sim_holds(&stack_without_reuse));
	assert_true(sim_fails(&stack_with_reuse, SIM_USE_AFTER_FREE | SIM_CRASH | SIM_LEAK));
}

/* ---- time: a deadline comes when nothing else can happen, and as a choice before that ---- */

static qs__atomic(uint32_t) late_word;
static int late_result;

static void late_sleeper(void *arg)
{
	(void)arg;
	late_result = qs__park(&late_word, 0, qs__clock_now() + QS__NS_PER_S);
}

static void late_waker(void *arg)
{
	(void)arg;
	qs__store_release(&late_word, 1);
	qs__unpark_all(&late_word);
}

static void late_setup(void)
{
	qs__atomic_init(&late_word, 0);
	sim_thread("sleeper", late_sleeper, NULL);
	sim_thread("waker", late_waker, NULL);
}

static void never_late(void)
{
	SIM_ASSERT(late_result == 0);
}

static void alone_setup(void)
{
	qs__atomic_init(&late_word, 0);
	sim_thread("sleeper", late_sleeper, NULL);
}

static void always_late(void)
{
	SIM_ASSERT(late_result == -ETIMEDOUT);
	SIM_ASSERT(qs__clock_now() == 2 * QS__NS_PER_S);
}

static const struct sim_case late_alone = {
	.name = "late-alone", .setup = alone_setup, .finish = always_late, .preemptions = 1,
};
static const struct sim_case late_in_order = {
	.name = "late-in-order", .setup = late_setup, .finish = never_late, .preemptions = SIM_UNBOUNDED,
	.controls = {
		{ "test_sim_engine.c:late_waker:unpark_all", SIM_DROP, SIM_ASSERTION, 0 },
	},
};
static const struct sim_case late_early = {
	.name = "late-early", .setup = late_setup, .finish = never_late, .preemptions = 1, .early_timeouts = 1,
};

static void test_sim_engine_time(void **state)
{
	(void)state;
	assert_true(sim_holds(&late_alone));
	assert_true(sim_verify(&late_in_order));
	assert_true(sim_fails(&late_early, SIM_ASSERTION));
}

/* ---- signals: the handler runs at any point of the thread, and in its sleep ---- */

static qs__atomic(uint32_t) signal_count;
static int signal_before, signal_after;

static void signal_handler(void *arg)
{
	(void)arg;
	qs__fetch_add_relaxed(&signal_count, 1);
}

static void signal_taker(void *arg)
{
	(void)arg;
	sim_signal_begin(signal_handler, NULL);
	signal_before = (int)qs__load_relaxed(&signal_count);
	signal_after = (int)qs__load_relaxed(&signal_count);
	sim_signal_end();
}

static void signal_sleeper(void *arg)
{
	(void)arg;
	sim_signal_begin(signal_handler, NULL);
	while (qs__load_relaxed(&signal_count) == 0)
		qs__park(&signal_count, 0, QS_NEVER);
}

static void signal_blocker(void *arg)
{
	sigset_t old;

	(void)arg;
	sim_signal_begin(signal_handler, NULL);
	qs__signals_block(&old);
	signal_before = (int)qs__load_relaxed(&signal_count);
	signal_after = (int)qs__load_relaxed(&signal_count);
	qs__signals_restore(&old);
	sim_signal_end();
}

static void signal_setup_with(void (*taker)(void *arg))
{
	qs__atomic_init(&signal_count, 0);
	sim_thread("taker", taker, NULL);
}

static void taker_setup(void)
{
	signal_setup_with(signal_taker);
}

static void sleeper_setup(void)
{
	signal_setup_with(signal_sleeper);
}

static void blocker_setup(void)
{
	signal_setup_with(signal_blocker);
}

static void at_most_once(void)
{
	SIM_ASSERT(qs__load_relaxed(&signal_count) <= 1);
}

static void never_between(void)
{
	SIM_ASSERT(signal_before == signal_after);
}

static const struct sim_case signal_once = {
	.name = "signal-once", .setup = taker_setup, .finish = at_most_once,
};
static const struct sim_case signal_between = {
	.name = "signal-between", .setup = taker_setup, .finish = never_between,
};
static const struct sim_case signal_in_sleep = {
	.name = "signal-in-sleep", .setup = sleeper_setup,
};
static const struct sim_case signal_blocked = {
	.name = "signal-blocked", .setup = blocker_setup, .finish = never_between,
};

static void test_sim_engine_signals(void **state)
{
	(void)state;
	assert_true(sim_holds(&signal_once));
	assert_true(sim_fails(&signal_between, SIM_ASSERTION));
	assert_true(sim_holds(&signal_in_sleep));
	assert_true(sim_holds(&signal_blocked));
}

/* ---- what is left behind, and what does not end ---- */

static qs__atomic(uint32_t) static_word;

static void nothing(void *arg)
{
	(void)arg;
}

static void leave_memory(void)
{
	(void)qs__alloc(8);
}

static void leave_thread(void)
{
	qs__thread thread;

	qs__thread_start(&thread, nothing, NULL, 0, "left");
}

static void leave_descriptor(void)
{
	struct qs__event_fd left;

	(void)qs__event_fd_open(&left);
}

static void leave_static_state(void)
{
	(void)qs__fetch_add_relaxed(&static_word, 1);
}

static void leave_nothing(void)
{
	qs__thread thread;
	struct qs__event_fd closed;

	(void)qs__event_fd_open(&closed);
	qs__free(qs__alloc(8));
	qs__thread_start(&thread, nothing, NULL, 0, "joined");
	qs__thread_join(thread, QS_NEVER);
	qs__event_fd_close(&closed);
	qs__store_relaxed(&static_word, 1);
	qs__store_relaxed(&static_word, 0);
}

static void free_twice(void)
{
	void *memory = qs__alloc(8);

	qs__free(memory);
	qs__free(memory);
}

static void never_end(void)
{
	while (qs__load_relaxed(&static_word) == 0)
		;
}

static void crash(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 0;
}

static void test_sim_engine_remains(void **state)
{
	const struct sim_case bad[] = {
		{ .name = "leave-memory", .setup = leave_memory },
		{ .name = "leave-thread", .setup = leave_thread },
		{ .name = "leave-descriptor", .setup = leave_descriptor },
		{ .name = "leave-static-state", .setup = leave_static_state },
	};
	const struct sim_case good = { .name = "leave-nothing", .setup = leave_nothing };

	(void)state;
	assert_true(sim_holds(&good));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(sim_fails(&bad[i], SIM_LEAK));
}

static void test_sim_engine_worst(void **state)
{
	const struct sim_case twice = { .name = "free-twice", .setup = free_twice };
	const struct sim_case endless = { .name = "endless", .setup = never_end };
	const struct sim_case crashing = { .name = "crash", .setup = crash };

	(void)state;
	assert_true(sim_fails(&twice, SIM_USE_AFTER_FREE));
	assert_true(sim_fails(&endless, SIM_ENDLESS));
	assert_true(sim_fails(&crashing, SIM_CRASH));
}

/* ---- failing resources, as choices ---- */

static int failed_resources;

static void try_resources(void)
{
	qs__thread thread;
	void *memory = qs__alloc(8);

	failed_resources = !memory;
	qs__free(memory);
	if (qs__thread_start(&thread, nothing, NULL, 0, "maybe") == 0)
		qs__thread_join(thread, QS_NEVER);
	else
		failed_resources++;
}

static void not_both(void)
{
	SIM_ASSERT(failed_resources < 2);
}

static void test_sim_engine_failing_resources(void **state)
{
	struct sim_case resources = { .name = "resources", .setup = try_resources, .finish = not_both };

	(void)state;
	resources.failed_allocations = 1;
	assert_true(sim_holds(&resources));
	resources.failed_starts = 1;
	assert_true(sim_fails(&resources, SIM_ASSERTION));
}

/* ---- a control that aims at nothing is noticed ---- */

static void test_sim_engine_control_without_site(void **state)
{
	struct sim_case aimless = message_passing;

	(void)state;
	aimless.controls[0].site = "test_sim_engine.c:message_sender:store_acquire";
	aimless.controls[0].foretold = SIM_UNTOUCHED;
	assert_true(sim_verify(&aimless));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_engine_message_passing),
		cmocka_unit_test(test_sim_engine_dekker),
		cmocka_unit_test(test_sim_engine_parking),
		cmocka_unit_test(test_sim_engine_future_free),
		cmocka_unit_test(test_sim_engine_shutdown),
		cmocka_unit_test(test_sim_engine_cancel),
		cmocka_unit_test(test_sim_engine_owners),
		cmocka_unit_test(test_sim_engine_memory_reuse),
		cmocka_unit_test(test_sim_engine_time),
		cmocka_unit_test(test_sim_engine_signals),
		cmocka_unit_test(test_sim_engine_remains),
		cmocka_unit_test(test_sim_engine_worst),
		cmocka_unit_test(test_sim_engine_failing_resources),
		cmocka_unit_test(test_sim_engine_control_without_site),
	};

	return cmocka_run_group_tests_name("sim engine", tests, NULL, NULL);
}
