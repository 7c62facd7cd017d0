/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_exit.c - the program ends while tasks run: from a task, or from under them (B9).
 *
 * Each end is a process of its own, started anew: this program with the name of the end as its
 * argument.  However it ends, it ends at once and with the status that was meant.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"
#include "support/soak.h"

#define CODE 42		/* the exit status that is meant */
#define RUNS 20
#define RUNS_OF_SOAK 1000
#define NS_PER_US 1000
#define WORKERS 4
#define JOIN_MS 20	/* what an exit function that joins allows */

static qs_pool *pool;
static atomic_bool is_over;

/* ------------------------------------------------------------------------------------- the ends */

static int call_exit(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	exit(CODE);
}

static int call_quick_exit(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	_exit(CODE);
}

static int call_abort(qs_task *task, void *arg)
{
	(void)task;
	(void)arg;
	abort();
}

/*
 * What many programs do at their end: in whatever thread that comes, it is bounded and
 * says what it could not do.
 */
static void join_at_exit(void)
{
	const int error = qs_pool_join(pool, qs_after_ms(JOIN_MS), NULL, NULL);

	if (error == -EDEADLK)
		return;		/* a task ended the program: it cannot wait for itself */
	if (error != -ETIMEDOUT || qs_pool_destroy(pool) != 0)
		_exit(CHILD_FAILED);
}

struct end {
	const char *name;
	qs_task_fn *fn;		/* NULL = main() returns */
	void (*at_exit)(void);
};

static struct end ends[] = {
	{ "exit", call_exit, NULL },
	{ "_exit", call_quick_exit, NULL },
	{ "abort", call_abort, NULL },
	{ "main", NULL, NULL },
	{ "exit-join", call_exit, join_at_exit },
	{ "main-join", NULL, join_at_exit },
};

static struct end *find_end(const char *name)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(name, ends[i].name) == 0)
			return &ends[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------------------------- the program */

/* Runs to the end of the program, and is deaf to a stop. */
static int be_busy(qs_task *task, void *entered)
{
	(void)task;
	gate_raise(entered);
	while (!atomic_load(&is_over))
		continue;
	return 0;
}

/*
 * A pool at work: one body sleeps, one computes, one has ended, others wait; an attendant
 * with signals and a deadline.
 */
static int live(const struct end *end)
{
	static struct gate entered = GATE_INIT;
	qs_stop_options deadline = QS_STOP_OPTIONS_INIT;
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_signals *signals = NULL;

	CHILD_CHECK(qs_stop_on_signals(&signals, NULL) == 0);
	deadline.parent = qs_signals_soft(signals);
	deadline.deadline = qs_after_s(1000);
	CHILD_CHECK(qs_stop_create(&options.stop, &deadline) == 0);
	options.workers = WORKERS;
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, body_until_stop, &entered) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, be_busy, &entered) == 0);
	gate_await(&entered, 2);
	CHILD_CHECK(qs_submit(NULL, pool, body_return, NULL) == 0);
	if (end->at_exit != NULL)
		CHILD_CHECK(atexit(end->at_exit) == 0);
	if (end->fn != NULL) {
		CHILD_CHECK(qs_submit(NULL, pool, end->fn, NULL) == 0);
		CHILD_CHECK(qs_sleep(patience(), NULL) == -1);
	}
	return CODE;
}

/* ------------------------------------------------------------------------------------ the tests */

/*
 * A program that leaves while tasks run leaks, which the sanitizers would
 * say by another exit status.
 */
static int start_anew(void *arg)
{
	const struct end *end = arg;

	(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	(void)setenv("TSAN_OPTIONS", "report_thread_leaks=0 atexit_sleep_ms=0", 1);
	return execl("/proc/self/exe", "test_hostile_exit", end->name, (char *)NULL);
}

static void run_end(const char *name)
{
	struct end *end = find_end(name);
	const qs_time start = qs_now();
	const long runs = soak_or(RUNS, RUNS_OF_SOAK);

	for (long i = 0; i < runs; i++) {
		const int status = child_run(start_anew, end);

		if (end->fn == call_abort) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGABRT);
		} else {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), CODE);
		}
	}
	print_message("%s: %ld us each\n", end->name, (long)((qs_now() - start) / NS_PER_US / runs));
}

static void test_hostile_b9_task_calls_exit(void **state)
{
	(void)state;
	run_end("exit");
}

static void test_hostile_b9_task_calls_exit_without_exit_functions(void **state)
{
	(void)state;
	run_end("_exit");
}

static void test_hostile_b9_task_calls_abort(void **state)
{
	(void)state;
	run_end("abort");
}

static void test_hostile_b9_main_returns(void **state)
{
	(void)state;
	run_end("main");
}

static void test_hostile_b9_task_calls_exit_and_an_exit_function_joins(void **state)
{
	(void)state;
	run_end("exit-join");
}

static void test_hostile_b9_main_returns_and_an_exit_function_joins(void **state)
{
	(void)state;
	run_end("main-join");
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b9_task_calls_exit),
		test(test_hostile_b9_task_calls_exit_without_exit_functions),
		test(test_hostile_b9_task_calls_abort),
		test(test_hostile_b9_main_returns),
		test(test_hostile_b9_task_calls_exit_and_an_exit_function_joins),
		test(test_hostile_b9_main_returns_and_an_exit_function_joins),
	};

	if (argc == 2 && find_end(argv[1]) != NULL)
		return live(find_end(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
