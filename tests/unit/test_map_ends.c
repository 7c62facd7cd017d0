/* SPDX-License-Identifier: MIT */
/*
 * test_map_ends.c - whatever ends a map, nothing that was pulled is lost (A17).
 *
 * Each situation is played in both orders, to the end and with a consumer who leaves: at
 * once, in the middle, and in the middle after it has happened.  Item 0 always comes
 * through; then it happens.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/feed.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

struct scene {
	const struct situation *situation;
	qs_pool *pool;
	qs_stop *stop;		/* above the map */
	qs_map *map;
	struct feed feed;
	struct hold other;	/* for a task of somebody else's */
};

struct situation {
	uint32_t workers;
	size_t max_pending;
	size_t count;		/* of items */
	size_t window;
	uint32_t flags;				/* besides the order */
	void (*arrange)(struct scene *scene);	/* before the map is made; NULL = nothing */
	void (*happen)(struct scene *scene);	/* NULL = nothing */
	int ends_with;
	void (*check)(struct scene *scene);	/* of a map that was played to the end; NULL = nothing */
};

/* -------------------------------------------------------------------------------------- playing */

static void scene_begin(struct scene *scene, const struct situation *situation, uint32_t order)
{
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_map_options options = feed_options(situation->flags | order, situation->window);

	*scene = (struct scene){ .situation = situation, .other = HOLD_INIT };
	feed_init(&scene->feed, situation->count);
	pool_options.workers = situation->workers;
	pool_options.max_pending = situation->max_pending;
	assert_int_equal(qs_pool_create(&scene->pool, &pool_options), 0);
	assert_int_equal(qs_stop_create(&scene->stop, NULL), 0);
	if (situation->arrange != NULL)
		situation->arrange(scene);
	options.stop = scene->stop;
	assert_int_equal(qs_map_create(&scene->map, scene->pool, feed_body, feed_source, &scene->feed, &options), 0);
}

static void let_all_leave(struct scene *scene)
{
	for (size_t i = 0; i < scene->feed.count; i++)
		gate_raise(&scene->feed.items[i].leave);
	gate_raise(&scene->other.leave);
}

/* The bodies that stay are let go after the map is gone: to destroy it waits for none of them. */
static void scene_end(struct scene *scene)
{
	qs_report report;

	qs_map_destroy(scene->map);
	let_all_leave(scene);
	report = pool_end(scene->pool, QS_DRAIN);
	report.submitted -= gate_level(&scene->other.entered);
	report.ends[QS_DONE] -= gate_level(&scene->other.entered);
	feed_fini(&scene->feed, &report);
	qs_stop_release(scene->stop);
}

static void take_first(struct scene *scene)
{
	if (scene->feed.count > 0 && gate_level(&scene->other.entered) == 0)
		assert_int_equal(feed_next(&scene->feed, scene->map, NULL, patience(), NULL), 1);
}

static void happen(struct scene *scene)
{
	if (scene->situation->happen != NULL)
		scene->situation->happen(scene);
}

static void play_to_the_end(const struct situation *situation, uint32_t order)
{
	struct scene scene;

	scene_begin(&scene, situation, order);
	take_first(&scene);
	happen(&scene);
	let_all_leave(&scene);
	assert_int_equal(feed_drain(&scene.feed, scene.map), situation->ends_with);
	if (situation->check != NULL)
		situation->check(&scene);
	scene_end(&scene);
}

enum leaving { BEFORE_THE_FIRST, AFTER_THE_FIRST, AFTER_IT_HAPPENED, LEAVINGS };

static void play_and_leave(const struct situation *situation, uint32_t order, enum leaving leaving)
{
	struct scene scene;

	scene_begin(&scene, situation, order);
	if (leaving >= AFTER_THE_FIRST)
		take_first(&scene);
	if (leaving >= AFTER_IT_HAPPENED)
		happen(&scene);
	scene_end(&scene);
}

static void play(const struct situation *situation)
{
	static const uint32_t orders[] = { 0, QS_MAP_AS_COMPLETED };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		play_to_the_end(situation, orders[i]);
		for (int leaving = BEFORE_THE_FIRST; leaving < LEAVINGS; leaving++)
			play_and_leave(situation, orders[i], (enum leaving)leaving);
	}
}

/* ---------------------------------------------------------------------------- what is looked at */

static qs_cause cause_of(const struct scene *scene)
{
	qs_cause cause = QS_CAUSE_INIT;

	assert_true(qs_stop_cause(qs_map_stop(scene->map), &cause) >= 0);
	return cause;
}

static void check_cause(const struct scene *scene, qs_cause_kind kind, int code, const char *text)
{
	const qs_cause cause = cause_of(scene);

	assert_int_equal(cause.kind, kind);
	assert_int_equal(cause.code, code);
	assert_string_equal(cause.text, text);
}

static size_t count_runs(const struct scene *scene)
{
	size_t runs = 0;

	for (size_t i = 0; i < scene->feed.count; i++)
		runs += scene->feed.items[i].runs;
	return runs;
}

static void check_all_have_run(struct scene *scene)
{
	assert_int_equal(count_runs(scene), scene->feed.count);
	assert_int_equal(cause_of(scene).kind, QS_CAUSE_NONE);
}

/* ------------------------------------------------------------------------------ nothing special */

static void hold_second(struct scene *scene)
{
	scene->feed.items[1].is_held = true;
}

static void test_map_a17_consumer_stops_early(void **state)
{
	const struct situation plain = { 2, 0, 20, 4, 0, NULL, NULL, 0, check_all_have_run };
	const struct situation held = { 2, 0, 20, 4, 0, hold_second, NULL, 0, check_all_have_run };
	const struct situation tight = { 3, 0, 20, 1, 0, hold_second, NULL, 0, check_all_have_run };

	(void)state;
	play(&plain);
	play(&held);
	play(&tight);
}

static void test_map_a17_source_is_empty(void **state)
{
	const struct situation empty = { 1, 0, 0, 4, 0, NULL, NULL, 0, check_all_have_run };

	(void)state;
	play(&empty);
}

/* ------------------------------------------------------------------------------------- failures */

#define ITEMS 5
#define WORDS "'feed' failed: No such file or directory"

static void fail_first(struct scene *scene)
{
	scene->feed.items[0].returns = -ENOENT;
}

static void fail_middle(struct scene *scene)
{
	scene->feed.items[ITEMS / 2].returns = -ENOENT;
}

static void fail_last(struct scene *scene)
{
	scene->feed.items[ITEMS - 1].returns = -ENOENT;
}

/* There is one worker: none has run but those before it. */
static void check_failed_at(const struct scene *scene, size_t index)
{
	check_cause(scene, QS_CAUSE_ASKED, -ENOENT, WORDS);
	assert_string_equal(cause_of(scene).task, "feed");
	assert_int_equal(count_runs(scene), index + 1);
}

static void check_failed_first(struct scene *scene)
{
	check_failed_at(scene, 0);
}

static void check_failed_middle(struct scene *scene)
{
	check_failed_at(scene, ITEMS / 2);
}

static void check_failed_last(struct scene *scene)
{
	check_failed_at(scene, ITEMS - 1);
}

static void test_map_a17_task_fails(void **state)
{
	(void)state;
	for (size_t window = 1; window <= ITEMS + 1; window++) {
		const struct situation first = { 1, 0, ITEMS, window, 0, fail_first, NULL, -ECANCELED, check_failed_first };
		const struct situation middle = { 1, 0, ITEMS, window, 0, fail_middle, NULL,
						  -ECANCELED, check_failed_middle };
		const struct situation last = { 1, 0, ITEMS, window, 0, fail_last, NULL, -ECANCELED, check_failed_last };

		play(&first);
		play(&middle);
		play(&last);
	}
}

static void test_map_a17_task_fails_and_the_map_keeps_going(void **state)
{
	(void)state;
	for (size_t window = 1; window <= ITEMS + 1; window++) {
		const uint32_t flags = QS_MAP_KEEP_GOING;
		const struct situation first = { 1, 0, ITEMS, window, flags, fail_first, NULL, 0, check_all_have_run };
		const struct situation middle = { 1, 0, ITEMS, window, flags, fail_middle, NULL, 0, check_all_have_run };
		const struct situation last = { 1, 0, ITEMS, window, flags, fail_last, NULL, 0, check_all_have_run };

		play(&first);
		play(&middle);
		play(&last);
	}
}

/* --------------------------------------------------------------- the caller's deadline and stop */

static void give_up_by_time(struct scene *scene)
{
	assert_int_equal(feed_next(&scene->feed, scene->map, NULL, QS_NOW, NULL), -ETIMEDOUT);
	assert_int_equal(feed_next(&scene->feed, scene->map, NULL, qs_after_ms(2), NULL), -ETIMEDOUT);
}

static void give_up_by_stop(struct scene *scene)
{
	qs_stop *stop = NULL;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(feed_next(&scene->feed, scene->map, NULL, QS_NEVER, stop), -ECANCELED);
	qs_stop_release(stop);
}

static void test_map_a17_timeout_in_the_middle(void **state)
{
	const struct situation late = { 1, 0, 6, 3, 0, hold_second, give_up_by_time, 0, check_all_have_run };
	const struct situation late_and_full = { 1, 1, 6, 4, 0, hold_second, give_up_by_time, 0, check_all_have_run };

	(void)state;
	play(&late);
	play(&late_and_full);
}

static void test_map_a17_stop_of_the_caller_in_the_middle(void **state)
{
	const struct situation stopped = { 1, 0, 6, 3, 0, hold_second, give_up_by_stop, 0, check_all_have_run };
	const struct situation stopped_and_full = { 1, 1, 6, 4, 0, hold_second, give_up_by_stop, 0, check_all_have_run };

	(void)state;
	play(&stopped);
	play(&stopped_and_full);
}

/* ------------------------------------------------------------------------------- the map's stop */

static void second_is_patient(struct scene *scene)
{
	scene->feed.items[1].is_patient = true;
}

static void await_second(struct scene *scene)
{
	/* The second one may not be pulled yet. */
	(void)feed_next(&scene->feed, scene->map, NULL, QS_NOW, NULL);
	gate_await(&scene->feed.items[1].entered, 1);
}

static void ask_parent(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_stop_ask(scene->stop, 0, "enough"), 1);
}

static void ask_map(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_stop_ask(qs_map_stop(scene->map), 0, "enough"), 1);
}

static void ask_pool(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_stop_ask(qs_pool_stop(scene->pool), 0, "enough"), 1);
}

static void check_stopped(struct scene *scene)
{
	check_cause(scene, QS_CAUSE_ASKED, 0, "enough");
	assert_int_equal(count_runs(scene), 2);
}

static void test_map_a17_stop_of_the_map_in_the_middle(void **state)
{
	void (*const asks[])(struct scene * scene) = { ask_parent, ask_map, ask_pool };

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		for (size_t max_pending = 0; max_pending <= 1; max_pending++) {
			const struct situation stopped = { 1, max_pending, 6, 3, 0, second_is_patient, asks[i],
							   -ECANCELED, check_stopped };
			play(&stopped);
		}
	}
}

/* ----------------------------------------------------------------------------- the source fails */

static void break_source(struct scene *scene)
{
	scene->feed.ends_with = -EIO;
}

/* The cause that a map gives itself when it ends without having been asked. */
static void check_no_more(const struct scene *scene, int code)
{
	char text[QS_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "no more items: %s", qs_strerror(code));
	check_cause(scene, QS_CAUSE_ASKED, code, text);
}

static void check_source_failed(struct scene *scene)
{
	assert_int_equal(count_runs(scene), scene->feed.count);
	check_no_more(scene, -EIO);
}

static void break_promise_of_source(struct scene *scene)
{
	scene->feed.ends_with = 2;
}

static void test_map_a17_source_fails(void **state)
{
	(void)state;
	for (size_t count = 0; count <= 5; count++) {
		const struct situation fails = { 1, 0, count, 3, 0, break_source, NULL, -EIO, check_source_failed };
		const struct situation lies = { 1, 0, count, 3, 0, break_promise_of_source, NULL, -EINVAL, NULL };

		play(&fails);
		play(&lies);
	}
}

/* A failure that comes after the source's own does not take its place. */
static void break_source_and_fail_last(struct scene *scene)
{
	break_source(scene);
	fail_last(scene);
}

static void check_both_failed(struct scene *scene)
{
	check_cause(scene, QS_CAUSE_ASKED, -ENOENT, WORDS);
}

static void test_map_a17_source_fails_and_then_a_task(void **state)
{
	const struct situation both = { 1, 0, ITEMS, ITEMS + 1, 0, break_source_and_fail_last, NULL,
					-EIO, check_both_failed };

	(void)state;
	play(&both);
}

/* ----------------------------------------------------------------------------- the pool is full */

static void test_map_a17_pool_is_full(void **state)
{
	(void)state;
	for (size_t max_pending = 1; max_pending <= 2; max_pending++) {
		const struct situation one = { 1, max_pending, 20, 5, 0, NULL, NULL, 0, check_all_have_run };
		const struct situation held = { 2, max_pending, 20, 5, 0, hold_second, NULL, 0, check_all_have_run };

		play(&one);
		play(&held);
	}
}

/* The worker and the one place in the queue are somebody else's. */
static void fill_pool(struct scene *scene)
{
	qs_future_release(task_submit(scene->pool, body_hold, &scene->other));
	gate_await(&scene->other.entered, 1);
	qs_future_release(task_submit(scene->pool, body_hold, &scene->other));
}

static void find_no_room(struct scene *scene)
{
	qs_stop *stop = NULL;

	give_up_by_time(scene);
	assert_int_equal(scene->feed.pulled, 1);
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(feed_next(&scene->feed, scene->map, NULL, QS_NEVER, stop), -ECANCELED);
	assert_int_equal(scene->feed.pulled, 1);
	qs_stop_release(stop);
}

static void find_no_room_and_stop(struct scene *scene)
{
	find_no_room(scene);
	assert_int_equal(qs_stop_ask(scene->stop, 0, "enough"), 1);
}

static void find_no_room_and_shut_down(struct scene *scene)
{
	find_no_room(scene);
	assert_int_equal(qs_pool_shutdown(scene->pool, QS_DRAIN), 0);
}

/* The one that was aside was handed out as cancelled, with the map's reason. */
static void check_none_has_run(struct scene *scene)
{
	assert_int_equal(count_runs(scene), 0);
	assert_int_equal(scene->feed.pulled, 1);
	assert_int_equal(feed_handed(&scene->feed), 1);
}

static void test_map_a17_pool_is_full_of_others(void **state)
{
	const struct situation room = { 1, 1, 6, 3, 0, fill_pool, find_no_room, 0, check_all_have_run };
	const struct situation stop = { 1, 1, 6, 3, 0, fill_pool, find_no_room_and_stop, -ECANCELED, check_none_has_run };
	const struct situation shut = { 1, 1, 6, 3, 0, fill_pool, find_no_room_and_shut_down,
					-ESHUTDOWN, check_none_has_run };

	(void)state;
	play(&room);
	play(&stop);
	play(&shut);
}

/* ------------------------------------------------------------------------ the pool is shut down */

static void shut_down_to_drain(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_pool_shutdown(scene->pool, QS_DRAIN), 0);
}

static void shut_down_to_cancel(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_pool_shutdown(scene->pool, QS_CANCEL), 0);
}

static void shut_down_to_stop(struct scene *scene)
{
	await_second(scene);
	assert_int_equal(qs_pool_shutdown(scene->pool, QS_STOP), 0);
}

static void check_shut_down(struct scene *scene)
{
	check_no_more(scene, -ESHUTDOWN);
	/* What was accepted has run. */
	assert_int_equal(count_runs(scene), scene->feed.pulled - 1);
}

static void check_shut_down_and_cancelled(struct scene *scene)
{
	check_no_more(scene, -ESHUTDOWN);
	assert_int_equal(count_runs(scene), 2);
}

static void check_shut_down_and_stopped(struct scene *scene)
{
	check_cause(scene, QS_CAUSE_SHUTDOWN, 0, "the pool was shut down");
	assert_int_equal(count_runs(scene), 2);
}

static void test_map_a17_pool_is_shut_down(void **state)
{
	(void)state;
	for (size_t max_pending = 0; max_pending <= 1; max_pending++) {
		const struct situation drain = { 1, max_pending, 9, 3, 0, hold_second, shut_down_to_drain,
						 -ESHUTDOWN, check_shut_down };
		const struct situation cancel = { 1, max_pending, 9, 3, 0, hold_second, shut_down_to_cancel,
						  -ESHUTDOWN, check_shut_down_and_cancelled };
		const struct situation stop = { 1, max_pending, 9, 3, 0, second_is_patient, shut_down_to_stop,
						-ECANCELED, check_shut_down_and_stopped };

		play(&drain);
		play(&cancel);
		play(&stop);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_map_a17_consumer_stops_early),
		test(test_map_a17_source_is_empty),
		test(test_map_a17_task_fails),
		test(test_map_a17_task_fails_and_the_map_keeps_going),
		test(test_map_a17_timeout_in_the_middle),
		test(test_map_a17_stop_of_the_caller_in_the_middle),
		test(test_map_a17_stop_of_the_map_in_the_middle),
		test(test_map_a17_source_fails),
		test(test_map_a17_source_fails_and_then_a_task),
		test(test_map_a17_pool_is_full),
		test(test_map_a17_pool_is_full_of_others),
		test(test_map_a17_pool_is_shut_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
