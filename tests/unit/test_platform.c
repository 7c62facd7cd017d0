/* SPDX-License-Identifier: MIT */
/*
 * test_platform.c - what the contracts of src/platform say and no other test looks at: parking in
 * the company of signal handlers, of fork, of pthread_cancel, and of a system that gives no
 * descriptors; joins by a deadline.
 *
 * One layer does by the kernel what another does by hand, so each of them has to show it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/fork.h"
#include "platform/park.h"
#include "platform/thread.h"
#include "quiesce.h"
#include "support/child.h"
#include "support/gate.h"
#include "support/leftovers.h"
#include "support/patience.h"

static qs__atomic(uint32_t) word;

/* Until the word is no longer 0, or patience has ended: then false. */
static bool await_word(void)
{
	const qs_time limit = patience();

	while (qs__load_acquire(&word) == 0 && qs_now() < limit)
		(void)qs__park(&word, 0, limit);
	return qs__load_acquire(&word) != 0;
}

static void set_word(void)
{
	qs__store_release(&word, 1);
	qs__unpark_all(&word);
}

/* ------------------------------------------------------------------------------ signal handlers */

static void on_signal(int number)
{
	(void)number;
	set_word();
}

static void handle(int number, void (*handler)(int number), struct sigaction *out_old)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	(void)sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(number, &action, out_old), 0);
}

static void *signal_until_set(void *thread)
{
	while (qs__load_acquire(&word) == 0) {
		(void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
		(void)sched_yield();
	}
	return NULL;
}

/* With SA_RESTART nothing but the wake can end a wait without a deadline. */
static void test_platform_park_is_ended_by_a_handler_of_its_own_thread(void **state)
{
	pthread_t self = pthread_self();
	struct sigaction old;
	pthread_t other;

	(void)state;
	handle(SIGUSR1, on_signal, &old);
	for (int i = 0; i < 200; i++) {
		qs__store_release(&word, 0);
		assert_int_equal(pthread_create(&other, NULL, signal_until_set, &self), 0);
		while (qs__load_acquire(&word) == 0)
			(void)qs__park(&word, 0, QS_NEVER);
		assert_int_equal(pthread_join(other, NULL), 0);
	}
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static qs__atomic(uint32_t) other_word;
static qs__atomic(uint32_t) storm_is_over;

/* Whatever the interrupted thread was just doing with these words. */
static void on_storm(int number)
{
	const int saved = errno;

	(void)number;
	errno = EPROTO;
	qs__unpark_all(&other_word);
	qs__unpark_one(&word);
	if (errno != EPROTO)
		abort();
	errno = saved;
}

static void *rage(void *thread)
{
	while (qs__load_relaxed(&storm_is_over) == 0)
		(void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void *answer(void *arg)
{
	for (uint32_t turn = 1; turn < 2000; turn += 2) {
		while (qs__load_acquire(&word) != turn)
			(void)qs__park(&word, turn - 1, QS_NEVER);
		qs__store_release(&word, turn + 1);
		qs__unpark_one(&word);
	}
	return arg;
}

/*
 * Two threads take turns, while the handler of one unparks what they are parked on.  Under a lock
 * of its own it would hang.
 */
static void test_platform_unpark_in_a_storm_of_handlers(void **state)
{
	pthread_t self = pthread_self();
	struct sigaction old;
	pthread_t other;
	pthread_t storm;

	(void)state;
	handle(SIGUSR1, on_storm, &old);
	qs__store_release(&word, 0);
	qs__store_relaxed(&storm_is_over, 0);
	assert_int_equal(pthread_create(&other, NULL, answer, NULL), 0);
	assert_int_equal(pthread_create(&storm, NULL, rage, &self), 0);
	for (uint32_t turn = 0; turn < 2000; turn += 2) {
		while (qs__load_acquire(&word) != turn)
			(void)qs__park(&word, turn - 1, turn % 4 == 0 ? QS_NEVER : qs_after_ms(1));
		qs__store_release(&word, turn + 1);
		qs__unpark_one(&word);
	}
	qs__store_relaxed(&storm_is_over, 1);
	assert_int_equal(pthread_join(storm, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

/* --------------------------------------------------------------------------------- fork, cancel */

static pid_t forked;

/* What the thread sanitizer does to threads that are parked is not what they do without it. */
static void skip_under_tsan(const char *why)
{
#ifdef __SANITIZE_THREAD__
	print_message("SKIP: the thread sanitizer %s\n", why);
	skip();
#else
	(void)why;
#endif
}

/* The child is a copy of a thread that is asleep in a park. */
static void on_fork(int number)
{
	(void)number;
	forked = fork();
}

static void *fork_once_asleep(void *thread)
{
	(void)qs_sleep(qs_after_ms(20), NULL);	/* no gate can tell that a thread sleeps; awake it forks as well */
	(void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void test_platform_park_is_left_by_a_child_that_a_handler_forked(void **state)
{
	const qs_time limit = patience();
	pthread_t self = pthread_self();
	struct sigaction old;
	pthread_t other;

	(void)state;
	skip_under_tsan("takes the parent's threads for leaks of the child");
	handle(SIGUSR1, on_fork, &old);
	qs__store_release(&word, 0);
	forked = -1;
	assert_int_equal(pthread_create(&other, NULL, fork_once_asleep, &self), 0);
	while (forked < 0)
		(void)qs__park(&word, 0, limit);
	if (forked == 0) {
		/* Nothing of the parent's is in the way of what the child parks on. */
		CHILD_CHECK(qs__park(&word, 0, qs_after_ms(1)) == -ETIMEDOUT);
		qs__unpark_all(&word);
		_exit(0);
	}
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(child_end(forked), 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void *unpark_all_the_time(void *arg)
{
	while (qs__load_relaxed(&storm_is_over) == 0)
		qs__unpark_all(&word);
	return arg;
}

static int unpark_once(void *arg)
{
	(void)arg;
	qs__unpark_all(&word);
	CHILD_CHECK(qs__park(&word, 0, qs_after_ms(1)) == -ETIMEDOUT);
	return 0;
}

/* Whatever the parent's threads were just doing, they are not there to finish it. */
static void test_platform_unpark_in_a_forked_child_waits_for_nobody(void **state)
{
	pthread_t busy[2];

	(void)state;
	assert_true(qs__era_begin() != 0);	/* as whoever has made an object */
	qs__store_release(&word, 0);
	qs__store_relaxed(&storm_is_over, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&busy[i], NULL, unpark_all_the_time, NULL), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(child_run(unpark_once, NULL), 0);
	qs__store_relaxed(&storm_is_over, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(busy[i], NULL), 0);
}

static struct gate is_there = GATE_INIT;
static qs__atomic(uint32_t) came_back;

static void *park_until_set(void *arg)
{
	gate_raise(&is_there);
	(void)await_word();
	qs__store_release(&came_back, 1);
	return arg;
}

/* It would leave its place in whatever list it is parked in. */
static void test_platform_park_is_no_cancellation_point(void **state)
{
	pthread_t thread;

	(void)state;
	skip_under_tsan("parks in slices, between which a thread can be cancelled");
	qs__store_release(&word, 0);
	qs__store_release(&came_back, 0);
	gate_reset(&is_there);
	assert_int_equal(pthread_create(&thread, NULL, park_until_set, NULL), 0);
	gate_await(&is_there, 1);
	assert_int_equal(pthread_cancel(thread), 0);
	set_word();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(qs__load_acquire(&came_back), 1);
}

static void *unpark_while_cancelled(void *arg)
{
	gate_await(&is_there, 1);
	(void)pthread_cancel(pthread_self());
	set_word();
	qs__store_release(&came_back, 1);
	return arg;
}

/* It would take along what it has still to do: others' wakes, somebody's lock. */
static void test_platform_unpark_is_no_cancellation_point(void **state)
{
	const qs_time deadline = patience();
	pthread_t thread;

	(void)state;
	qs__store_release(&word, 0);
	qs__store_release(&came_back, 0);
	gate_reset(&is_there);
	assert_int_equal(pthread_create(&thread, NULL, unpark_while_cancelled, NULL), 0);
	gate_raise(&is_there);
	while (qs__load_acquire(&word) == 0)
		(void)qs__park(&word, 0, deadline);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(qs__load_acquire(&came_back), 1);
}

/* ---------------------------------------------------------------------------------- descriptors */

static void *set_later(void *arg)
{
	gate_await(&is_there, 1);
	set_word();
	return arg;
}

/* A wait needs no descriptor that the system could refuse. */
static void test_platform_park_needs_no_descriptors(void **state)
{
	struct rlimit old;
	pthread_t other;
	qs_time deadline;
	int first = 3;

	(void)state;
	qs__store_release(&word, 0);
	gate_reset(&is_there);
	while (fcntl(first, F_GETFD) >= 0)
		first++;
	assert_int_equal(pthread_create(&other, NULL, set_later, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)first, old.rlim_max }), 0);
	deadline = qs_after_ms(20);
	const int slept = qs_sleep(deadline, NULL);
	const qs_time awake = qs_now();
	gate_raise(&is_there);
	const bool was_woken = await_word();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(slept, 0);
	assert_true(awake >= deadline);
	assert_true(was_woken);
}

/* -------------------------------------------------------------------------------------- threads */

static void stay(void *gate)
{
	gate_await((struct gate *)gate, 1);
}

static void leave_at_once(void *arg)
{
	pthread_exit(arg);
}

static void test_platform_join_waits_until_its_deadline_and_may_come_again(void **state)
{
	static struct gate may_leave = GATE_INIT;
	const qs_time deadline = qs_after_ms(20);
	qs__thread thread;

	(void)state;
	assert_int_equal(qs__thread_start(&thread, stay, &may_leave, 0, "stays"), 0);
	assert_int_equal(qs__thread_join(thread, QS_NOW), -ETIMEDOUT);
	assert_int_equal(qs__thread_join(thread, deadline), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	gate_raise(&may_leave);
	assert_int_equal(qs__thread_join(thread, patience()), 0);
}

static void test_platform_join_sees_a_thread_that_ended_itself(void **state)
{
	qs__thread thread;

	(void)state;
	assert_int_equal(qs__thread_start(&thread, leave_at_once, NULL, 0, "leaves"), 0);
	assert_int_equal(qs__thread_join(thread, patience()), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_platform_park_is_ended_by_a_handler_of_its_own_thread),
		test(test_platform_unpark_in_a_storm_of_handlers),
		test(test_platform_park_is_left_by_a_child_that_a_handler_forked),
		test(test_platform_unpark_in_a_forked_child_waits_for_nobody),
		test(test_platform_park_is_no_cancellation_point),
		test(test_platform_unpark_is_no_cancellation_point),
		test(test_platform_park_needs_no_descriptors),
		test(test_platform_join_waits_until_its_deadline_and_may_come_again),
		test(test_platform_join_sees_a_thread_that_ended_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
