/* SPDX-License-Identifier: MIT */
/*
 * test_cpp.c - exceptions that leave a body: the end of the program at once, or, where somebody
 * catches them, of the task.
 *
 * longjmp() out of a body is undefined, and documented to be: there is nothing to test.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "cpp/throwing.h"
#include "support/child.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#ifdef __SANITIZE_THREAD__
/* The children here start threads, which the thread sanitizer takes amiss unless told. */
__attribute__((__visibility__("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

enum { TERMINATED = 42 };

/* ---------------------------------------------------------------------------- nobody catches it */

/* Waits for a task that throws; the status of a wait that returned. */
static int wait_for_thrower(void *arg)
{
	qs_pool *pool = NULL;
	qs_future *future = NULL;
	int unwound = 0;

	if (arg != NULL)
		exit_on_terminate(TERMINATED, &unwound);
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(&future, pool, body_throw, &unwound) == 0);
	(void)qs_wait(future, patience(), NULL);
	return 0;
}

static void test_cpp_B8_exception_in_our_worker_aborts_the_program(void **state)
{
	const int status = child_run(wait_for_thrower, NULL);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* Where it was thrown is still on the stack then: nothing of ours has caught it and thrown it again. */
static void test_cpp_B8_exception_in_our_worker_is_told_by_terminate_where_it_was_thrown(void **state)
{
	int any;
	const int status = child_run(wait_for_thrower, &any);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TERMINATED);
}

static void test_cpp_B8_exception_that_the_body_catches_is_its_own_affair(void **state)
{
	int unwound = 0;
	qs_pool *pool = pool_make(1);

	(void)state;
	task_end(task_submit(pool, body_throw_inside, &unwound), QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(unwound, 1);
}

/* ------------------------------------------------------------------------ a caller of ours does */

/* A host whose threads catch. */
struct host {
	pthread_t threads[2];
	unsigned started;
};

/* What a thread says that has worked. */
enum { RETURNED, CAUGHT, SPOILED };

static void *host_thread(void *pool)
{
	sigset_t before, after;
	bool is_caught;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &before);
	is_caught = work_and_catch(pool);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < 32; signal++) {
		if (sigismember(&before, signal) != sigismember(&after, signal))
			return (void *)(intptr_t)SPOILED;
	}
	return (void *)(intptr_t)(is_caught ? CAUGHT : RETURNED);
}

static int host_start(qs_pool *pool, void *arg)
{
	struct host *host = arg;

	if (host->started == 2 || pthread_create(&host->threads[host->started], NULL, host_thread, pool) != 0)
		return -1;
	host->started++;
	return 0;
}

static int host_join(const struct host *host, unsigned number)
{
	void *said;

	assert_true(number < host->started);
	assert_int_equal(pthread_join(host->threads[number], &said), 0);
	return (int)(intptr_t)said;
}

static qs_pool *pool_of(struct host *host)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	options.workers = 1;
	options.start = host_start;
	options.start_arg = host;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	return pool;
}

/* It failed because its body did not return. */
static void task_end_exited(qs_future *future)
{
	assert_int_equal(qs_wait(future, patience(), NULL), 0);
	assert_int_equal(qs_future_value(future), -QS_EEXITED);
	task_end(future, QS_FAILED);
}

static void test_cpp_B8_exception_in_a_brought_worker_fails_its_task(void **state)
{
	struct host host = { .started = 0 };
	int unwound = 0;
	qs_pool *pool = pool_of(&host);
	qs_report report;

	(void)state;
	task_end_exited(task_submit(pool, body_throw, &unwound));
	assert_int_equal(host_join(&host, 0), CAUGHT);
	assert_int_equal(unwound, 1);
	task_end(task_submit(pool, body_return, NULL), QS_DONE);	/* by another worker */
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 1);
	assert_int_equal(report.ends[QS_DONE], 1);
	assert_int_equal(host_join(&host, 1), RETURNED);
}

static int unwound_of_pending;

static void count_freed(void *arg)
{
	(void)arg;
	unwound_of_pending++;
}

/* The argument goes with its task, once, and what was pending behind it runs. */
static void test_cpp_B8_exception_loses_nothing(void **state)
{
	struct host host = { .started = 0 };
	struct hold hold = HOLD_INIT;
	int unwound = 0;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_pool *pool = pool_of(&host);
	qs_future *thrower, *next;

	(void)state;
	unwound_of_pending = 0;
	options.destroy = count_freed;
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	thrower = task_submit_with(pool, body_throw, &unwound, &options);
	next = task_submit(pool, body_return, NULL);
	gate_raise(&hold.leave);
	task_end_exited(thrower);
	task_end(next, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
	assert_int_equal(unwound_of_pending, 1);
	assert_int_equal(host_join(&host, 0), CAUGHT);
	assert_int_equal(host_join(&host, 1), RETURNED);
}

static void *work_twice(void *arg)
{
	qs_pool *const *pools = arg;
	const bool is_caught = work_and_catch(pools[0]);

	return (void *)(intptr_t)(is_caught && !work_and_catch(pools[1]) ? CAUGHT : RETURNED);
}

static int start_nothing(qs_pool *pool, void *arg)
{
	(void)pool;
	(void)arg;
	return 0;
}

/* Whose exception was caught is no worker any more, and may be one again. */
static void test_cpp_B8_thread_that_caught_may_work_again(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_pool *pools[2] = { NULL, NULL };
	int unwound = 0;
	pthread_t thread;
	void *said;

	(void)state;
	options.workers = 1;
	options.start = start_nothing;
	for (int i = 0; i < 2; i++)
		assert_int_equal(qs_pool_create(&pools[i], &options), 0);
	assert_int_equal(pthread_create(&thread, NULL, work_twice, pools), 0);
	task_end_exited(task_submit(pools[0], body_throw, &unwound));
	task_end(task_submit(pools[1], body_return, NULL), QS_DONE);
	(void)pool_end(pools[1], QS_DRAIN);
	assert_int_equal(pthread_join(thread, &said), 0);
	assert_int_equal((intptr_t)said, CAUGHT);
	(void)qs_pool_join(pools[0], QS_NOW, NULL, &report);	/* the second worker that it asks for never comes */
	report_check(&report);
	assert_int_equal(qs_pool_destroy(pools[0]), 0);
}

/* ----------------------------------------------------------- a caller further up the stack does */

static void test_cpp_B8_exception_in_the_thread_that_submits_fails_the_task(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	qs_report report;
	int unwound = 0;
	int cancel_before;

	(void)state;
	options.workers = 1;
	options.max_pending = 1;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	gate_await(&hold.entered, 1);
	assert_int_equal(qs_submit(NULL, pool, body_hold, &hold), 0);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_before);
	assert_true(submit_and_catch(pool, &unwound));
	(void)pthread_setcancelstate(cancel_before, &cancel_before);
	assert_int_equal(cancel_before, PTHREAD_CANCEL_DISABLE);
	assert_int_equal(unwound, 1);
	gate_raise(&hold.leave);
	report = pool_end(pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 1);
	assert_int_equal(report.ends[QS_DONE], 2);
}

/* The inner task, which the outer one's wait runs, fails; the outer one catches, and goes on. */
static void test_cpp_B8_exception_through_a_nested_wait_fails_the_inner_task_alone(void **state)
{
	struct nest nest = { .pool = pool_make(1) };
	qs_report report;

	(void)state;
	task_end(task_submit(nest.pool, body_wait_and_catch, &nest), QS_DONE);
	task_end_exited(nest.inner);
	task_end(task_submit(nest.pool, body_return, NULL), QS_DONE);
	report = pool_end(nest.pool, QS_DRAIN);
	assert_int_equal(report.ends[QS_FAILED], 1);
	assert_int_equal(report.ends[QS_DONE], 2);
	assert_int_equal(nest.unwound, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_cpp_B8_exception_in_our_worker_aborts_the_program),
		test(test_cpp_B8_exception_in_our_worker_is_told_by_terminate_where_it_was_thrown),
		test(test_cpp_B8_exception_that_the_body_catches_is_its_own_affair),
		test(test_cpp_B8_exception_in_a_brought_worker_fails_its_task),
		test(test_cpp_B8_exception_loses_nothing),
		test(test_cpp_B8_thread_that_caught_may_work_again),
		test(test_cpp_B8_exception_in_the_thread_that_submits_fails_the_task),
		test(test_cpp_B8_exception_through_a_nested_wait_fails_the_inner_task_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
