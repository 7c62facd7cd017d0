/* SPDX-License-Identifier: MIT */
/*
 * test_future_callback.c - what is called when a future ends (A22): once, in order, under
 * no lock, whatever it does.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

/* ----------------------------------------------------------------------- ends, and ways to them */

/*
 * One future on its way to its end, in a pool of one worker, which is held if the
 * future shall be pending.
 */
struct scene {
	qs_pool *pool;
	struct hold hold;	/* of the task that is watched, or of the one before it */
	qs_future *held;	/* the one before it; NULL = none */
	qs_future *future;
	bool is_joined;
};

static void scene_pool(struct scene *scene)
{
	*scene = (struct scene){ .pool = pool_make(1), .hold = HOLD_INIT };
}

static void begin_running(struct scene *scene, qs_task_fn *fn, void *arg)
{
	scene_pool(scene);
	scene->future = task_submit(scene->pool, fn, arg);
	gate_await(&scene->hold.entered, 1);
}

static void begin_pending(struct scene *scene, const qs_task_options *options)
{
	scene_pool(scene);
	scene->held = task_submit(scene->pool, body_hold, &scene->hold);
	gate_await(&scene->hold.entered, 1);
	scene->future = task_submit_with(scene->pool, body_return, NULL, options);
}

static void begin_held(struct scene *scene)
{
	begin_running(scene, body_hold, &scene->hold);
}

static void begin_failing(struct scene *scene)
{
	begin_running(scene, body_hold, &scene->hold);
	scene->hold.value = -EIO;
}

static void begin_until_stop(struct scene *scene)
{
	begin_running(scene, body_until_stop, &scene->hold.entered);
}

static void begin_plainly_pending(struct scene *scene)
{
	begin_pending(scene, NULL);
}

static void begin_with_a_limit(struct scene *scene)
{
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	options.begin_by = qs_after_ms(20);
	begin_pending(scene, &options);
}

static void begin_ended(struct scene *scene)
{
	scene_pool(scene);
	scene->future = task_submit(scene->pool, body_return, NULL);
	assert_int_equal(qs_wait(scene->future, patience(), NULL), 0);
}

static void end_by_leave(struct scene *scene)
{
	gate_raise(&scene->hold.leave);
}

static void end_by_stop(struct scene *scene)
{
	assert_int_equal(qs_future_stop(scene->future, 0, NULL), 1);
}

static void end_by_cancel(struct scene *scene)
{
	assert_int_equal(qs_future_cancel(scene->future), 1);
}

static void end_by_time(struct scene *scene)
{
	(void)scene;
}

static void end_by_shutdown(struct scene *scene)
{
	assert_int_equal(qs_pool_shutdown(scene->pool, QS_CANCEL), 0);
}

/* The callbacks are left to destroy. */
static void end_by_join(struct scene *scene)
{
	assert_int_equal(qs_pool_join(scene->pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	scene->is_joined = true;
	gate_raise(&scene->hold.leave);
}

struct way {
	qs_state state;
	void (*begin)(struct scene *scene);
	void (*end)(struct scene *scene);
	bool joins;		/* the pool is gone by its end */
};

static const struct way ways[] = {
	{ QS_DONE, begin_held, end_by_leave, false },
	{ QS_FAILED, begin_failing, end_by_leave, false },
	{ QS_STOPPED, begin_until_stop, end_by_stop, false },
	{ QS_CANCELLED, begin_plainly_pending, end_by_cancel, false },
	{ QS_CANCELLED, begin_plainly_pending, end_by_stop, false },
	{ QS_CANCELLED, begin_plainly_pending, end_by_shutdown, false },
	{ QS_TIMED_OUT, begin_with_a_limit, end_by_time, false },
	{ QS_DONE, begin_ended, end_by_time, false },
	{ QS_ABANDONED, begin_held, end_by_join, true },
	{ QS_CANCELLED, begin_plainly_pending, end_by_join, true },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* A place of its own for each, as a straggler of one may still be there when the next one begins. */
static struct scene *scene_place(void)
{
	static struct scene scenes[1000];
	static size_t used;

	assert_true(used < sizeof(scenes) / sizeof(scenes[0]));
	return &scenes[used++];
}

static void scene_end(struct scene *scene)
{
	gate_raise(&scene->hold.leave);
	if (!scene->is_joined)
		(void)pool_end(scene->pool, QS_DRAIN);
	qs_future_release(scene->held);
}

/* -------------------------------------------------------------------------------------- actions */

/* What a callback has to do, with what, and what came of it. */
struct deed {
	struct scene *scene;
	qs_state state;		/* in which the future must be */
	qs_pool *side;		/* another pool */
	qs_pool *spare;		/* a third one, joined */
	qs_future *other;	/* pending in the side pool */
	struct gate called;
	atomic_uint calls;
	atomic_uint later_calls;
	atomic_uint wrongs;
	int result;
};

static void count_later(qs_future *future, void *arg)
{
	(void)future;
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
}

static int act_nothing(qs_future *future, struct deed *deed)
{
	(void)future;
	(void)deed;
	return 0;
}

static int act_submit(qs_future *future, struct deed *deed)
{
	const int error = qs_submit(NULL, deed->side, body_return, NULL);

	(void)future;
	/* The pool's own may be closed by now; that must be said, and not waited for. */
	if (!deed->scene->is_joined)
		(void)qs_submit(NULL, deed->scene->pool, body_return, NULL);
	return error;
}

static int act_cancel(qs_future *future, struct deed *deed)
{
	if (qs_future_cancel(future) != 0)
		return -EIO;
	return qs_future_cancel(deed->other) == 1 ? 0 : -EIO;
}

static int act_wait(qs_future *future, struct deed *deed)
{
	qs_future *done = NULL;
	int error = qs_wait(future, QS_NEVER, NULL);

	if (error == 0)
		error = qs_submit(&done, deed->side, body_return, NULL);
	(void)qs_future_cancel(deed->other);
	if (error == 0)
		error = qs_wait(deed->other, QS_NEVER, NULL);
	qs_future_release(done);
	return error;
}

static int act_add(qs_future *future, struct deed *deed)
{
	const int error = qs_future_callback_add(future, count_later, &deed->later_calls);

	/* It comes after this one. */
	return error != 0 || atomic_load(&deed->later_calls) != 0 ? -EIO : 0;
}

static int act_release(qs_future *future, struct deed *deed)
{
	(void)deed;
	qs_future_release(future);
	return 0;
}

static int act_shutdown(qs_future *future, struct deed *deed)
{
	int error = 0;

	(void)future;
	if (!deed->scene->is_joined)
		error = qs_pool_shutdown(deed->scene->pool, QS_STOP);
	return error;
}

static int act_destroy_another(qs_future *future, struct deed *deed)
{
	(void)future;
	return qs_pool_destroy(deed->spare);
}

static int act_end_another(qs_future *future, struct deed *deed)
{
	const int error = qs_pool_join(deed->side, patience(), NULL, NULL);

	(void)future;
	return error;
}

static int act_fail_to_join(qs_future *future, struct deed *deed)
{
	const struct scene *scene = deed->scene;
	int error;

	(void)future;
	if (scene->is_joined)
		return 0;
	error = qs_pool_join(scene->pool, qs_after_ms(1), NULL, NULL);
	return error == -EDEADLK ? 0 : -EIO;
}

typedef int act_fn(qs_future *future, struct deed *deed);

static act_fn *const acts[] = { act_nothing, act_submit, act_cancel, act_wait, act_add,
				act_release, act_shutdown, act_destroy_another, act_end_another, act_fail_to_join };

#define ACTS (sizeof(acts) / sizeof(acts[0]))

static act_fn *present_act;	/* set before the callback can be called */

static void do_deed(qs_future *future, void *arg)
{
	struct deed *deed = arg;

	(void)atomic_fetch_add(&deed->calls, 1);
	if (qs_future_state(future) != (int)deed->state || qs_future_is_ended(future) != 1)
		(void)atomic_fetch_add(&deed->wrongs, 1);
	deed->result = present_act(future, deed);
	gate_raise(&deed->called);
}

static qs_pool *pool_joined(void)
{
	qs_pool *pool = pool_make(1);

	assert_int_equal(qs_pool_join(pool, patience(), NULL, NULL), 0);
	return pool;
}

/* Who cannot be told apart from a worker of the pool: a thread that ends the future but is none. */
static bool is_joinable_there(const struct way *way)
{
	return way->state == QS_DONE || way->state == QS_FAILED || way->state == QS_STOPPED;
}

static void check_deed(const struct way *way, act_fn *act)
{
	static struct hold side_hold;
	struct scene *scene = scene_place();
	struct deed deed = { .scene = scene, .state = way->state, .called = GATE_INIT };
	qs_future *kept;

	side_hold = (struct hold)HOLD_INIT;
	deed.side = pool_make(2);
	deed.spare = pool_joined();
	if (act != act_end_another) {
		qs_future_release(task_submit(deed.side, body_hold, &side_hold));
		qs_future_release(task_submit(deed.side, body_hold, &side_hold));
		gate_await(&side_hold.entered, 2);
	}
	deed.other = task_submit(deed.side, body_return, NULL);
	present_act = act;
	way->begin(scene);
	kept = qs_future_retain(scene->future);
	assert_int_equal(qs_future_callback_add(scene->future, do_deed, &deed), 0);
	way->end(scene);
	gate_await(&deed.called, 1);
	scene_end(scene);
	assert_int_equal(deed.calls, 1);
	assert_int_equal(deed.wrongs, 0);
	assert_int_equal(deed.result, 0);
	assert_int_equal(deed.later_calls, act == act_add ? 1 : 0);
	if (act != act_release)
		qs_future_release(scene->future);
	task_end(kept, way->state);
	gate_raise(&side_hold.leave);
	assert_int_equal(qs_wait(deed.other, patience(), NULL), 0);
	qs_future_release(deed.other);
	(void)pool_end(deed.side, QS_DRAIN);
	if (act != act_destroy_another)
		assert_int_equal(qs_pool_destroy(deed.spare), 0);
}

static void test_future_callback_a22_every_action_at_every_end(void **state)
{
	(void)state;
	for (size_t way = 0; way < WAYS; way++) {
		for (size_t act = 0; act < ACTS; act++) {
			if (acts[act] == act_fail_to_join && (!is_joinable_there(&ways[way]) || ways[way].begin == begin_ended))
				continue;
			check_deed(&ways[way], acts[act]);
		}
	}
}

/* ---------------------------------------------------------------------------------------- order */

#define CALLS 6

struct roll {
	atomic_uint next;
	struct called {
		struct roll *roll;
		unsigned place;		/* in which it was called, from 1 on */
		pthread_t thread;
		struct gate entered;
		struct gate leave;
		bool stays;
	} calls[CALLS];
};

static void roll_init(struct roll *roll)
{
	*roll = (struct roll){ .next = 1 };
	for (int i = 0; i < CALLS; i++)
		roll->calls[i] = (struct called){ .roll = roll, .entered = GATE_INIT, .leave = GATE_INIT };
}

static void call_the_roll(qs_future *future, void *arg)
{
	struct called *called = arg;

	(void)future;
	called->place = atomic_fetch_add(&called->roll->next, 1);
	called->thread = pthread_self();
	gate_raise(&called->entered);
	if (called->stays)
		gate_await(&called->leave, 1);
}

/* Those from the first on, before the last. */
static void roll_add(struct roll *roll, qs_future *future, int first, int last)
{
	for (int i = first; i < last; i++)
		assert_int_equal(qs_future_callback_add(future, call_the_roll, &roll->calls[i]), 0);
}

/* So many were called, in their order, and there. */
static void roll_check(const struct roll *roll, unsigned count, pthread_t thread)
{
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(roll->calls[i].place, i + 1);
		assert_true(pthread_equal(roll->calls[i].thread, thread));
	}
}

static void test_future_callback_in_the_order_in_which_they_were_added(void **state)
{
	(void)state;
	for (size_t way = 0; way < WAYS; way++) {
		struct scene *scene = scene_place();
		struct roll roll;

		roll_init(&roll);
		ways[way].begin(scene);
		roll_add(&roll, scene->future, 0, CALLS);
		ways[way].end(scene);
		gate_await(&roll.calls[CALLS - 1].entered, 1);
		scene_end(scene);
		roll_check(&roll, CALLS, roll.calls[0].thread);
		qs_future_release(scene->future);
	}
}

static void test_future_callback_added_after_the_end_is_called_at_once_and_here(void **state)
{
	struct scene *scene = scene_place();
	struct roll roll;

	(void)state;
	roll_init(&roll);
	begin_ended(scene);
	for (unsigned i = 0; i < CALLS; i++) {
		assert_int_equal(qs_future_callback_add(scene->future, call_the_roll, &roll.calls[i]), 0);
		assert_int_equal(roll.calls[i].place, i + 1);
		assert_true(pthread_equal(roll.calls[i].thread, pthread_self()));
	}
	scene_end(scene);
	qs_future_release(scene->future);
}

static void test_future_callback_added_while_others_are_called_comes_after_them(void **state)
{
	struct scene *scene = scene_place();
	struct roll roll;

	(void)state;
	roll_init(&roll);
	roll.calls[0].stays = true;
	begin_held(scene);
	roll_add(&roll, scene->future, 0, 2);
	end_by_leave(scene);
	gate_await(&roll.calls[0].entered, 1);
	/* Told before: the waiters. */
	assert_int_equal(qs_wait(scene->future, QS_NOW, NULL), 0);
	roll_add(&roll, scene->future, 2, CALLS);
	assert_int_equal(roll.calls[2].place, 0);
	gate_raise(&roll.calls[0].leave);
	scene_end(scene);
	roll_check(&roll, CALLS, roll.calls[0].thread);
	qs_future_release(scene->future);
}

/* The user's reference goes at once; the future lives until its callbacks were called. */
static void test_future_callback_keeps_its_future(void **state)
{
	(void)state;
	for (size_t way = 0; way < WAYS; way++) {
		struct scene *scene = scene_place();
		struct roll roll;

		if (ways[way].end == end_by_stop || ways[way].end == end_by_cancel)
			continue;
		roll_init(&roll);
		ways[way].begin(scene);
		roll_add(&roll, scene->future, 0, 1);
		qs_future_release(scene->future);
		ways[way].end(scene);
		gate_await(&roll.calls[0].entered, 1);
		scene_end(scene);
	}
}

/* ----------------------------------------------------------------------------- and the way down */

static void test_future_callback_join_waits_for_it(void **state)
{
	struct scene *scene = scene_place();
	struct roll roll;
	qs_report report = QS_REPORT_INIT;

	(void)state;
	roll_init(&roll);
	roll.calls[0].stays = true;
	begin_held(scene);
	roll_add(&roll, scene->future, 0, 2);
	end_by_leave(scene);
	gate_await(&roll.calls[0].entered, 1);
	gate_raise(&roll.calls[0].leave);
	assert_int_equal(qs_pool_join(scene->pool, patience(), NULL, &report), 0);
	assert_int_equal(roll.calls[1].place, 2);
	report_check(&report);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	task_end(scene->future, QS_DONE);
}

/* One that overstays is a straggler, though its body has returned; the task's end stands. */
static void test_future_callback_a26_that_overstays_is_left_behind(void **state)
{
	struct scene *scene = scene_place();
	static struct roll roll;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;

	(void)state;
	roll_init(&roll);
	roll.calls[0].stays = true;
	begin_held(scene);
	roll_add(&roll, scene->future, 0, 2);
	end_by_leave(scene);
	gate_await(&roll.calls[0].entered, 1);
	assert_int_equal(qs_pool_join(scene->pool, qs_after_ms(2), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.ends[QS_DONE], 1);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_straggler(scene->pool, 0, &straggler), 0);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	assert_int_equal(roll.calls[1].place, 0);
	gate_raise(&roll.calls[0].leave);
	gate_await(&roll.calls[1].entered, 1);
	assert_true(pthread_equal(roll.calls[1].thread, roll.calls[0].thread));
	task_end(scene->future, QS_DONE);
}

/*
 * In a thread that cancels; the join gives up on time, and the canceller comes
 * back to a pool that is gone.
 */
static void *cancel(void *future)
{
	return (void *)(intptr_t)qs_future_cancel(future);
}

static void test_future_callback_a26_that_overstays_in_a_canceller(void **state)
{
	struct scene *scene = scene_place();
	static struct roll roll;
	qs_report report = QS_REPORT_INIT;
	pthread_t thread;
	void *result;

	(void)state;
	roll_init(&roll);
	roll.calls[0].stays = true;
	begin_plainly_pending(scene);
	roll_add(&roll, scene->future, 0, 1);
	assert_int_equal(pthread_create(&thread, NULL, cancel, scene->future), 0);
	gate_await(&roll.calls[0].entered, 1);
	gate_raise(&scene->hold.leave);
	task_end(scene->held, QS_DONE);
	assert_int_equal(qs_pool_join(scene->pool, qs_after_ms(2), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.stragglers, 0);
	assert_int_equal(report.ends[QS_CANCELLED], 1);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	gate_raise(&roll.calls[0].leave);
	(void)pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, 1);
	task_end(scene->future, QS_CANCELLED);
}

/*
 * What the join had no time for is called by destroy, and what is added
 * between the two comes after it.
 */
static void check_called_by_destroy(void (*begin)(struct scene *scene), qs_state ended)
{
	struct scene *scene = scene_place();
	struct roll roll;

	roll_init(&roll);
	begin(scene);
	roll_add(&roll, scene->future, 0, 2);
	assert_int_equal(qs_pool_join(scene->pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_future_state(scene->future), ended);
	roll_add(&roll, scene->future, 2, 3);
	assert_int_equal(roll.calls[0].place, 0);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	roll_check(&roll, 3, pthread_self());
	gate_raise(&scene->hold.leave);
	task_end(scene->future, ended);
	qs_future_release(scene->held);
}

static void test_future_callback_a26_called_by_destroy(void **state)
{
	(void)state;
	check_called_by_destroy(begin_held, QS_ABANDONED);
	check_called_by_destroy(begin_plainly_pending, QS_CANCELLED);
}

static void test_future_callback_of_what_no_one_keeps(void **state)
{
	struct scene *scene = scene_place();
	struct roll roll;

	(void)state;
	roll_init(&roll);
	begin_held(scene);
	roll_add(&roll, scene->future, 0, 1);
	qs_future_release(scene->future);
	assert_int_equal(qs_pool_join(scene->pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	gate_raise(&scene->hold.leave);
	assert_int_equal(qs_pool_destroy(scene->pool), 0);
	assert_int_equal(roll.calls[0].place, 1);
}

/* ---------------------------------------------------------------------------------------- races */

/* Several threads add while the future ends: each call comes once, never two at a time. */
enum { ADDERS = 3, EACH = 20, ROUNDS = 200 };

struct crowd {
	qs_future *future;
	pthread_barrier_t start;
	atomic_uint calls;
	atomic_uint inside;
	atomic_uint wrongs;
};

static void come_alone(qs_future *future, void *arg)
{
	struct crowd *crowd = arg;

	if (atomic_fetch_add(&crowd->inside, 1) != 0 || qs_future_is_ended(future) != 1)
		(void)atomic_fetch_add(&crowd->wrongs, 1);
	(void)atomic_fetch_add(&crowd->calls, 1);
	(void)atomic_fetch_sub(&crowd->inside, 1);
}

static void *add_many(void *arg)
{
	struct crowd *crowd = arg;

	(void)pthread_barrier_wait(&crowd->start);
	for (int i = 0; i < EACH; i++) {
		if (qs_future_callback_add(crowd->future, come_alone, crowd) != 0)
			(void)atomic_fetch_add(&crowd->wrongs, 1);
	}
	return NULL;
}

static int body_begin_with_them(qs_task *task, void *arg)
{
	(void)task;
	(void)pthread_barrier_wait(arg);
	return 0;
}

static void test_future_callback_added_by_many_at_the_end_is_called_once(void **state)
{
	qs_pool *pool = pool_make(1);
	struct crowd crowd;

	(void)state;
	assert_int_equal(pthread_barrier_init(&crowd.start, NULL, ADDERS + 1), 0);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t threads[ADDERS];

		atomic_init(&crowd.calls, 0);
		atomic_init(&crowd.inside, 0);
		atomic_init(&crowd.wrongs, 0);
		crowd.future = task_submit(pool, body_begin_with_them, &crowd.start);
		for (int i = 0; i < ADDERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowd), 0);
		for (int i = 0; i < ADDERS; i++)
			(void)pthread_join(threads[i], NULL);
		/* The worker may still call; the next task comes after that. */
		task_end(task_submit(pool, body_return, NULL), QS_DONE);
		assert_int_equal(crowd.calls, ADDERS * EACH);
		assert_int_equal(crowd.wrongs, 0);
		task_end(crowd.future, QS_DONE);
	}
	(void)pthread_barrier_destroy(&crowd.start);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_future_callback_bad_arguments_are_refused(void **state)
{
	struct scene *scene = scene_place();

	(void)state;
	begin_ended(scene);
	assert_int_equal(qs_future_callback_add(NULL, call_the_roll, NULL), -EINVAL);
	assert_int_equal(qs_future_callback_add(scene->future, NULL, NULL), -EINVAL);
	scene_end(scene);
	qs_future_release(scene->future);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_future_callback_a22_every_action_at_every_end),
		test(test_future_callback_in_the_order_in_which_they_were_added),
		test(test_future_callback_added_after_the_end_is_called_at_once_and_here),
		test(test_future_callback_added_while_others_are_called_comes_after_them),
		test(test_future_callback_keeps_its_future),
		test(test_future_callback_join_waits_for_it),
		test(test_future_callback_a26_that_overstays_is_left_behind),
		test(test_future_callback_a26_that_overstays_in_a_canceller),
		test(test_future_callback_a26_called_by_destroy),
		test(test_future_callback_of_what_no_one_keeps),
		test(test_future_callback_added_by_many_at_the_end_is_called_once),
		test(test_future_callback_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
