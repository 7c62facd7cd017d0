/* SPDX-License-Identifier: MIT */
/*
 * test_inspect.c - what a pool says about itself: qs_pool_stats(), qs_pool_dump().
 */
#include <errno.h>
#include <fcntl.h>
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
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/pools.h"

static qs_stats stats_of(qs_pool *pool)
{
	qs_stats stats = QS_STATS_INIT;
	uint64_t sum;

	assert_int_equal(qs_pool_stats(pool, &stats), 0);
	sum = stats.pending + stats.running;
	for (int state = 0; state < QS_STATES; state++)
		sum += stats.ends[state];
	assert_int_equal(stats.submitted, sum);
	return stats;
}

/* What a dump writes, in memory of its own. */
static char *dump_of(qs_pool *pool, char *out, size_t size)
{
	FILE *file = tmpfile();
	size_t length;

	assert_non_null(file);
	assert_int_equal(qs_pool_dump(pool, fileno(file)), 0);
	rewind(file);
	length = fread(out, 1, size - 1, file);
	out[length] = '\0';
	(void)fclose(file);
	return out;
}

static void test_stats_count_what_is_there(void **state)
{
	qs_pool *pool = pool_make(2);
	struct hold hold = HOLD_INIT;
	qs_future *held;
	qs_future *next;
	qs_stats stats;

	(void)state;
	stats = stats_of(pool);
	assert_int_equal(stats.submitted, 0);
	assert_int_equal(stats.workers_max, 2);
	held = task_submit(pool, body_hold, &hold);
	gate_await(&hold.entered, 1);
	next = task_submit(pool, body_hold, &hold);
	gate_await(&hold.entered, 2);
	assert_int_equal(qs_submit(NULL, pool, body_return, NULL), 0);
	stats = stats_of(pool);
	assert_int_equal(stats.submitted, 3);
	assert_int_equal(stats.running, 2);
	assert_int_equal(stats.pending, 1);
	assert_int_equal(stats.workers, 2);
	assert_int_equal(stats.idle, 0);
	gate_raise(&hold.leave);
	gate_raise(&hold.leave);
	task_end(held, QS_DONE);
	task_end(next, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_stats_after_the_last_worker_has_left(void **state)
{
	qs_pool *pool = pool_make(2);
	qs_stats stats;

	(void)state;
	task_end(task_submit(pool, body_return, NULL), QS_DONE);
	assert_int_equal(qs_pool_shutdown(pool, QS_DRAIN), 0);
	assert_int_equal(qs_pool_join(pool, QS_NEVER, NULL, NULL), 0);
	stats = stats_of(pool);
	assert_int_equal(stats.workers, 0);
	assert_int_equal(stats.ends[QS_DONE], 1);
	assert_int_equal(qs_pool_destroy(pool), 0);
}

static void test_stats_and_dump_refuse_bad_arguments(void **state)
{
	qs_pool *pool = pool_make(1);
	qs_stats stats = QS_STATS_INIT;

	(void)state;
	assert_int_equal(qs_pool_stats(NULL, &stats), -EINVAL);
	assert_int_equal(qs_pool_stats(pool, NULL), -EINVAL);
	stats.size += 8;
	assert_int_equal(qs_pool_stats(pool, &stats), -EINVAL);
	assert_int_equal(qs_pool_dump(NULL, 1), -EINVAL);
	errno = 42;
	assert_int_equal(qs_pool_dump(pool, -1), -EBADF);
	assert_int_equal(errno, 42);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------------------------------------- the dump */

struct outer {
	qs_pool *pool;
	struct hold inner;
};

static int body_checkpoint_and_hold(qs_task *task, void *arg)
{
	qs_task_checkpoint(task, "reading");
	return body_hold(task, arg);
}

/* In a pool of one worker it runs the inner one on its own stack. */
static int body_outer(qs_task *task, void *arg)
{
	struct outer *outer = arg;
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	qs_future *inner;
	int result;

	(void)task;
	options.name = "in\033ner";
	result = qs_submit_by(&inner, outer->pool, body_checkpoint_and_hold, &outer->inner, &options, QS_NOW, NULL);
	if (result == 0)
		result = qs_wait(inner, QS_NEVER, NULL);
	qs_future_release(inner);
	return result;
}

static void test_dump_names_tasks_that_lie_on_each_other(void **state)
{
	struct outer outer = { pool_make(1), HOLD_INIT };
	qs_task_options options = QS_TASK_OPTIONS_INIT;
	char text[2048];
	qs_future *future;

	(void)state;
	options.name = "outer";
	future = task_submit_with(outer.pool, body_outer, &outer, &options);
	gate_await(&outer.inner.entered, 1);
	(void)dump_of(outer.pool, text, sizeof(text));
	assert_non_null(strstr(text, "2 submitted, 0 pending, 2 running; 0 idle of 1 workers, at most 1\n"));
	assert_non_null(strstr(text, "  worker 0, thread "));
	assert_non_null(strstr(text, ": 'in?ner' for 0."));
	assert_non_null(strstr(text, " at 'reading', inside 'outer' for 0."));
	gate_raise(&outer.inner.leave);
	task_end(future, QS_DONE);
	(void)pool_end(outer.pool, QS_DRAIN);
}

static int body_long_checkpoint(qs_task *task, void *arg)
{
	static char label[4096];

	memset(label, 'x', sizeof(label) - 1);
	qs_task_checkpoint(task, label);
	return body_hold(task, arg);
}

static void test_dump_cuts_long_lines_and_ends_them(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *future = task_submit(pool, body_long_checkpoint, &hold);
	char text[2048];

	(void)state;
	gate_await(&hold.entered, 1);
	(void)dump_of(pool, text, sizeof(text));
	assert_non_null(strstr(text, " at 'xxxx"));
	assert_true(strlen(text) < 1024);
	assert_int_equal(text[strlen(text) - 1], '\n');
	gate_raise(&hold.leave);
	task_end(future, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------------------------ from a signal handler */

static qs_pool *storm_pool;
static int storm_fd;
static atomic_uint dumps;
static atomic_uint failures;

static void dump_from_handler(int signal)
{
	(void)signal;
	if (qs_pool_dump(storm_pool, storm_fd) != 0)
		(void)atomic_fetch_add(&failures, 1);
	(void)atomic_fetch_add(&dumps, 1);
}

/* The signal is taken by the thread that submits, in whatever of our code it is. */
static void *storm(void *arg)
{
	const pthread_t target = *(pthread_t *)arg;

	while (atomic_load(&dumps) < 2000)
		(void)pthread_kill(target, SIGUSR1);
	return NULL;
}

static void test_dump_from_a_handler_while_tasks_are_submitted(void **state)
{
	const struct sigaction action = { .sa_handler = dump_from_handler, .sa_flags = SA_RESTART };
	struct sigaction before;
	pthread_t self = pthread_self();
	atomic_uint ran = 0;
	unsigned submitted = 0;
	pthread_t thread;

	(void)state;
	storm_pool = pool_make(2);
	storm_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	atomic_store(&dumps, 0);
	atomic_store(&failures, 0);
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, storm, &self), 0);
	while (atomic_load(&dumps) < 2000) {
		qs_future *future = task_submit(storm_pool, body_count, &ran);

		submitted++;
		(void)qs_future_cancel(future);
		qs_future_release(future);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	assert_int_equal(atomic_load(&failures), 0);
	assert_int_equal(pool_end(storm_pool, QS_DRAIN).submitted, submitted);
	(void)close(storm_fd);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_stats_count_what_is_there),
		test(test_stats_after_the_last_worker_has_left),
		test(test_stats_and_dump_refuse_bad_arguments),
		test(test_dump_names_tasks_that_lie_on_each_other),
		test(test_dump_cuts_long_lines_and_ends_them),
		test(test_dump_from_a_handler_while_tasks_are_submitted),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
