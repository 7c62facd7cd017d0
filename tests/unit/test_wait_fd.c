/* SPDX-License-Identifier: MIT */
/*
 * test_wait_fd.c - qs_wait_fd: which of readiness, stop and deadline ends the wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/patience.h"

struct fixture {
	int in;		/* the reading end of a pipe */
	int out;
	qs_stop *stop;
};

static int fixture_make(void **state)
{
	static struct fixture fixture;
	int ends[2];

	(void)leftovers_note(state);
	if (pipe2(ends, O_CLOEXEC) < 0 || qs_stop_create(&fixture.stop, NULL) < 0)
		return -1;
	fixture.in = ends[0];
	fixture.out = ends[1];
	*state = &fixture;
	return 0;
}

static int fixture_end(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->in);
	close(fixture->out);
	qs_stop_release(fixture->stop);
	return leftovers_check(state);
}

static void make_readable(const struct fixture *fixture)
{
	assert_int_equal(write(fixture->out, "x", 1), 1);
}

static void test_wait_fd_ready_returns_its_events(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(qs_wait_fd(fixture->out, POLLIN | POLLOUT, patience(), NULL), POLLOUT);
	make_readable(fixture);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, patience(), fixture->stop), POLLIN);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, QS_NOW, fixture->stop), POLLIN);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, -1, NULL), POLLIN);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, QS_NEVER, NULL), POLLIN);
}

static void test_wait_fd_hang_up_is_an_event(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->out);
	fixture->out = -1;
	assert_int_equal(qs_wait_fd(fixture->in, 0, patience(), fixture->stop), POLLHUP);
}

static void test_wait_fd_past_deadlines_do_not_wait(void **state)
{
	struct fixture *fixture = *state;
	const qs_time past[] = { QS_NOW, -1, INT64_MIN, 1 };

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		assert_int_equal(qs_wait_fd(fixture->in, POLLIN, past[i], fixture->stop), -ETIMEDOUT);
}

static void test_wait_fd_never_returns_before_its_deadline(void **state)
{
	struct fixture *fixture = *state;
	const qs_time deadline = qs_after_ms(20);

	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, deadline, fixture->stop), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
}

static void test_wait_fd_stop_beats_readiness_and_deadline(void **state)
{
	struct fixture *fixture = *state;

	make_readable(fixture);
	assert_int_equal(qs_stop_ask(fixture->stop, 0, NULL), 1);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, QS_NEVER, fixture->stop), -ECANCELED);
	assert_int_equal(qs_wait_fd(fixture->in, POLLIN, QS_NOW, fixture->stop), -ECANCELED);
}

static void test_wait_fd_bad_descriptors_are_told(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(qs_wait_fd(-1, POLLIN, QS_NEVER, NULL), -EBADF);
	assert_int_equal(qs_wait_fd(-1, POLLIN, QS_NEVER, fixture->stop), -EBADF);
	assert_int_equal(qs_wait_fd(INT_MAX, POLLIN, QS_NEVER, fixture->stop), -EBADF);
}

/* The stop's descriptor cannot be made; the wait says so instead of being deaf to the stop. */
static void test_wait_fd_without_a_descriptor_for_the_stop_fails(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)fixture->out + 1, old.rlim_max }), 0);
	const int rc = qs_wait_fd(fixture->in, POLLIN, QS_NEVER, fixture->stop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(rc, -EMFILE);
}

static void test_wait_fd_forked_child_is_told(void **state)
{
	struct fixture *fixture = *state;
	int status;
	const pid_t pid = fork();

	if (pid == 0)
		_exit(qs_wait_fd(fixture->in, POLLIN, QS_NEVER, fixture->stop) == -QS_EFORKED ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* -------------------------------------------------------------------------------------------------
 * With a second thread
 */

struct waiter {
	pthread_t thread;
	struct fixture *fixture;
	int result;
};

static void *wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = qs_wait_fd(waiter->fixture->in, POLLIN, QS_NEVER, waiter->fixture->stop);
	return NULL;
}

static void waiter_start(struct waiter *waiter, struct fixture *fixture)
{
	waiter->fixture = fixture;
	assert_int_equal(pthread_create(&waiter->thread, NULL, wait_for_ever, waiter), 0);
}

static int waiter_result(struct waiter *waiter)
{
	assert_int_equal(pthread_join(waiter->thread, NULL), 0);
	return waiter->result;
}

static void test_wait_fd_stop_wakes_the_wait(void **state)
{
	struct waiter waiter;

	waiter_start(&waiter, *state);
	assert_int_equal(qs_stop_ask(waiter.fixture->stop, 0, NULL), 1);
	assert_int_equal(waiter_result(&waiter), -ECANCELED);
}

static void test_wait_fd_becoming_ready_wakes_the_wait(void **state)
{
	struct waiter waiter;

	waiter_start(&waiter, *state);
	make_readable(waiter.fixture);
	assert_int_equal(waiter_result(&waiter), POLLIN);
}

static void on_signal(int number)
{
	(void)number;
}

static void test_wait_fd_goes_on_after_signals(void **state)
{
	struct waiter waiter;
	const struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old;

	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	waiter_start(&waiter, *state);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pthread_kill(waiter.thread, SIGUSR1), 0);
	make_readable(waiter.fixture);
	assert_int_equal(waiter_result(&waiter), POLLIN);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_make, fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wait_fd_ready_returns_its_events),
		TEST(test_wait_fd_hang_up_is_an_event),
		TEST(test_wait_fd_past_deadlines_do_not_wait),
		TEST(test_wait_fd_never_returns_before_its_deadline),
		TEST(test_wait_fd_stop_beats_readiness_and_deadline),
		TEST(test_wait_fd_bad_descriptors_are_told),
		TEST(test_wait_fd_without_a_descriptor_for_the_stop_fails),
		TEST(test_wait_fd_forked_child_is_told),
		TEST(test_wait_fd_stop_wakes_the_wait),
		TEST(test_wait_fd_becoming_ready_wakes_the_wait),
		TEST(test_wait_fd_goes_on_after_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
