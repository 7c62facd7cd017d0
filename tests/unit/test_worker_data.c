/* SPDX-License-Identifier: MIT */
/*
 * test_worker_data.c - what each worker has for itself: init, finish, and what becomes of a
 * pool in which they fail.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define DESKS_MAX 8

/* What one worker made in init. */
struct desk {
	struct office *office;
	pthread_t owner;
	atomic_uint tasks;
	atomic_bool is_cleared;
};

/* The argument of init and finish: all desks, in the order in which they were made. */
struct office {
	struct desk desks[DESKS_MAX];
	atomic_uint inits;
	atomic_uint finishes;
	atomic_uint wrongs;		/* calls that should not have been so */
	unsigned fails_at;		/* the init of this number fails; 0 = none does */
	unsigned stays_at;		/* that of this number stays until it is let go */
	bool finish_fails;
	struct hold stay;
	qs_future *awaited;		/* init waits for this, if it is set */
	atomic_int waited;
};

static int open_desk(void **out_data, void *arg)
{
	struct office *office = arg;
	const unsigned number = atomic_fetch_add(&office->inits, 1) + 1;
	struct desk *desk = &office->desks[(number - 1) % DESKS_MAX];

	if (number == office->stays_at)
		(void)body_hold(NULL, &office->stay);
	if (number == office->fails_at)
		return -ENODEV;
	if (office->awaited != NULL)
		atomic_store(&office->waited, qs_wait(office->awaited, QS_NEVER, NULL));
	desk->office = office;
	desk->owner = pthread_self();
	*out_data = desk;
	return 0;
}

static int clear_desk(void *data, void *arg)
{
	struct office *office = arg;
	struct desk *desk = data;

	if (desk->office != office || !pthread_equal(desk->owner, pthread_self()) || atomic_exchange(&desk->is_cleared, true))
		(void)atomic_fetch_add(&office->wrongs, 1);
	(void)atomic_fetch_add(&office->finishes, 1);
	return office->finish_fails ? -EIO : 0;
}

/* Each task looks whether it is at the desk of its worker. */
static int body_at_desk(qs_task *task, void *arg)
{
	struct desk *desk = qs_task_worker_data(task);

	(void)arg;
	if (desk == NULL || !pthread_equal(desk->owner, pthread_self()) || atomic_load(&desk->is_cleared))
		return -EIO;
	(void)atomic_fetch_add(&desk->tasks, 1);
	return 0;
}

static void office_init(struct office *office)
{
	*office = (struct office){ .stay = HOLD_INIT };
}

static qs_pool *office_open(struct office *office, uint32_t workers)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = workers;
	options.name = "desk";
	options.init = open_desk;
	options.finish = clear_desk;
	options.worker_arg = office;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	return pool;
}

/* ------------------------------------------------------------------------------------- as it is */

static void test_worker_data_is_the_workers_own(void **state)
{
	enum { TASKS = 200 };
	static struct office office;
	qs_future *futures[TASKS];
	qs_pool *pool;
	unsigned tasks = 0;

	(void)state;
	office_init(&office);
	pool = office_open(&office, 4);
	for (int i = 0; i < TASKS; i++)
		futures[i] = task_submit(pool, body_at_desk, NULL);
	for (int i = 0; i < TASKS; i++)
		task_end(futures[i], QS_DONE);
	assert_int_equal(pool_end(pool, QS_DRAIN).worker_error, 0);
	assert_in_range(office.inits, 1, 4);
	assert_int_equal(office.finishes, office.inits);
	assert_int_equal(office.wrongs, 0);
	for (int i = 0; i < 4; i++)
		tasks += office.desks[i].tasks;
	assert_int_equal(tasks, TASKS);
}

static int body_has_none(qs_task *task, void *arg)
{
	(void)arg;
	return qs_task_worker_data(task) == NULL && qs_task_worker_data(NULL) == NULL ? 0 : -EIO;
}

static void test_worker_data_is_null_without_init(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, body_has_none, NULL), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static int body_wait_for(qs_task *task, void *future)
{
	const int error = qs_wait(*(qs_future **)future, QS_NEVER, NULL);

	return error != 0 ? error : body_at_desk(task, NULL);
}

static void test_worker_data_is_the_same_for_an_inner_task(void **state)
{
	static struct office office;
	static qs_future *inner;
	qs_future *outer;
	struct hold hold = HOLD_INIT;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	pool = office_open(&office, 1);
	qs_future_release(task_submit(pool, body_hold, &hold));
	outer = task_submit(pool, body_wait_for, &inner);
	inner = task_submit(pool, body_at_desk, NULL);
	gate_raise(&hold.leave);
	task_end(outer, QS_DONE);
	task_end(inner, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(office.desks[0].tasks, 2);
}

/* An init that waits for a task of its own pool must not run that: the first task comes after it. */
static void test_worker_data_is_there_before_the_first_task(void **state)
{
	static struct office office;
	qs_future *first;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	office.stays_at = 1;
	pool = office_open(&office, 1);
	gate_await(&office.stay.entered, 1);
	first = task_submit(pool, body_at_desk, NULL);
	office.awaited = first;
	gate_raise(&office.stay.leave);
	task_end(first, QS_DONE);
	assert_int_equal(office.waited, -EDEADLK);
	(void)pool_end(pool, QS_DRAIN);
}

static void *bring_worker(void *pool)
{
	return (void *)(intptr_t)qs_pool_work(pool);
}

static int start_nothing(qs_pool *pool, void *arg)
{
	pthread_t *thread = arg;

	return pthread_create(thread, NULL, bring_worker, pool) == 0 ? 0 : -EAGAIN;
}

static void test_worker_data_of_a_worker_that_was_brought(void **state)
{
	static struct office office;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	pthread_t thread;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	options.workers = 1;
	options.init = open_desk;
	options.finish = clear_desk;
	options.worker_arg = &office;
	options.start = start_nothing;
	options.start_arg = &thread;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	task_end(task_submit(pool, body_at_desk, NULL), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	(void)pthread_join(thread, NULL);
	assert_int_equal(office.inits, 1);
	assert_int_equal(office.finishes, 1);
	assert_int_equal(office.wrongs, 0);
}

static int body_exit(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	pthread_exit(NULL);
}

/*
 * Each takes its worker along; the next one has a worker of its own, and nobody
 * is forgotten on the way.
 */
static void test_worker_data_b7_bodies_that_exit_one_after_another(void **state)
{
	enum { BODIES = 1000 };
	static struct office office;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	pool = office_open(&office, 1);
	for (int i = 0; i < BODIES; i++)
		task_end(task_submit(pool, body_exit, NULL), QS_FAILED);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_FAILED], BODIES);
	assert_in_range(office.inits, BODIES, BODIES + 1);	/* a last one may have come for nothing */
	assert_int_equal(office.finishes, office.inits);
}

/* ----------------------------------------------------------------------------------- init fails */

/*
 * The pool is broken: its token asked, with the worker's name and code, and
 * what is pending cancelled.
 */
static void check_broken(qs_pool *pool, qs_future *pending, const char *worker)
{
	qs_cause cause = QS_CAUSE_INIT;
	qs_report report;

	assert_int_equal(qs_wait(pending, patience(), NULL), 0);
	assert_int_equal(qs_stop_cause(qs_pool_stop(pool), &cause), 1);
	assert_int_equal(cause.kind, QS_CAUSE_ASKED);
	assert_int_equal(cause.code, -ENODEV);
	assert_non_null(strstr(cause.text, worker));
	assert_non_null(strstr(cause.text, qs_strerror(-ENODEV)));
	assert_string_equal(qs_future_message(pending), cause.text);
	task_end(pending, QS_CANCELLED);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), -ECANCELED);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.worker_error, -ENODEV);
	assert_string_equal(report.worker_text, cause.text);
}

static void test_worker_data_init_that_fails_in_the_first_worker(void **state)
{
	static struct office office;
	qs_future *pending;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	office.fails_at = 1;
	office.stays_at = 1;
	pool = office_open(&office, 1);
	gate_await(&office.stay.entered, 1);
	pending = task_submit(pool, body_at_desk, NULL);
	gate_raise(&office.stay.leave);
	check_broken(pool, pending, "'desk-0'");
	assert_int_equal(office.inits, 1);
	assert_int_equal(office.finishes, 0);	/* only if init succeeded */
}

static void test_worker_data_init_that_fails_in_a_later_worker(void **state)
{
	static struct office office;
	struct gate entered = GATE_INIT;
	qs_future *running;
	qs_future *pending;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	office.fails_at = 2;
	office.stays_at = 2;
	pool = office_open(&office, 2);
	running = task_submit(pool, body_until_stop, &entered);
	gate_await(&entered, 1);
	pending = task_submit(pool, body_at_desk, NULL);
	gate_await(&office.stay.entered, 1);
	gate_raise(&office.stay.leave);
	assert_int_equal(qs_wait(running, patience(), NULL), 0);
	assert_int_equal(qs_future_state(running), QS_STOPPED);
	qs_future_release(running);
	check_broken(pool, pending, "'desk-");	/* whichever came second */
	assert_int_equal(office.finishes, 1);
	assert_int_equal(office.wrongs, 0);
}

/* All at once: the token is asked once, and the report has the first of them. */
static int fail_together(void **out_data, void *arg)
{
	(void)out_data;
	(void)pthread_barrier_wait(arg);
	return -ENODEV;
}

static void count_call(void *arg)
{
	(void)atomic_fetch_add((atomic_uint *)arg, 1);
}

static void test_worker_data_init_that_fails_everywhere_breaks_the_pool_once(void **state)
{
	enum { WORKERS = 3, TASKS = WORKERS };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_future *pending[TASKS];
	qs_stop_callback *callback;
	pthread_barrier_t barrier;
	atomic_uint calls = 0;
	qs_report report;
	qs_pool *pool;

	(void)state;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
	options.workers = WORKERS;
	options.init = fail_together;
	options.worker_arg = &barrier;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	assert_int_equal(qs_stop_callback_add(&callback, qs_pool_stop(pool), count_call, &calls), 0);
	for (int i = 0; i < TASKS; i++)
		pending[i] = task_submit(pool, body_return, NULL);
	for (int i = 0; i < TASKS; i++)
		task_end(pending[i], QS_CANCELLED);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(qs_stop_callback_remove(callback), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(report.worker_error, -ENODEV);
	assert_int_equal(report.ends[QS_CANCELLED], TASKS);
	(void)pthread_barrier_destroy(&barrier);
}

/* The worker that breaks the pool runs the destructors of what is pending; they may overstay. */
static void destroy_slowly(void *arg)
{
	(void)body_hold(NULL, arg);
}

static void test_worker_data_a26_destructor_in_a_worker_that_could_not_begin(void **state)
{
	static struct office office;
	static struct hold hold;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_future *pending;
	qs_time deadline;
	qs_pool *pool;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	office_init(&office);
	office.fails_at = 1;
	office.stays_at = 1;
	pool = office_open(&office, 1);
	gate_await(&office.stay.entered, 1);
	options.destroy = destroy_slowly;
	pending = task_submit_with(pool, body_return, &hold, &options);
	gate_raise(&office.stay.leave);
	gate_await(&hold.entered, 1);
	deadline = qs_after_ms(5);
	assert_int_equal(qs_pool_join(pool, deadline, NULL, &report), -ETIMEDOUT);
	assert_true(qs_now() - deadline <= at_once_ns());
	report_check(&report);
	assert_int_equal(report.stragglers, 1);
	task_end(pending, QS_CANCELLED);
	/* Destroy waits for destructors that a stop runs. */
	gate_raise(&hold.leave);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

/* --------------------------------------------------------------------------------- finish fails */

static void test_worker_data_finish_that_fails_is_in_the_report(void **state)
{
	static struct office office;
	qs_report report;
	qs_pool *pool;

	(void)state;
	office_init(&office);
	office.finish_fails = true;
	pool = office_open(&office, 1);
	task_end(task_submit(pool, body_at_desk, NULL), QS_DONE);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.worker_error, -EIO);
	assert_non_null(strstr(report.worker_text, "'desk-0'"));
	assert_non_null(strstr(report.worker_text, qs_strerror(-EIO)));
	assert_int_equal(report.ends[QS_DONE], 1);	/* nothing is broken by it */
}

/* ---------------------------------------------------------------------------- those left behind */

static bool is_finished(void *office)
{
	return atomic_load(&((struct office *)office)->finishes) != 0;
}

static void test_worker_data_a26_straggler_finishes_when_it_comes_back(void **state)
{
	static struct office office;
	static struct hold hold;
	qs_future *future;
	qs_pool *pool;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	office_init(&office);
	office.finish_fails = true;	/* nobody is left to be told */
	pool = office_open(&office, 1);
	future = task_submit(pool, body_hold, &hold);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(qs_pool_destroy(pool), 0);
	assert_int_equal(office.finishes, 0);
	gate_raise(&hold.leave);
	assert_true(eventually(is_finished, &office));
	assert_int_equal(office.finishes, 1);
	assert_int_equal(office.wrongs, 0);
	task_end(future, QS_ABANDONED);
}

/*
 * It is left behind in init, and comes back to a pool that is gone: what it made is cleared, what
 * it failed at is told to nobody.
 */
static void check_straggler_in_init(struct office *office, unsigned fails_at)
{
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_future *pending;
	qs_pool *pool;

	office_init(office);
	office->stays_at = 1;
	office->fails_at = fails_at;
	pool = office_open(office, 1);
	gate_await(&office->stay.entered, 1);
	pending = task_submit(pool, body_at_desk, NULL);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(2), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), 0);
	assert_string_equal(straggler.task, "");
	task_end(pending, QS_CANCELLED);
	assert_int_equal(qs_pool_destroy(pool), 0);
	gate_raise(&office->stay.leave);
	if (fails_at == 0)
		assert_true(eventually(is_finished, office));
}

static void test_worker_data_a26_straggler_in_init(void **state)
{
	static struct office offices[2];

	(void)state;
	check_straggler_in_init(&offices[0], 0);
	check_straggler_in_init(&offices[1], 1);
}

static int stay_in_finish(void *data, void *arg)
{
	(void)data;
	return body_hold(NULL, arg);
}

static int open_nothing(void **out_data, void *arg)
{
	*out_data = arg;
	return 0;
}

static void test_worker_data_a26_straggler_in_finish(void **state)
{
	static struct hold hold;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool;

	(void)state;
	hold = (struct hold)HOLD_INIT;
	options.workers = 1;
	options.init = open_nothing;
	options.finish = stay_in_finish;
	options.worker_arg = &hold;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(2), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.ends[QS_DONE], 1);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(qs_pool_destroy(pool), 0);
	gate_raise(&hold.leave);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_worker_data_is_the_workers_own),
		test(test_worker_data_is_null_without_init),
		test(test_worker_data_is_the_same_for_an_inner_task),
		test(test_worker_data_is_there_before_the_first_task),
		test(test_worker_data_of_a_worker_that_was_brought),
		test(test_worker_data_b7_bodies_that_exit_one_after_another),
		test(test_worker_data_init_that_fails_in_the_first_worker),
		test(test_worker_data_init_that_fails_in_a_later_worker),
		test(test_worker_data_init_that_fails_everywhere_breaks_the_pool_once),
		test(test_worker_data_a26_destructor_in_a_worker_that_could_not_begin),
		test(test_worker_data_finish_that_fails_is_in_the_report),
		test(test_worker_data_a26_straggler_finishes_when_it_comes_back),
		test(test_worker_data_a26_straggler_in_init),
		test(test_worker_data_a26_straggler_in_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
