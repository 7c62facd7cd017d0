/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_stack.c - how large the stacks are, whatever the limit of the shell (B5), and
 * what their end is like (B6).
 *
 * ctest: plain
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/thread.h"
#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define KIB ((size_t)1024)
#define DEFAULT_BYTES (1024 * KIB)	/* what the header promises */
#define TOLERANCE (64 * KIB)		/* a guard, and what libc keeps there of its own */
#define WORD "stacks"

static size_t stack_bytes(void)
{
	pthread_attr_t attributes;
	size_t bytes = 0;
	void *low;

	CHILD_CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
	CHILD_CHECK(pthread_attr_getstack(&attributes, &low, &bytes) == 0);
	(void)pthread_attr_destroy(&attributes);
	return bytes;
}

static bool is_about(size_t bytes, size_t wanted)
{
	return bytes + TOLERANCE >= wanted && bytes <= wanted + TOLERANCE;
}

/* ------------------------------------------------------------------------------- how large (B5) */

static int tell_size(qs_task *task, void *out)
{
	(void)task;
	*(size_t *)out = stack_bytes();
	return 0;
}

static size_t size_in_pool(size_t wanted)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;
	size_t bytes = 0;

	options.workers = 1;
	options.stack_bytes = wanted;
	CHILD_CHECK(qs_pool_create(&pool, &options) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, tell_size, &bytes) == 0);
	CHILD_CHECK(qs_pool_join(pool, patience(), NULL, NULL) == 0);
	CHILD_CHECK(qs_pool_destroy(pool) == 0);
	return bytes;
}

struct telling {
	struct gate told;
	size_t bytes;
};

static void tell_size_in_callback(void *arg)
{
	struct telling *telling = arg;

	telling->bytes = stack_bytes();
	gate_raise(&telling->told);
}

/* Callbacks of users run there. */
static size_t size_in_attendant(void)
{
	struct telling telling = { GATE_INIT, 0 };
	qs_stop_options options = QS_STOP_OPTIONS_INIT;
	qs_stop_callback *callback = NULL;
	qs_stop *stop = NULL;

	options.flags = QS_STOP_FROM_HANDLER;
	CHILD_CHECK(qs_stop_create(&stop, &options) == 0);
	CHILD_CHECK(qs_stop_callback_add(&callback, stop, tell_size_in_callback, &telling) == 0);
	CHILD_CHECK(qs_stop_ask_from_handler(stop, SIGINT) == 1);
	gate_await(&telling.told, 1);
	(void)qs_stop_callback_remove(callback);
	qs_stop_release(stop);
	return telling.bytes;
}

/* In a program that was started under some limit. */
static int check_sizes(void)
{
	/* Upwards: libc keeps stacks and gives them out again to who asks for less. */
	CHILD_CHECK(is_about(size_in_pool(512 * KIB), 512 * KIB));
	CHILD_CHECK(is_about(size_in_pool(0), DEFAULT_BYTES));
	CHILD_CHECK(is_about(size_in_attendant(), DEFAULT_BYTES));
	CHILD_CHECK(is_about(size_in_pool(4096 * KIB), 4096 * KIB));
	return 0;
}

static int start_under(void *arg)
{
	struct rlimit limit;

	CHILD_CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
	limit.rlim_cur = *(const rlim_t *)arg;
	CHILD_CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
	return execl("/proc/self/exe", "test_hostile_stack", WORD, (char *)NULL);
}

static void test_hostile_b5_stacks_are_as_large_as_promised_under_any_limit(void **state)
{
	rlim_t limits[] = { 256 * KIB, 8192 * KIB, RLIM_INFINITY };
	struct rlimit now;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_STACK, &now), 0);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i] <= now.rlim_max)
			assert_int_equal(child_run(start_under, &limits[i]), 0);
	}
}

static int format_a_little(qs_task *task, void *arg)
{
	char text[256];

	(void)arg;
	(void)snprintf(text, sizeof(text), "%d %s %f", 5, "words", 1.5);
	return qs_task_fail(task, -EIO, "%s", text);
}

static void test_hostile_b5_least_stack_that_is_accepted_is_enough(void **state)
{
	qs_pool_options options = QS_POOL_OPTIONS_INIT;
	qs_pool *pool = NULL;

	(void)state;
	options.workers = 1;
	options.stack_bytes = qs__thread_min_stack() - 1;
	assert_int_equal(qs_pool_create(&pool, &options), -EINVAL);
	options.stack_bytes++;
	assert_int_equal(qs_pool_create(&pool, &options), 0);
	task_end(task_submit(pool, format_a_little, NULL), QS_FAILED);
	(void)pool_end(pool, QS_DRAIN);
}

/* ------------------------------------------------------------------------------ overflowed (B6) */

static char *stack_low;		/* of the worker that overflows: below it lies the guard */

/* On a stack of its own: did the worker stop at the guard page? */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;

	(void)signal;
	(void)context;
	_exit(at < stack_low && at >= stack_low - sysconf(_SC_PAGESIZE) ? 0 : CHILD_FAILED);
}

static volatile bool goes_on = true;	/* for ever, but the compiler must not know */

/* Each call writes to less than a page of stack, so none steps over the guard. */
static int recurse(volatile char *before)
{
	volatile char here[512];

	here[0] = before != NULL ? before[0] : 0;
	return goes_on ? recurse(here) + here[0] : 0;
}

static int overflow(qs_task *task, void *handles_it)
{
	static char other_stack[64 * 1024];
	const stack_t other = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
	struct sigaction action;
	pthread_attr_t attributes;
	size_t bytes;
	void *low;

	(void)task;
	CHILD_CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
	CHILD_CHECK(pthread_attr_getstack(&attributes, &low, &bytes) == 0);
	stack_low = low;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	if (handles_it != NULL) {
		CHILD_CHECK(sigaltstack(&other, NULL) == 0);
		CHILD_CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	}
	return recurse(NULL);
}

static int overflow_one(void *handles_it)
{
	qs_pool *pool = NULL;

	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(NULL, pool, overflow, handles_it) == 0);
	(void)qs_pool_join(pool, patience(), NULL, NULL);
	return CHILD_FAILED;
}

static void test_hostile_b6_overflow_ends_at_the_guard_page(void **state)
{
	int yes = 1;

	(void)state;
	assert_int_equal(child_run(overflow_one, &yes), 0);
}

static void test_hostile_b6_overflow_ends_the_process(void **state)
{
	const int status = child_run(overflow_one, NULL);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_b5_stacks_are_as_large_as_promised_under_any_limit),
		test(test_hostile_b5_least_stack_that_is_accepted_is_enough),
		test(test_hostile_b6_overflow_ends_at_the_guard_page),
		test(test_hostile_b6_overflow_ends_the_process),
	};

	if (argc == 2 && strcmp(argv[1], WORD) == 0)
		_exit(check_sizes());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
