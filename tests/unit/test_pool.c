/* SPDX-License-Identifier: MIT */
/*
 * test_pool.c - creating pools, growing them, and what is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

static void test_pool_without_tasks_comes_and_goes(void **state)
{
	qs_pool *pool = NULL;
	qs_report report;

	(void)state;
	assert_int_equal(qs_pool_create(&pool, NULL), 0);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.submitted, 0);
}

static void test_pool_bad_options_are_refused(void **state)
{
	const qs_pool_options good = QS_POOL_OPTIONS_INIT;
	qs_pool_options bad[7];
	qs_pool *pool = NULL;

	(void)state;
	for (int i = 0; i < 7; i++)
		bad[i] = good;
	bad[0].size += 8;	/* of a newer version */
	bad[1].size = 0;
	bad[2].flags = QS_POOL_LAZY << 1;
	bad[3].workers = QS_WORKERS_MAX + 1;
	bad[4].workers = UINT32_MAX;
	bad[5].stack_bytes = 1;
	bad[6].stack_bytes = 8192;
	for (int i = 0; i < 7; i++)
		assert_int_equal(qs_pool_create(&pool, &bad[i]), -EINVAL);
	assert_int_equal(qs_pool_create(NULL, NULL), -EINVAL);
	assert_null(pool);
}

static void test_pool_under_an_asked_stop_is_refused(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	assert_int_equal(qs_stop_create(&options.stop, NULL), 0);
	(void)qs_stop_ask(options.stop, 0, NULL);
	assert_int_equal(qs_pool_create(&pool, &options), -ECANCELED);
	assert_null(pool);
	qs_stop_release(options.stop);
}

static void test_pool_keeps_its_stop_that_the_user_released(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_stop_options below = QS_STOP_OPTIONS_INIT;
	struct gate entered = GATE_INIT;
	qs_future *future;
	qs_pool *pool;

	(void)state;
	assert_int_equal(qs_stop_create(&below.parent, NULL), 0);
	assert_int_equal(qs_stop_create(&options.stop, &below), 0);
	options.workers = 1;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	qs_stop_release(options.stop);
	future = task_submit(pool, body_until_stop, &entered);
	gate_await(&entered, 1);
	assert_int_equal(qs_stop_ask(below.parent, 0, "from far above"), 1);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_string_equal(qs_future_message(future), "from far above");
	task_end(future, QS_STOPPED);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), -ECANCELED);
	(void)pool_end(pool, QS_DRAIN);
	qs_stop_release(below.parent);
}

static void test_pool_null_is_refused_or_nothing(void **state)
{
	qs_straggler straggler = QS_STRAGGLER_INIT;

	(void)state;
	assert_null(qs_pool_stop(NULL));
	assert_int_equal(qs_pool_work(NULL), -EINVAL);
	assert_int_equal(qs_pool_shutdown(NULL, QS_DRAIN), -EINVAL);
	assert_int_equal(qs_pool_join(NULL, QS_NOW, NULL, NULL), -EINVAL);
	assert_null(qs_pool_next_unstarted(NULL, NULL));
	assert_int_equal(qs_pool_straggler(NULL, 0, &straggler), -EINVAL);
	assert_int_equal(qs_pool_destroy(NULL), 0);
}

/* -------------------------------------------------------------------------------------- workers */

#define WORKERS 4

static void test_pool_grows_to_its_workers_and_no_further(void **state)
{
	const int threads = leftovers_threads();
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(WORKERS);

	(void)state;
	assert_int_equal(leftovers_threads(), threads + 1);
	for (int i = 0; i < 2 * WORKERS; i++)
		assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	gate_await(&hold.entered, WORKERS);
	assert_int_equal(leftovers_threads(), threads + WORKERS);
	gate_raise(&hold.leave);
	assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 2 * WORKERS);
}

/*
 * A15, seen from outside: two tasks that wait for each other run, whatever the first worker
 * is doing when they come.
 */
static uint32_t workers_of(qs_pool *pool)
{
	qs_stats stats = QS_STATS_INIT;

	assert_int_equal(qs_pool_stats(pool, &stats), 0);
	return stats.workers;
}

static void test_pool_lazy_starts_nobody_before_the_first_task(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	options.flags = QS_POOL_LAZY;
	options.workers = 4;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	assert_int_equal(workers_of(pool), 0);
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	assert_int_equal(workers_of(pool), 1);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_pool_lazy_may_never_have_had_a_task(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	options.flags = QS_POOL_LAZY;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	(void)pool_end(pool, QS_DRAIN);
}

/* The one that creation has started is on its way, and is for the first task. */
static void test_pool_a15_first_task_waits_for_the_first_worker(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		qs_pool *pool = pool_make(4);

		task_end(task_submit(pool, body_return, NULL), QS_DONE);
		assert_int_equal(workers_of(pool), 1);
		(void)pool_end(pool, QS_DRAIN);
	}
}

static void test_pool_a15_second_task_finds_a_second_worker(void **state)
{
	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct hold hold = HOLD_INIT;
		qs_pool *pool = pool_make(2);

		if (round % 2 == 0)
			task_end(task_submit(pool, body_return, NULL), QS_DONE);
		for (int i = 0; i < 2; i++)
			assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
		gate_await(&hold.entered, 2);
		gate_raise(&hold.leave);
		(void)pool_end(pool, QS_DRAIN);
	}
}

static int note_mask(qs_task *task, void *arg)
{
	char *name = arg;
	sigset_t blocked;

	(void)task;
	(void)pthread_getname_np(pthread_self(), name, 16);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGUSR1) && sigismember(&blocked, SIGCHLD) &&
	       !sigismember(&blocked, SIGSEGV) && !sigismember(&blocked, SIGFPE);
}

static void test_pool_worker_has_its_name_and_blocks_all_but_faults(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	char name[16] = "";
	qs_future *future;
	qs_pool *pool;

	(void)state;
	options.workers = 1;
	options.name = "crew";
	options.stack_bytes = (size_t)512 << 10;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	future = task_submit(pool, note_mask, name);
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), 1);
	if (!QS_PLATFORM_POSIX)	/* which has no names */
		assert_string_equal(name, "crew-0");
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------------------------- no more threads (B2) */

#define NOBODY 65534
#define SKIPPED 77

/* As a user without rights and with a limit on processes: root has none. */
static int without_threads(void *arg)
{
	const struct rlimit none = { 1, 1 };
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_pool *pool = NULL;
	qs_stop *stop = NULL;

	(void)arg;
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
	CHILD_CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	CHILD_CHECK(qs_pool_create(&pool, NULL) == -EAGAIN);
	CHILD_CHECK(pool == NULL);
	deadline.deadline = qs_after_s(10);
	CHILD_CHECK(qs_stop_create(&stop, &deadline) == -EAGAIN);
	CHILD_CHECK(stop == NULL);
	CHILD_CHECK(leftovers_fds() <= 8);
	return 0;
}

/* The first worker is there, and the system gives no second one. */
static int with_one_thread(void *arg)
{
	struct rlimit limit = { 2, 2 };
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pool = NULL;
	atomic_uint runs = 0;

	(void)arg;
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHILD_CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	options.workers = WORKERS;
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
	for (int i = 0; i < 1000; i++)
		CHILD_CHECK(qs_submit(NULL, pool, body_count, &runs) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, &report) == 0);
	CHILD_CHECK(report.submitted == 1000 && report.ends[QS_DONE] == 1000 && runs == 1000);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	return 0;
}

static void run_as_nobody(child_fn *fn)
{
	int status;

	if (geteuid() != 0) {
		print_message("SKIP: only root can become a user whose processes can be limited\n");
		skip();
	}
	status = child_run(fn, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_pool_b2_no_thread_at_all_is_an_error(void **state)
{
	(void)state;
	run_as_nobody(without_threads);
}

static void test_pool_b2_no_second_thread_runs_all_on_the_first(void **state)
{
	(void)state;
	run_as_nobody(with_one_thread);
}

/* ------------------------------------------------------------------------ again and again (B15) */

static void test_pool_b15_a_thousand_pools_leave_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		qs_pool *pool = pool_make(2);
		atomic_uint runs = 0;

		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
		assert_int_equal(qs_submit(NULL, pool, body_count, &runs), 0);
		assert_int_equal(pool_end(pool, QS_DRAIN).ends[QS_DONE], 2);
		assert_int_equal(runs, 2);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_pool_without_tasks_comes_and_goes),
		test(test_pool_bad_options_are_refused),
		test(test_pool_under_an_asked_stop_is_refused),
		test(test_pool_keeps_its_stop_that_the_user_released),
		test(test_pool_null_is_refused_or_nothing),
		test(test_pool_grows_to_its_workers_and_no_further),
		test(test_pool_lazy_starts_nobody_before_the_first_task),
		test(test_pool_lazy_may_never_have_had_a_task),
		test(test_pool_a15_first_task_waits_for_the_first_worker),
		test(test_pool_a15_second_task_finds_a_second_worker),
		test(test_pool_worker_has_its_name_and_blocks_all_but_faults),
		test(test_pool_b2_no_thread_at_all_is_an_error),
		test(test_pool_b2_no_second_thread_runs_all_on_the_first),
		test(test_pool_b15_a_thousand_pools_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
