/* SPDX-License-Identifier: MIT */
/*
 * test_brought.c - workers that somebody else starts: qs_pool_work(), and qs_pool_options.start.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define WORKERS 3

/* A host that starts workers its own way. */
struct host {
	pthread_t threads[WORKERS + 1];
	atomic_uint started;
	unsigned limit;		/* how many it can start */
};

static void *work(void *arg)
{
	return (void *)(intptr_t)qs_pool_work(arg);
}

static int start_worker(qs_pool *pool, void *arg)
{
	struct host *host = arg;
	const unsigned number = atomic_load(&host->started);

	if (number >= host->limit)
		return -ENOSPC;
	if (pthread_create(&host->threads[number], NULL, work, pool) != 0)
		return -EAGAIN;
	(void)atomic_fetch_add(&host->started, 1);
	return 0;
}

/* Its workers were retired; or, if the pool was given up early, some came too late. */
static void host_end_or_late(struct host *host, int too_late)
{
	for (unsigned i = 0; i < host->started; i++) {
		void *result;

		(void)pthread_join(host->threads[i], &result);
		if ((intptr_t)result != too_late)
			assert_int_equal((intptr_t)result, 0);
	}
}

static void host_end(struct host *host)
{
	host_end_or_late(host, 0);
}

static qs_pool *pool_of(struct host *host)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = WORKERS;
	options.start = start_worker;
	options.start_arg = host;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	return pool;
}

static void test_brought_start_brings_as_many_as_are_needed(void **state)
{
	struct host host = { .limit = WORKERS + 1 };
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_of(&host);

	(void)state;
	for (int i = 0; i < 2 * WORKERS; i++)
		assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	gate_await(&hold.entered, WORKERS);
	assert_int_equal(host.started, WORKERS);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 2 * WORKERS);
	host_end(&host);
}

static void test_brought_start_that_fails_at_first_fails_the_pool(void **state)
{
	struct host host = { .limit = 0 };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	options.start = start_worker;
	options.start_arg = &host;
	assert_int_equal(qs_pool_create(&pool, &options), -ENOSPC);
	assert_null(pool);
}

static void test_brought_start_that_fails_later_leaves_the_work_to_fewer(void **state)
{
	struct host host = { .limit = 1 };
	qs_pool *pool = pool_of(&host);
	atomic_uint runs = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 100);
	assert_int_equal(runs, 100);
	host_end(&host);
}

static int start_nothing(qs_pool *pool, void *arg)
{
	(void)pool;
	(void)arg;
	return 0;
}

static void test_brought_worker_that_never_comes_is_left_behind(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_future *future;
	qs_pool *pool;

	(void)state;
	options.workers = 1;
	options.start = start_nothing;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	future = task_submit(pool, body_return, NULL);
	assert_int_equal(qs_pool_join(pool, qs_after_ms(5), NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.stragglers, 1);
	assert_int_equal(report.ends[QS_CANCELLED], 1);
	assert_int_equal(qs_pool_straggler(pool, 0, &straggler), 0);
	assert_int_equal(straggler.thread, 0);
	assert_string_equal(straggler.task, "");
	assert_int_equal(qs_pool_work(pool), -ESHUTDOWN);
	task_end(future, QS_CANCELLED);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

/* ---------------------------------------------------------- threads that come of their own will */

struct visitor {
	qs_pool *pool;
	sigset_t before;
	sigset_t after;
	int result;
};

static void *visit(void *arg)
{
	struct visitor *visitor = arg;

	(void)sigemptyset(&visitor->before);
	(void)sigaddset(&visitor->before, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &visitor->before, NULL);
	visitor->result = qs_pool_work(visitor->pool);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &visitor->after);
	return NULL;
}

static void test_brought_visitor_works_until_the_pool_is_shut_down(void **state)
{
	struct host host = { .limit = 1 };
	struct visitor visitor = { .pool = pool_of(&host), .result = -1 };
	struct hold hold = HOLD_INIT;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, visit, &visitor), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(qs_submit(NULL, visitor.pool, body_hold, &hold), 0);
	gate_await(&hold.entered, 2);	/* one in the host's only worker, so the other one in the visitor */
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(visitor.pool, QS_DRAIN).ends[QS_DONE], 2);
	(void)pthread_join(thread, NULL);
	assert_int_equal(visitor.result, 0);
	for (int signal = 1; signal < 32; signal++)
		assert_int_equal(sigismember(&visitor.before, signal), sigismember(&visitor.after, signal));
	host_end(&host);
}

/*
 * A start that fails slowly: the first worker comes, the second one not, and much
 * happens until that is known.
 */
struct slow_start {
	struct host host;
	struct gate entered;
	struct gate leave;
	struct hold hold;
	struct visitor visitor;
	pthread_t thread;
	bool brings_a_visitor;
};

static int fail_slowly(qs_pool *pool, void *arg)
{
	struct slow_start *it = arg;

	if (it->host.started == 0)
		return start_worker(pool, &it->host);
	if (gate_level(&it->entered) != 0)
		return -ENOSPC;
	gate_raise(&it->entered);
	if (it->brings_a_visitor) {
		it->visitor.pool = pool;
		if (pthread_create(&it->thread, NULL, visit, &it->visitor) == 0 &&
		    qs_submit(NULL, pool, body_hold, &it->hold) == 0)
			gate_await(&it->hold.entered, 2);
	} else {
		gate_await(&it->leave, 1);
	}
	return -ENOSPC;
}

static qs_pool *slow_start_begin(struct slow_start *it, bool brings_a_visitor)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	*it = (struct slow_start){ .host = { .limit = 1 }, .entered = GATE_INIT, .leave = GATE_INIT, .hold = HOLD_INIT };
	it->brings_a_visitor = brings_a_visitor;
	options.workers = WORKERS;
	options.start = fail_slowly;
	options.start_arg = it;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	it->visitor.pool = pool;
	return pool;
}

/* Two tasks: one of them, at the latest the second, finds nobody idle. */
static void *submit_two(void *arg)
{
	struct slow_start *it = arg;

	(void)qs_submit(NULL, it->visitor.pool, body_hold, &it->hold);
	(void)qs_submit(NULL, it->visitor.pool, body_hold, &it->hold);
	return NULL;
}

static void test_brought_visitor_keeps_the_place_that_a_start_failed_to_fill(void **state)
{
	struct slow_start it;
	qs_pool *pool = slow_start_begin(&it, true);
	qs_report report = QS_REPORT_INIT;

	(void)state;
	(void)submit_two(&it);
	/* The visitor runs a task in the place whose start has failed meanwhile. */
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_int_equal(report.stragglers, 2);
	gate_raise(&it.hold.leave);
	(void)pthread_join(it.thread, NULL);
	assert_int_equal(it.visitor.result, 0);
	host_end(&it.host);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

static void test_brought_start_that_fails_after_a_join_gave_it_up_changes_nothing(void **state)
{
	struct slow_start it;
	qs_pool *pool = slow_start_begin(&it, false);
	qs_report report = QS_REPORT_INIT;
	pthread_t submitter;

	(void)state;
	assert_int_equal(pthread_create(&submitter, NULL, submit_two, &it), 0);
	gate_await(&it.entered, 1);
	assert_int_equal(qs_pool_join(pool, QS_NOW, NULL, &report), -ETIMEDOUT);
	report_check(&report);
	assert_true(report.stragglers >= 1);
	gate_raise(&it.leave);
	(void)pthread_join(submitter, NULL);
	gate_raise(&it.hold.leave);
	host_end_or_late(&it.host, -ESHUTDOWN);	/* the first one may still be on its way */
	assert_int_equal(qs_pool_destroy(pool), 0);
}

static void test_brought_visitor_finds_no_place_in_a_full_pool(void **state)
{
	qs_pool *pool = pool_make(1);

	(void)state;
	assert_int_equal(qs_pool_work(pool), -EAGAIN);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	assert_int_equal(qs_pool_work(pool), -ESHUTDOWN);
	(void)pool_end(pool, QS_DRAIN);
}

static int work_inside(qs_task *task, void *pool)
{
	(void)task;
	return qs_pool_work(pool);
}

static void test_brought_worker_cannot_be_one_twice(void **state)
{
	qs_pool *pool = pool_make(2);
	qs_pool *other = pool_make(2);
	qs_future *future = task_submit(pool, work_inside, other);

	(void)state;
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), -EDEADLK);
	task_end(future, QS_FAILED);
	(void)pool_end(other, QS_DRAIN);
	(void)pool_end(pool, QS_DRAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_brought_start_brings_as_many_as_are_needed),
		test(test_brought_start_that_fails_at_first_fails_the_pool),
		test(test_brought_start_that_fails_later_leaves_the_work_to_fewer),
		test(test_brought_worker_that_never_comes_is_left_behind),
		test(test_brought_visitor_works_until_the_pool_is_shut_down),
		test(test_brought_visitor_keeps_the_place_that_a_start_failed_to_fill),
		test(test_brought_start_that_fails_after_a_join_gave_it_up_changes_nothing),
		test(test_brought_visitor_finds_no_place_in_a_full_pool),
		test(test_brought_worker_cannot_be_one_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
