/* SPDX-License-Identifier: MIT */
/*
 * test_caller_runs.c - QS_TASK_CALLER_RUNS: who finds the queue full runs the task itself, as a
 * worker does for so long.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

/* A pool of one worker, which is busy, and room for one more task, which is taken. */
struct full {
	qs_pool *pool;
	struct hold hold;
	qs_future *pending;
};

static void full_begin_with(struct full *full, qs_pool_options *options)
{
	*full = (struct full){ .hold = HOLD_INIT };
	options->workers = 1;
	options->max_pending = 1;
	assert_int_equal(qs_pool_create(&full->pool, options), 0);
	qs_future_release(task_submit(full->pool, body_hold, &full->hold));
	gate_await(&full->hold.entered, 1);
	full->pending = task_submit(full->pool, body_return, NULL);
}

static void full_begin(struct full *full)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	full_begin_with(full, &options);
}

static qs_report full_end(struct full *full)
{
	gate_raise(&full->hold.leave);
	qs_future_release(full->pending);
	return pool_end(full->pool, QS_DRAIN);
}

static int submit_here(qs_future **out, qs_pool *pool, qs_task_fn *fn, void *arg, const qs_task_options *given)
{
	const qs_task_options defaults = QS_TASK_OPTIONS_INIT;
	qs_task_options options = given != NULL ? *given : defaults;

	options.flags = QS_TASK_CALLER_RUNS;
	return qs_submit_by(out, pool, fn, arg, &options, QS_NEVER, NULL);
}

/* Where a body ran, and what it was given. */
struct place {
	pthread_t thread;
	atomic_uint runs;
	void *data;
	int result;
};

static int body_note_place(qs_task *task, void *arg)
{
	struct place *place = arg;

	place->thread = pthread_self();
	place->data = qs_task_worker_data(task);
	(void)atomic_fetch_add(&place->runs, 1);
	return place->result;
}

/* ---------------------------------------------------------------------------------- who runs it */

static void test_caller_runs_has_ended_when_submit_returns(void **state)
{
	struct full full;
	struct place place = { .result = 42 };
	qs_future *future = NULL;
	qs_report report;

	(void)state;
	full_begin(&full);
	assert_int_equal(submit_here(&future, full.pool, body_note_place, &place, NULL), 0);
	assert_int_equal(qs_future_state(future), QS_DONE);
	assert_int_equal(qs_future_value(future), 42);
	assert_true(pthread_equal(place.thread, pthread_self()));
	assert_int_equal(place.runs, 1);
	assert_int_equal(qs_future_state(full.pending), QS_PENDING);
	qs_future_release(future);
	report = full_end(&full);
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ends[QS_DONE], 3);
}

static void test_caller_runs_without_a_future_too(void **state)
{
	struct full full;
	struct place place = { .result = -EIO };

	(void)state;
	full_begin(&full);
	assert_int_equal(submit_here(NULL, full.pool, body_note_place, &place, NULL), 0);
	assert_int_equal(place.runs, 1);
	assert_int_equal(full_end(&full).ends[QS_FAILED], 1);
}

static void test_caller_runs_only_if_there_is_no_room(void **state)
{
	struct place place = { .runs = 0 };
	qs_pool *pool = pool_make(1);
	qs_future *future;

	(void)state;
	assert_int_equal(submit_here(&future, pool, body_note_place, &place, NULL), 0);
	task_end(future, QS_DONE);
	assert_false(pthread_equal(place.thread, pthread_self()));
	(void)pool_end(pool, QS_DRAIN);
}

/* A task that submits to a full pool, its own or another, as one that the caller runs. */
struct submitting {
	qs_pool *full;
	struct gate entered;
	struct gate go;
	struct place place;
	pthread_t thread;
	int result;
};

static int body_submit_here(qs_task *task, void *arg)
{
	struct submitting *it = arg;
	qs_future *future = NULL;

	(void)task;
	it->thread = pthread_self();
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	it->result = submit_here(&future, it->full, body_note_place, &it->place, NULL);
	if (it->result == 0 && qs_future_is_ended(future) != 1)
		it->result = -EIO;
	qs_future_release(future);
	return it->result;
}

static void check_submitted(const struct submitting *it)
{
	assert_int_equal(it->result, 0);
	assert_int_equal(it->place.runs, 1);
	assert_true(pthread_equal(it->place.thread, it->thread));
}

static void test_caller_runs_in_a_worker_of_its_own_full_pool(void **state)
{
	struct submitting it = { .entered = GATE_INIT, .go = GATE_INIT };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *future;
	qs_future *pending;

	(void)state;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&it.full, &options), 0);
	future = task_submit(it.full, body_submit_here, &it);
	gate_await(&it.entered, 1);
	pending = task_submit(it.full, body_return, NULL);
	gate_raise(&it.go);
	task_end(future, QS_DONE);
	check_submitted(&it);
	task_end(pending, QS_DONE);
	assert_int_equal(pool_end(it.full, QS_DRAIN).submitted, 3);
}

static void test_caller_runs_in_a_worker_of_another_pool(void **state)
{
	struct submitting it = { .entered = GATE_INIT, .go = GATE_INIT };
	qs_pool *pool = pool_make(1);
	struct full full;

	(void)state;
	full_begin(&full);
	it.full = full.pool;
	gate_raise(&it.go);
	task_end(task_submit(pool, body_submit_here, &it), QS_DONE);
	check_submitted(&it);
	assert_int_equal(full_end(&full).submitted, 3);
	assert_int_equal(pool_end(pool, QS_DRAIN).submitted, 1);
}

/* Guest upon guest, each of which finds the queue full. */
struct tower {
	qs_pool *pool;
	int floors;
	int result;
};

static int body_build(qs_task *task, void *arg)
{
	struct tower *tower = arg;

	(void)task;
	if (tower->floors-- > 0)
		tower->result = submit_here(NULL, tower->pool, body_build, tower, NULL);
	return tower->result;
}

static void test_caller_runs_upon_each_other(void **state)
{
	struct full full;
	struct tower tower = { .floors = 20 };
	qs_future *future;
	qs_report report;

	(void)state;
	full_begin(&full);
	tower.pool = full.pool;
	assert_int_equal(submit_here(&future, full.pool, body_build, &tower, NULL), 0);
	task_end(future, QS_DONE);
	report = full_end(&full);
	assert_int_equal(report.submitted, 2 + 1 + 20);
	assert_int_equal(report.ends[QS_DONE], report.submitted);
}

/* The guest waits for what is pending in the pool, and runs that as a worker would. */
static int body_wait_for(qs_task *task, void *future)
{
	(void)task;
	return qs_wait(future, QS_NEVER, NULL);
}

static void test_caller_runs_and_waits_for_what_is_pending(void **state)
{
	struct full full;
	qs_future *future;

	(void)state;
	full_begin(&full);
	assert_int_equal(submit_here(&future, full.pool, body_wait_for, full.pending, NULL), 0);
	assert_int_equal(qs_future_state(full.pending), QS_DONE);
	task_end(future, QS_DONE);
	(void)full_end(&full);
}

/* The task that is suspended below the guest is a part of the circle. */
struct circle {
	qs_pool *full;
	struct gate entered;
	struct gate go;
	qs_future *own;
	char words[256];
	int result;
};

static int body_close_circle(qs_task *task, void *arg)
{
	struct circle *it = arg;

	it->result = qs_wait(it->own, QS_NEVER, NULL);
	(void)snprintf(it->words, sizeof(it->words), "%s", qs_task_deadlock(task));
	return it->result;
}

static int body_open_circle(qs_task *task, void *arg)
{
	struct circle *it = arg;
	qs_task_options options = QS_TASK_OPTIONS_INIT;

	(void)task;
	gate_raise(&it->entered);
	gate_await(&it->go, 1);
	options.name = "guest";
	return submit_here(NULL, it->full, body_close_circle, it, &options);
}

static void test_caller_runs_a21_circle_through_the_task_below(void **state)
{
	struct circle it = { .entered = GATE_INIT, .go = GATE_INIT };
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_make(1);
	struct full full;

	(void)state;
	full_begin(&full);
	it.full = full.pool;
	options.name = "host";
	it.own = task_submit_with(pool, body_open_circle, &it, &options);
	gate_await(&it.entered, 1);
	gate_raise(&it.go);
	task_end(it.own, QS_DONE);
	assert_int_equal(it.result, -EDEADLK);
	assert_string_equal(it.words, "'guest' waits for 'host' waits for 'guest'");
	(void)full_end(&full);
	(void)pool_end(pool, QS_DRAIN);
}

static int body_own_way_down(qs_task *task, void *pool)
{
	(void)task;
	if (qs_pool_join(pool, QS_NEVER, NULL, NULL) != -EDEADLK || qs_pool_destroy(pool) != -EDEADLK)
		return -EIO;
	return qs_pool_work(pool) == -EDEADLK ? 0 : -EPROTO;
}

static void test_caller_runs_as_a_worker_of_the_pool(void **state)
{
	struct full full;
	qs_future *future;

	(void)state;
	full_begin(&full);
	assert_int_equal(submit_here(&future, full.pool, body_own_way_down, full.pool, NULL), 0);
	task_end(future, QS_DONE);
	(void)full_end(&full);
}

static int body_keep_mask(qs_task *task, void *arg)
{
	sigset_t *seen = arg;

	(void)task;
	return pthread_sigmask(SIG_SETMASK, NULL, seen);
}

static void test_caller_runs_with_its_own_signal_mask(void **state)
{
	struct full full;
	sigset_t original;
	sigset_t before;
	sigset_t inside;
	sigset_t after;

	(void)state;
	full_begin(&full);
	(void)sigemptyset(&before);
	(void)sigaddset(&before, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, &original), 0);
	assert_int_equal(submit_here(NULL, full.pool, body_keep_mask, &inside, NULL), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &original, &after), 0);
	for (int number = 1; number < SIGRTMIN; number++) {
		assert_int_equal(sigismember(&inside, number), number == SIGUSR1);
		assert_int_equal(sigismember(&after, number), number == SIGUSR1);
	}
	(void)full_end(&full);
}

/* ----------------------------------------------------------------------- refused, stopped, late */

static void test_caller_runs_nothing_that_was_stopped_before(void **state)
{
	struct full full;
	struct place place = { .runs = 0 };
	atomic_uint destroyed = 0;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_stop *asked;

	(void)state;
	full_begin(&full);
	assert_int_equal(qs_stop_create(&asked, NULL), 0);
	(void)qs_stop_ask(asked, 0, NULL);
	options.destroy = destroy_count;
	options.stop = asked;
	assert_int_equal(submit_here(NULL, full.pool, body_count, &destroyed, &options), -ECANCELED);
	options.stop = NULL;
	options.flags = QS_TASK_CALLER_RUNS;
	assert_int_equal(qs_submit_by(NULL, full.pool, body_note_place, &place, &options, QS_NEVER, asked), -ECANCELED);
	assert_int_equal(qs_pool_shutdown(full.pool, QS_DRAIN), 0);
	assert_int_equal(submit_here(NULL, full.pool, body_note_place, &place, NULL), -ESHUTDOWN);
	(void)qs_stop_ask(qs_pool_stop(full.pool), 0, NULL);
	assert_int_equal(submit_here(NULL, full.pool, body_note_place, &place, NULL), -ECANCELED);
	assert_int_equal(place.runs, 0);
	assert_int_equal(destroyed, 0);
	assert_int_equal(full_end(&full).submitted, 2);
	qs_stop_release(asked);
}

struct submitter {
	struct full *full;
	qs_task_fn *fn;
	void *arg;
	const qs_task_options *options;
	qs_future *future;
	int result;
};

static void *submit_in_thread(void *arg)
{
	struct submitter *it = arg;

	it->result = submit_here(&it->future, it->full->pool, it->fn, it->arg, it->options);
	return NULL;
}

static void test_caller_runs_until_it_is_asked_to_stop(void **state)
{
	struct full full;
	struct gate entered = GATE_INIT;
	struct submitter it = { &full, body_until_stop, &entered, NULL, NULL, -1 };
	qs_report report = QS_REPORT_INIT;
	pthread_t thread;

	(void)state;
	full_begin(&full);
	assert_int_equal(pthread_create(&thread, NULL, submit_in_thread, &it), 0);
	gate_await(&entered, 1);
	gate_raise(&full.hold.leave);
	assert_int_equal(qs_pool_shutdown(full.pool, QS_STOP), 0);
	assert_int_equal(qs_pool_join(full.pool, patience(), NULL, &report), 0);
	report_check(&report);
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ends[QS_STOPPED], 1);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, 0);
	task_end(it.future, QS_STOPPED);
	qs_future_release(full.pending);
	assert_int_equal(qs_pool_destroy(full.pool), 0);
}

/* The join's deadline comes while the guest's body runs. */
static void test_caller_runs_a26_guest_that_overstays_is_left_behind(void **state)
{
	static struct hold forever;
	static struct full full;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	struct submitter it = { &full, body_hold, &forever, &options, NULL, -1 };
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	pthread_t thread;

	(void)state;
	forever = (struct hold)HOLD_INIT;
	full_begin(&full);
	options.name = "visitor";
	assert_int_equal(pthread_create(&thread, NULL, submit_in_thread, &it), 0);
	gate_await(&forever.entered, 1);
	gate_raise(&full.hold.leave);
	task_end(full.pending, QS_DONE);
	assert_int_equal(qs_pool_join(full.pool, qs_after_ms(5), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ends[QS_ABANDONED], 1);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_straggler(full.pool, 0, &straggler), 0);
	assert_string_equal(straggler.task, "visitor");
	assert_true(straggler.thread > 0);
	assert_int_equal(qs_pool_destroy(full.pool), 0);
	gate_raise(&forever.leave);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, 0);
	task_end(it.future, QS_ABANDONED);
}

/* ------------------------------------------------------------------------------ init and finish */

struct desk {
	atomic_uint inits;
	atomic_uint finishes;
	atomic_uint fails_at;		/* the init of this number fails; 0 = none does */
	atomic_uint stays_at;		/* that of this number stays until it is let go */
	struct hold stay;
	atomic_uint wrong_finishes;	/* with something that init did not make */
};

static int init_desk(void **out_data, void *arg)
{
	struct desk *desk = arg;
	const unsigned number = atomic_fetch_add(&desk->inits, 1) + 1;

	if (number == atomic_load(&desk->fails_at))
		return -ENODEV;
	if (number == atomic_load(&desk->stays_at))
		(void)body_hold(NULL, &desk->stay);
	*out_data = (char *)arg + number;
	return 0;
}

static int finish_desk(void *data, void *arg)
{
	struct desk *desk = arg;
	const ptrdiff_t number = (char *)data - (char *)arg;

	if (number < 1 || (unsigned)number > atomic_load(&desk->inits))
		(void)atomic_fetch_add(&desk->wrong_finishes, 1);
	(void)atomic_fetch_add(&desk->finishes, 1);
	return 0;
}

static void full_begin_at(struct full *full, struct desk *desk)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;

	*desk = (struct desk){ .stay = HOLD_INIT };
	options.init = init_desk;
	options.finish = finish_desk;
	options.worker_arg = desk;
	options.name = "desk";
	full_begin_with(full, &options);
}

static void test_caller_runs_between_init_and_finish_of_its_own(void **state)
{
	struct full full;
	static struct desk desk;
	struct place place = { .runs = 0 };

	(void)state;
	full_begin_at(&full, &desk);
	for (unsigned guest = 1; guest <= 3; guest++) {
		assert_int_equal(submit_here(NULL, full.pool, body_note_place, &place, NULL), 0);
		assert_int_equal(desk.inits, 1 + guest);
		assert_int_equal(desk.finishes, guest);
		assert_ptr_equal(place.data, (char *)&desk + 1 + guest);
	}
	(void)full_end(&full);
	assert_int_equal(desk.finishes, desk.inits);
	assert_int_equal(desk.wrong_finishes, 0);
}

static void test_caller_runs_nothing_if_init_fails(void **state)
{
	struct full full;
	static struct desk desk;
	struct place place = { .runs = 0 };
	qs_cause cause = QS_CAUSE_INIT;
	qs_report report;
	qs_future *future;

	(void)state;
	full_begin_at(&full, &desk);
	atomic_store(&desk.fails_at, 2);
	assert_int_equal(submit_here(&future, full.pool, body_note_place, &place, NULL), 0);
	assert_int_equal(qs_future_cause(future, &cause), 1);
	assert_int_equal(cause.code, -ENODEV);
	assert_non_null(strstr(cause.text, "desk-guest"));
	task_end(future, QS_CANCELLED);
	assert_int_equal(qs_future_state(full.pending), QS_CANCELLED);
	assert_int_equal(place.runs, 0);
	report = full_end(&full);
	assert_int_equal(report.worker_error, -ENODEV);
	assert_string_equal(report.worker_text, cause.text);
	assert_int_equal(report.ends[QS_CANCELLED], 2);
	assert_int_equal(desk.finishes, 1);
}

/* The join's deadline comes while the guest's init runs, so that its task has not even begun. */
static void test_caller_runs_a26_init_that_overstays_keeps_no_join(void **state)
{
	static struct full full;
	static struct desk desk;
	static atomic_uint destroyed;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	struct submitter it = { &full, body_count, &destroyed, &options, NULL, -1 };
	qs_report report = QS_REPORT_INIT;
	qs_time deadline;
	pthread_t thread;

	(void)state;
	full_begin_at(&full, &desk);
	atomic_store(&desk.stays_at, 2);
	atomic_store(&destroyed, 0);
	options.destroy = destroy_count;
	options.name = "unbegun";
	assert_int_equal(pthread_create(&thread, NULL, submit_in_thread, &it), 0);
	gate_await(&desk.stay.entered, 1);
	gate_raise(&full.hold.leave);
	task_end(full.pending, QS_DONE);
	deadline = qs_after_ms(5);
	assert_int_equal(qs_pool_join(full.pool, deadline, NULL, &report), -ETIMEDOUT);
	assert_true(qs_now() - deadline <= at_once_ns());
	report_check(&report);
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ends[QS_CANCELLED], 1);
	assert_int_equal(report.stragglers, 1);
	assert_string_equal(qs_future_name(qs_pool_next_unstarted(full.pool, NULL)), "unbegun");
	assert_int_equal(destroyed, 0);
	assert_int_equal(qs_pool_destroy(full.pool), 0);
	assert_int_equal(destroyed, 1);
	gate_raise(&desk.stay.leave);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, 0);
	task_end(it.future, QS_CANCELLED);
	assert_int_equal(destroyed, 1);		/* and no body */
	assert_int_equal(desk.finishes, 2);
}

/* Somebody waits for the host while the guest is not inside yet: that is no circle. */
static void test_caller_runs_guest_on_its_way_makes_nobody_stuck(void **state)
{
	static struct desk desk = { .stay = HOLD_INIT };
	struct submitting it = { .entered = GATE_INIT, .go = GATE_INIT };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *other = pool_make(1);
	qs_future *host;
	qs_future *pending;
	qs_future *waiting;

	(void)state;
	atomic_store(&desk.stays_at, 2);
	options.init = init_desk;
	options.worker_arg = &desk;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&it.full, &options), 0);
	host = task_submit(it.full, body_submit_here, &it);
	gate_await(&it.entered, 1);
	pending = task_submit(it.full, body_return, NULL);
	gate_raise(&it.go);
	gate_await(&desk.stay.entered, 1);
	waiting = task_submit(other, body_wait_for, host);
	/* It enters its wait, or is refused at once. */
	(void)qs_wait(waiting, qs_after_ms(20), NULL);
	gate_raise(&desk.stay.leave);
	task_end(waiting, QS_DONE);
	task_end(host, QS_DONE);
	task_end(pending, QS_DONE);
	(void)pool_end(it.full, QS_DRAIN);
	(void)pool_end(other, QS_DRAIN);
}

/* ------------------------------------------------------------------------------- hostile bodies */

static int body_exit(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	pthread_exit(NULL);
}

static void test_caller_runs_b7_guest_that_exits(void **state)
{
	struct full full;
	struct submitter it = { &full, body_exit, NULL, NULL, NULL, -1 };
	pthread_t thread;
	qs_report report;

	(void)state;
	full_begin(&full);
	assert_int_equal(pthread_create(&thread, NULL, submit_in_thread, &it), 0);
	(void)pthread_join(thread, NULL);
	assert_int_equal(it.result, -1);	/* it never returned */
	report = full_end(&full);
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ends[QS_FAILED], 1);
}

static int body_fork(qs_task *task, void *child)
{
	(void)task;
	(void)fflush(NULL);
	*(pid_t *)child = fork();
	return 0;
}

/* The thread sanitizer allows no thread in a forked child. */
static void live_on(void)
{
#ifndef __SANITIZE_THREAD__
	qs_pool *pool = NULL;

	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, body_return, NULL) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
#endif
}

static void test_caller_runs_b11_guest_that_forks(void **state)
{
	struct full full;
	pid_t child = -1;
	qs_future *future = NULL;
	int result;

	(void)state;
	full_begin(&full);
	result = submit_here(&future, full.pool, body_fork, &child, NULL);
	if (child == 0) {
		/* Whatever it was told, the child has a life of its own. */
		CHILD_CHECK(result == 0 || result == -QS_EFORKED);
		CHILD_CHECK(qs_submit(NULL, full.pool, body_return, NULL) == -QS_EFORKED);
		live_on();
		_exit(0);
	}
	assert_int_equal(result, 0);
	assert_int_equal(child_end(child), 0);
	task_end(future, QS_DONE);
	(void)full_end(&full);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_caller_runs_has_ended_when_submit_returns),
		test(test_caller_runs_without_a_future_too),
		test(test_caller_runs_only_if_there_is_no_room),
		test(test_caller_runs_in_a_worker_of_its_own_full_pool),
		test(test_caller_runs_in_a_worker_of_another_pool),
		test(test_caller_runs_upon_each_other),
		test(test_caller_runs_and_waits_for_what_is_pending),
		test(test_caller_runs_a21_circle_through_the_task_below),
		test(test_caller_runs_as_a_worker_of_the_pool),
		test(test_caller_runs_with_its_own_signal_mask),
		test(test_caller_runs_nothing_that_was_stopped_before),
		test(test_caller_runs_until_it_is_asked_to_stop),
		test(test_caller_runs_a26_guest_that_overstays_is_left_behind),
		test(test_caller_runs_between_init_and_finish_of_its_own),
		test(test_caller_runs_nothing_if_init_fails),
		test(test_caller_runs_guest_on_its_way_makes_nobody_stuck),
		test(test_caller_runs_b7_guest_that_exits),
		test(test_caller_runs_b11_guest_that_forks),
		test(test_caller_runs_a26_init_that_overstays_keeps_no_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
