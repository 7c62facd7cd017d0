/* SPDX-License-Identifier: MIT */
/*
 * test_sim_map.c - verbs/map*.c: who frees an item, that the first failure is the last body,
 * and that room is heard of.
 *
 * An item's number is plain data: the source writes it, the body and the destructor look at it, in
 * whatever threads those are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/stop.h"
#include "platform/atomic.h"
#include "platform/park.h"
#include "quiesce.h"
#include "sim/sim.h"
#include "verbs/map.h"

enum { ITEMS = 3 };

struct item {
	int number;	/* plain: given to the body, then to the destructor */
	int runs;	/* plain: the same way */
	int destroyed;
};

static struct item items[ITEMS];
static qs_pool *pool;
static qs_map *map;
static int pulled;
static int closed;
static int handed;
static int failing;	/* the number of the one that fails, or -1 */
static qs__atomic(uint32_t) gate;

/* ---- source, body, destructor ---- */

static int give_item(void **out, void *arg)
{
	struct item *item = &items[pulled];

	(void)arg;
	SIM_ASSERT(closed == 0);
	if (pulled == ITEMS)
		return 0;
	QS_PLAIN_WRITE(item->number, pulled++);
	*out = item;
	return 1;
}

static void close_source(void *arg)
{
	(void)arg;
	closed++;
}

static int do_item(qs_task *task, void *arg)
{
	struct item *item = arg;

	(void)task;
	QS_PLAIN_WRITE(item->runs, QS_PLAIN_READ(item->runs) + 1);
	return QS_PLAIN_READ(item->number) == failing ? -EIO : 0;
}

/* The first body ends when the third one has begun. */
static int do_item_after_third(qs_task *task, void *arg)
{
	struct item *item = arg;
	const int number = QS_PLAIN_READ(item->number);

	if (number == 2) {
		qs__store_release(&gate, 1);
		qs__unpark_all(&gate);
	}
	while (number == 0 && qs__load_acquire(&gate) == 0)
		qs__park(&gate, 0, QS_NEVER);
	return do_item(task, arg);
}

static void free_item(void *arg)
{
	struct item *item = arg;

	SIM_ASSERT(QS_PLAIN_READ(item->runs) <= 1);
	QS_PLAIN_WRITE(item->destroyed, QS_PLAIN_READ(item->destroyed) + 1);
}

/* ---- beginning and end ---- */

static void begin(uint32_t workers, size_t max_pending, qs_task_fn *fn, uint32_t flags)
{
	static const struct item nothing;
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_map_options options = QS_MAP_OPTIONS_INIT;

	for (int i = 0; i < ITEMS; i++)
		items[i] = nothing;
	pulled = closed = handed = 0;
	failing = -1;
	qs__atomic_init(&gate, 0);
	pool_options.workers = workers;
	pool_options.max_pending = max_pending;
	SIM_ASSERT(qs_pool_create(&pool, &pool_options) == 0);
	options.flags = flags;
	options.window = ITEMS;
	options.destroy = free_item;
	options.close = close_source;
	SIM_ASSERT(qs_map_create(&map, pool, fn, give_item, NULL, &options) == 0);
}

static void end(void)
{
	qs_report report = QS_REPORT_INIT;
	uint64_t ends = 0;

	SIM_ASSERT(qs_pool_join(pool, QS_NEVER, NULL, &report) == 0);
	SIM_ASSERT(qs_pool_destroy(pool) == 0);
	for (int state = 0; state < QS_STATES; state++)
		ends += report.ends[state];
	SIM_ASSERT(report.submitted == ends);
	SIM_ASSERT(closed == 1);
	for (int i = 0; i < ITEMS; i++)
		SIM_ASSERT(items[i].destroyed == (i < pulled ? 1 : 0));
}

/* ---- the consumer: how many it takes, and how the map should end ---- */

static const int one = 1;
static const int all = ITEMS + 1;
static const int is_over = 0;
static const int is_cancelled = -ECANCELED;

static int take(int most)
{
	qs_future *future;
	int result = 1;

	while (handed < most && (result = qs_map_next(map, &future, QS_NEVER, NULL)) == 1) {
		const struct item *item = qs_map_item(map);
		const int state = qs_future_state(future);

		handed++;
		SIM_ASSERT(qs_future_is_ended(future) == 1);
		SIM_ASSERT(QS_PLAIN_READ(item->runs) == (state == QS_CANCELLED ? 0 : 1));
		SIM_ASSERT(item->destroyed == 0);
	}
	return result;
}

static void take_all(void *arg)
{
	const int expected = *(const int *)arg;

	SIM_ASSERT(take(all) == expected);
	SIM_ASSERT(handed == pulled);
	qs_map_destroy(map);
}

static void take_some(void *arg)
{
	(void)take(*(const int *)arg);
	qs_map_destroy(map);
}

static void ask_map(void *arg)
{
	qs_stop *stop = arg;

	(void)qs_stop_ask(stop, 0, NULL);
	qs_stop_release(stop);
}

/* ---- the consumer leaves while bodies run and are pending: each item is freed once, by whoever is last ---- */

static void leave_setup(void)
{
	begin(1, 0, do_item, sim_choose(2) != 0 ? QS_MAP_AS_COMPLETED : 0);
	sim_thread("consumer", take_some, (void *)&one);
}

static const struct sim_case consumer_leaves = {
	.name = "consumer-leaves",
	.setup = leave_setup,
	.finish = end,
	.preemptions = 2,
	.random = 30000,
	.controls = {
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_WEAKEN, SIM_RACE, 0 },
		{ "object.c:qs__object_release:fetch_sub_acq_rel", SIM_SPLIT, SIM_LEAK | SIM_USE_AFTER_FREE | SIM_RACE | SIM_ASSERTION, 0 },
	},
};

static void test_sim_a17_consumer_leaves(void **state)
{
	(void)state;
	assert_true(sim_verify(&consumer_leaves));
}

/* ---- a task fails: with one worker its body is the last one ---- */

static void fail_setup(void)
{
	begin(1, 0, do_item, sim_choose(2) != 0 ? QS_MAP_AS_COMPLETED : 0);
	failing = (int)sim_choose(ITEMS);
	sim_thread("consumer", take_all, (void *)&is_cancelled);
}

static void fail_finish(void)
{
	end();
	for (int i = 0; i < ITEMS; i++)
		SIM_ASSERT(items[i].runs == (i <= failing ? 1 : 0));
}

static const struct sim_case first_failure = {
	.name = "first-failure",
	.setup = fail_setup,
	.finish = fail_finish,
	.preemptions = 1,
	.stale_reads = 1,
	.random = 30000,
	.controls = {
		/* The failure that nobody hears of. */
		{ "stop.c:mark:compare_exchange_acq_rel", SIM_DROP, SIM_ASSERTION | SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a17_first_failure_is_the_last_body(void **state)
{
	(void)state;
	assert_true(sim_verify(&first_failure));
}

/* ---- the map is stopped from outside while it pulls, hands over and waits ---- */

static void stop_setup(void)
{
	begin(1, sim_choose(2), do_item, sim_choose(2) != 0 ? QS_MAP_AS_COMPLETED : 0);
	sim_thread("consumer", take_some, (void *)&all);
	sim_thread("stopper", ask_map, qs_stop_retain(qs_map_stop(map)));
}

static const struct sim_case stopped = {
	.name = "stopped",
	.setup = stop_setup,
	.finish = end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "waiter.c:qs__event_notify:unpark_one", SIM_DROP, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a17_map_is_stopped(void **state)
{
	(void)state;
	assert_true(sim_verify(&stopped));
}

/* ---- the queue has one place, the oldest waits for the youngest: the consumer hears of room ---- */

static void room_setup(void)
{
	begin(2, 1, do_item_after_third, 0);
	sim_thread("consumer", take_all, (void *)&is_over);
}

static const struct sim_case room = {
	.name = "room",
	.setup = room_setup,
	.finish = end,
	.preemptions = 1,
	.random = 50000,
	.controls = {
		{ "map_room.c:qs__map_want_room:exchange_acq_rel", SIM_DROP, SIM_DEADLOCK | SIM_LEAK, 0 },
		{ "map_room.c:qs__map_tell_room:load_relaxed", SIM_PRETEND, SIM_DEADLOCK, 0 },
	},
};

static void test_sim_a17_room_is_heard_of(void **state)
{
	(void)state;
	assert_true(sim_verify(&room));
}

/* ---- the nudge alone: two bodies begin, while the consumer wants it no more ---- */

static struct qs_map bare;

static void want_room(void *arg)
{
	qs_stop *nudge = qs__stop_new(NULL, NULL);

	(void)arg;
	qs__map_want_room(&bare, nudge);
	qs__map_want_room_no_more(&bare);
	qs_stop_release(nudge);
}

static void tell_room(void *arg)
{
	(void)arg;
	qs__map_tell_room(&bare);
}

static void nudge_setup(void)
{
	qs__atomic_init(&bare.nudge, NULL);
	sim_thread("consumer", want_room, NULL);
	sim_thread("worker", tell_room, NULL);
	sim_thread("worker 2", tell_room, NULL);
}

static const struct sim_case nudge = {
	.name = "nudge",
	.setup = nudge_setup,
	.preemptions = 3,
	.stale_reads = 2,
	.random = 20000,
	.controls = {
		{ "map_room.c:take_nudge:exchange_acq_rel", SIM_SPLIT, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "map_room.c:take_nudge:exchange_acq_rel", SIM_DROP, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "map_room.c:take_nudge:exchange_acq_rel", SIM_NO_ACQUIRE, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "map_room.c:qs__map_want_room:exchange_acq_rel", SIM_WEAKEN, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
		{ "map_room.c:qs__map_want_room:exchange_acq_rel", SIM_NO_RELEASE, SIM_USE_AFTER_FREE | SIM_RACE, 0 },
	},
};

static void test_sim_a17_nudge_has_one_owner(void **state)
{
	(void)state;
	assert_true(sim_verify(&nudge));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_a17_consumer_leaves),
		cmocka_unit_test(test_sim_a17_first_failure_is_the_last_body),
		cmocka_unit_test(test_sim_a17_map_is_stopped),
		cmocka_unit_test(test_sim_a17_room_is_heard_of),
		cmocka_unit_test(test_sim_a17_nudge_has_one_owner),
	};

	return cmocka_run_group_tests_name("sim map", tests, NULL, NULL);
}
