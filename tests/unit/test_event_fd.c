/* SPDX-License-Identifier: MIT */
/*
 * test_event_fd.c - a descriptor that is readable or not, on eventfd and on a pipe.
 *
 * Each test is done twice, in a child of its own: as the system is, and with eventfd refused
 * by a system call filter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/event_fd.h"
#include "support/child.h"
#include "support/leftovers.h"

#define CHILD_SKIP 77
#define MORE_THAN_A_PIPE_HOLDS (1 << 17)	/* sets: a pipe has 64 KiB unless told otherwise */

static int refuse_eventfd(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_eventfd2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int without_eventfd(void *arg)
{
	child_fn *const *body = arg;

	return refuse_eventfd() == 0 ? (*body)(NULL) : CHILD_SKIP;
}

static void do_twice(child_fn *body)
{
	int status = child_run(body, NULL);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	status = child_run(without_eventfd, &body);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool is_readable(const struct qs__event_fd *event)
{
	struct pollfd wanted = { event->fd, POLLIN, 0 };

	return qs__poll(&wanted, 1, QS_NOW) == 1 && wanted.revents == POLLIN;
}

static int set_and_clear(void *arg)
{
	struct qs__event_fd event = QS__EVENT_FD_NONE;

	(void)arg;
	CHILD_CHECK(qs__event_fd_open(&event) == 0);
	CHILD_CHECK(!is_readable(&event));
	qs__event_fd_clear(&event);
	CHILD_CHECK(!is_readable(&event));
	for (int round = 0; round < 2; round++) {
		qs__event_fd_set(&event);
		CHILD_CHECK(is_readable(&event) && is_readable(&event));
		qs__event_fd_set(&event);
		qs__event_fd_clear(&event);
		CHILD_CHECK(!is_readable(&event));
	}
	qs__event_fd_close(&event);
	return 0;
}

static void test_event_fd_is_readable_while_it_is_set(void **state)
{
	(void)state;
	do_twice(set_and_clear);
}

static int set_without_end(void *arg)
{
	struct qs__event_fd event = QS__EVENT_FD_NONE;

	(void)arg;
	CHILD_CHECK(qs__event_fd_open(&event) == 0);
	errno = ERANGE;
	for (int i = 0; i < MORE_THAN_A_PIPE_HOLDS; i++)
		qs__event_fd_set(&event);
	CHILD_CHECK(is_readable(&event));
	qs__event_fd_clear(&event);
	CHILD_CHECK(!is_readable(&event));
	CHILD_CHECK(errno == ERANGE);
	qs__event_fd_close(&event);
	return 0;
}

static void test_event_fd_one_clear_takes_back_any_number_of_sets(void **state)
{
	(void)state;
	do_twice(set_without_end);
}

static int open_and_close(void *arg)
{
	const int before = leftovers_fds();
	struct qs__event_fd event = QS__EVENT_FD_NONE;

	(void)arg;
	CHILD_CHECK(qs__event_fd_open(&event) == 0);
	CHILD_CHECK(fcntl(event.fd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fcntl(event.writer, F_GETFD) == FD_CLOEXEC);
	qs__event_fd_close(&event);
	CHILD_CHECK(leftovers_fds() == before);
	return 0;
}

static void test_event_fd_leaves_nothing_open(void **state)
{
	(void)state;
	do_twice(open_and_close);
}

static int open_without_room(void *arg)
{
	struct qs__event_fd event = QS__EVENT_FD_NONE;
	struct rlimit none;

	(void)arg;
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &none) == 0);
	none.rlim_cur = 0;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	errno = ERANGE;
	CHILD_CHECK(qs__event_fd_open(&event) == -EMFILE);
	CHILD_CHECK(errno == ERANGE);
	CHILD_CHECK(event.fd == -1 && event.writer == -1);
	return 0;
}

static void test_event_fd_b4_no_descriptor_left_is_said(void **state)
{
	(void)state;
	do_twice(open_without_room);
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_event_fd_is_readable_while_it_is_set),
		test(test_event_fd_one_clear_takes_back_any_number_of_sets),
		test(test_event_fd_leaves_nothing_open),
		test(test_event_fd_b4_no_descriptor_left_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
