/* SPDX-License-Identifier: MIT */
/*
 * test_as_completed_fd.c - the descriptor of a set: readable while there is
 * something to hand out (A16).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/pools.h"

#define MS_PER_S 1000

static int patience_ms(void)
{
	return (int)(30 * MS_PER_S * patience_scale());
}

static qs_as_completed *set_make(qs_future *const *futures, size_t count)
{
	qs_as_completed *set = NULL;

	assert_int_equal(qs_as_completed_create(&set, futures, count), 0);
	return set;
}

static bool is_readable_within(int fd, int ms)
{
	struct pollfd wanted = { fd, POLLIN, 0 };
	const int ready = poll(&wanted, 1, ms);

	assert_true(ready >= 0);
	assert_true(ready == 0 || wanted.revents == POLLIN);
	return ready == 1;
}

/* Hands out until nothing is left; returns how many. */
static int hand_out(qs_as_completed *set)
{
	qs_future *future;
	int count = 0;

	while (qs_as_completed_next(set, &future, QS_NOW, NULL) == 1) {
		assert_int_equal(qs_future_is_ended(future), 1);
		count++;
	}
	return count;
}

static void test_as_completed_fd_is_readable_when_a_future_ends_and_not_when_none_is_left(void **state)
{
	struct hold holds[2] = { HOLD_INIT, HOLD_INIT };
	qs_pool *pool = pool_make(2);
	qs_future *futures[2] = { task_submit(pool, body_hold, &holds[0]), task_submit(pool, body_hold, &holds[1]) };
	qs_as_completed *set = set_make(futures, 2);
	const int fd = qs_as_completed_fd(set);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(qs_as_completed_fd(set), fd);
	assert_false(is_readable_within(fd, 0));
	for (int i = 0; i < 2; i++) {
		gate_raise(&holds[i].leave);
		assert_true(is_readable_within(fd, patience_ms()));
		assert_true(is_readable_within(fd, 0));
		assert_int_equal(hand_out(set), 1);
		assert_false(is_readable_within(fd, 0));
	}
	qs_as_completed_destroy(set);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	task_end(futures[0], QS_DONE);
	task_end(futures[1], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

#define SOME 5

/* What ended before anybody wanted a descriptor; and it stays readable until the last one is out. */
static void test_as_completed_fd_made_late_tells_of_what_has_ended(void **state)
{
	qs_pool *pool = pool_make(2);
	qs_future *futures[SOME];
	qs_future *future;
	qs_as_completed *set;
	int fd;

	(void)state;
	for (int i = 0; i < SOME; i++)
		futures[i] = task_submit(pool, body_return, NULL);
	set = set_make(futures, SOME);
	assert_int_equal(qs_wait_all(futures, SOME, patience(), NULL), 0);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, NULL), 1);
	fd = qs_as_completed_fd(set);
	for (int i = 1; i < SOME; i++) {
		assert_true(is_readable_within(fd, patience_ms()));
		assert_int_equal(qs_as_completed_next(set, &future, QS_NOW, NULL), 1);
	}
	assert_int_equal(qs_as_completed_next(set, &future, QS_NOW, NULL), 0);
	assert_false(is_readable_within(fd, 0));
	/* One that has ended when it is added is told, too. */
	assert_int_equal(qs_as_completed_add(set, futures[0]), 1);
	assert_true(is_readable_within(fd, 0));
	assert_int_equal(hand_out(set), 1);
	assert_false(is_readable_within(fd, 0));
	qs_as_completed_destroy(set);
	for (int i = 0; i < SOME; i++)
		task_end(futures[i], QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

/* Taken back by a call that waits, too: a stop and a deadline leave the descriptor as it should be. */
static void test_as_completed_fd_beside_a_wait(void **state)
{
	struct hold hold = HOLD_INIT;
	qs_pool *pool = pool_make(1);
	qs_future *held = task_submit(pool, body_hold, &hold);
	qs_as_completed *set = set_make(&held, 1);
	const int fd = qs_as_completed_fd(set);
	qs_stop *stop;
	qs_future *future;

	(void)state;
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, stop), -ECANCELED);
	assert_false(is_readable_within(fd, 0));
	assert_int_equal(qs_as_completed_next(set, &future, qs_after_ms(1), NULL), -ETIMEDOUT);
	assert_false(is_readable_within(fd, 0));
	gate_raise(&hold.leave);
	assert_int_equal(qs_wait(held, patience(), NULL), 0);
	assert_int_equal(qs_as_completed_next(set, &future, QS_NEVER, stop), 1);
	assert_int_equal(hand_out(set), 0);
	assert_false(is_readable_within(fd, 0));
	qs_as_completed_destroy(set);
	qs_stop_release(stop);
	task_end(held, QS_DONE);
	(void)pool_end(pool, QS_DRAIN);
}

#define STREAM 20000
#define IN_FLIGHT 8

static qs_future *submit_one(qs_pool *pool, qs_as_completed *set, atomic_uint *runs)
{
	qs_future *future = task_submit(pool, body_count, runs);

	assert_int_equal(qs_as_completed_add(set, future), 1);
	return future;
}

/*
 * An event loop that submits one for each that ends; `at_once` = how many it takes
 * for one event: one, or all.
 */
static void loop(uint32_t events, int at_once)
{
	atomic_uint runs = 0;
	qs_pool *pool = pool_make(2);
	qs_as_completed *set = set_make(NULL, 0);
	struct epoll_event event = { .events = events };
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	int submitted = 0, ended = 0;

	assert_true(epoll >= 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, qs_as_completed_fd(set), &event), 0);
	for (; submitted < IN_FLIGHT; submitted++)
		qs_future_release(submit_one(pool, set, &runs));
	while (ended < STREAM) {
		qs_future *future;

		assert_int_equal(epoll_wait(epoll, &event, 1, patience_ms()), 1);
		for (int i = 0; i < at_once && qs_as_completed_next(set, &future, QS_NOW, NULL) == 1; i++, ended++) {
			if (submitted < STREAM)
				qs_future_release(submit_one(pool, set, &runs));
			submitted += submitted < STREAM;
		}
	}
	assert_int_equal(ended, STREAM);
	assert_int_equal(runs, STREAM);
	assert_int_equal(hand_out(set), 0);
	assert_false(is_readable_within(qs_as_completed_fd(set), 0));
	(void)close(epoll);
	qs_as_completed_destroy(set);
	(void)pool_end(pool, QS_DRAIN);
}

static void test_as_completed_fd_level_triggered_loop_takes_all_or_one_at_a_time(void **state)
{
	(void)state;
	loop(EPOLLIN, STREAM);
	loop(EPOLLIN, 1);
}

static void test_as_completed_fd_edge_triggered_loop_takes_all(void **state)
{
	(void)state;
	loop(EPOLLIN | EPOLLET, STREAM);
}

/* Pools have threads: the limit is set in a child, where nobody minds. */
static int ask_without_descriptors(void *arg)
{
	struct rlimit old, none;
	qs_as_completed *set = NULL;
	qs_pool *pool = NULL;
	qs_future *future = NULL;

	(void)arg;
	CHILD_CHECK(qs_pool_create(&pool, NULL) == 0);
	CHILD_CHECK(qs_submit(&future, pool, body_return, NULL) == 0);
	CHILD_CHECK(qs_as_completed_create(&set, &future, 1) == 0);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	none = old;
	none.rlim_cur = 0;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHILD_CHECK(qs_as_completed_fd(set) == -EMFILE);
	/* The set goes on without, and has one when there is one. */
	CHILD_CHECK(qs_as_completed_next(set, &future, patience(), NULL) == 1);
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	CHILD_CHECK(qs_as_completed_fd(set) >= 0);
	qs_as_completed_destroy(set);
	return 0;
}

static void test_as_completed_fd_b4_no_descriptor_left_is_said(void **state)
{
	int status = child_run(ask_without_descriptors, NULL);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_as_completed_fd_is_readable_when_a_future_ends_and_not_when_none_is_left),
		test(test_as_completed_fd_made_late_tells_of_what_has_ended),
		test(test_as_completed_fd_beside_a_wait),
		test(test_as_completed_fd_level_triggered_loop_takes_all_or_one_at_a_time),
		test(test_as_completed_fd_edge_triggered_loop_takes_all),
		test(test_as_completed_fd_b4_no_descriptor_left_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
