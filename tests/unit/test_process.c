/* SPDX-License-Identifier: MIT */
/*
 * test_process.c - qs_process: waiting for a child, signalling it, ending it with its group.
 *
 * How a child starts is in test_spawn.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/leftovers.h"
#include "support/old_kernel.h"
#include "support/patience.h"
#include "support/platform.h"
#include "support/probe.h"
#include "support/probe_run.h"

static qs_stop *stop_make(void)
{
	qs_stop *stop;

	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	return stop;
}

static qs_process *spawn_words(const char *const *argv)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process;

	options.argv = argv;
	assert_int_equal(qs_process_spawn(&process, &options, NULL), 0);
	return process;
}

static void spawn_mode(qs_process **out, const char *mode, int number)
{
	struct probe_options made;

	probe_options_init(&made, mode, number);
	assert_int_equal(qs_process_spawn(out, &made.options, NULL), 0);
}

/* -------------------------------------------------------------------------------------------------
 * Status
 */

static void test_process_exit_code_is_told_again_and_again(void **state)
{
	const int codes[] = { 0, 1, 42, 255 };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		qs_process *process;

		spawn_mode(&process, "exit", codes[i]);
		for (int times = 0; times < 2; times++) {
			qs_process_status status = QS_PROCESS_STATUS_INIT;

			assert_int_equal(qs_process_wait(process, patience(), NULL, &status), 0);
			assert_int_equal(status.size, sizeof(status));
			assert_int_equal(status.exit_code, codes[i]);
			assert_int_equal(status.signal, 0);
			assert_int_equal(status.dumped_core, 0);
		}
		qs_process_destroy(process);
	}
}

static void test_process_ending_signal_is_told(void **state)
{
	const int signals[] = { SIGTERM, SIGKILL, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		qs_process_status status = QS_PROCESS_STATUS_INIT;
		qs_process *process;

		spawn_mode(&process, "raise", signals[i]);
		assert_int_equal(qs_process_wait(process, patience(), NULL, &status), 0);
		assert_int_equal(status.exit_code, -1);
		assert_int_equal(status.signal, signals[i]);
		qs_process_destroy(process);
	}
}

static void test_process_usage_is_told(void **state)
{
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process;

	(void)state;
	skip_on_posix(POSIX_NO_USAGE);
	spawn_mode(&process, "exit", 0);
	assert_int_equal(qs_process_wait(process, patience(), NULL, &status), 0);
	assert_true(status.usage.ru_maxrss > 0);
	assert_true(status.usage.ru_minflt > 0);
	assert_in_range(status.usage.ru_utime.tv_usec, 0, 999999);
	qs_process_destroy(process);
}

/* -------------------------------------------------------------------------------------------------
 * Waiting
 */

static void test_process_wait_ends_at_the_deadline(void **state)
{
	struct probe probe;
	const qs_time past[] = { QS_NOW, -1, INT64_MIN, 1 };

	(void)state;
	probe_start(&probe, "pause");
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		assert_int_equal(qs_process_wait(probe.process, past[i], NULL, NULL), -ETIMEDOUT);
	const qs_time deadline = qs_after_ms(20);
	assert_int_equal(qs_process_wait(probe.process, deadline, NULL, NULL), -ETIMEDOUT);
	assert_true(qs_now() >= deadline);
	probe_end(&probe);
}

static void test_process_wait_end_beats_stop_beats_deadline(void **state)
{
	struct probe probe;
	qs_stop *stop = stop_make();

	(void)state;
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_process_wait(probe.process, QS_NEVER, stop, NULL), -ECANCELED);
	assert_int_equal(qs_process_wait(probe.process, QS_NOW, stop, NULL), -ECANCELED);
	assert_int_equal(qs_process_signal(probe.process, SIGKILL), 0);
	assert_true(qs_wait_fd(qs_process_fd_of(probe.process), POLLIN, patience(), NULL) > 0);
	assert_int_equal(qs_process_wait(probe.process, QS_NOW, stop, NULL), 0);
	probe_end(&probe);
	qs_stop_release(stop);
}

struct waiter {
	pthread_t thread;
	qs_process *process;
	qs_stop *stop;
	int result;
	qs_process_status status;
};

static void *wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;

	waiter->result = qs_process_wait(waiter->process, QS_NEVER, waiter->stop, &waiter->status);
	return NULL;
}

static void waiter_start(struct waiter *waiter, qs_process *process, qs_stop *stop)
{
	*waiter = (struct waiter){ .process = process, .stop = stop, .status = QS_PROCESS_STATUS_INIT };
	assert_int_equal(pthread_create(&waiter->thread, NULL, wait_for_ever, waiter), 0);
}

static int waiter_result(struct waiter *waiter)
{
	assert_int_equal(pthread_join(waiter->thread, NULL), 0);
	return waiter->result;
}

static void test_process_wait_is_woken_by_a_stop(void **state)
{
	struct probe probe;
	struct waiter waiter;
	qs_stop *stop = stop_make();

	(void)state;
	probe_start(&probe, "pause");
	waiter_start(&waiter, probe.process, stop);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(waiter_result(&waiter), -ECANCELED);
	probe_end(&probe);
	qs_stop_release(stop);
}

static void test_process_all_waiters_learn_the_end(void **state)
{
	struct probe probe;
	struct waiter waiters[8];
	const size_t count = sizeof(waiters) / sizeof(waiters[0]);

	(void)state;
	probe_start(&probe, "pause");
	for (size_t i = 0; i < count; i++)
		waiter_start(&waiters[i], probe.process, NULL);
	assert_int_equal(qs_process_signal(probe.process, SIGTERM), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(waiter_result(&waiters[i]), 0);
		assert_int_equal(waiters[i].status.signal, SIGTERM);
	}
	probe_end(&probe);
}

/* FAILURES D14. */
static void test_process_d14_a_hundred_that_end_at_once_are_all_told(void **state)
{
	enum { COUNT = 100 };
	const char *const argv[] = { "cat", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *processes[COUNT];
	qs_process_fd map = { 0, -1 };
	int gate[2];

	(void)state;
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	map.ours = gate[0];
	options.argv = argv;
	options.fds = &map;
	options.fd_count = 1;
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(qs_process_spawn(&processes[i], &options, NULL), 0);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(qs_process_wait(processes[i], QS_NOW, NULL, NULL), -ETIMEDOUT);
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < COUNT; i++) {
		qs_process_status status = QS_PROCESS_STATUS_INIT;

		assert_int_equal(qs_process_wait(processes[i], patience(), NULL, &status), 0);
		assert_int_equal(status.exit_code, 0);
		qs_process_destroy(processes[i]);
	}
}

/* -------------------------------------------------------------------------------------------------
 * The status is taken by somebody else
 */

/* FAILURES D5. */
static void test_process_d5_ignored_sigchld_loses_the_status_and_says_so(void **state)
{
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	struct sigaction old;
	struct probe probe;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_IGN }, &old), 0);
	probe_start(&probe, "pause");
	assert_int_equal(qs_process_signal(probe.process, SIGKILL), 0);
	for (int times = 0; times < 2; times++)
		assert_int_equal(qs_process_wait(probe.process, patience(), NULL, &status), -QS_ELOST);
	assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
	assert_int_equal(status.signal, 0);	/* untouched */
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, NULL), -QS_ELOST);
	probe_end(&probe);
}

/* FAILURES D6. */
static void test_process_d6_a_host_that_reaps_everything_loses_the_status(void **state)
{
	qs_process *process;
	struct waiter waiter;

	(void)state;
	spawn_mode(&process, "exit", 3);
	assert_int_equal(waitpid(-1, NULL, 0), qs_process_pid(process));
	waiter_start(&waiter, process, NULL);
	assert_int_equal(waiter_result(&waiter), -QS_ELOST);
	assert_int_equal(qs_process_signal(process, SIGTERM), -ESRCH);
	qs_process_destroy(process);
}

static int can_signal_groups_by_pidfd(void)
{
	const int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	const int rc = (int)syscall(SYS_pidfd_send_signal, fd, 0, NULL, 4);
	const int error = errno;

	close(fd);
	return rc == 0 || error != EINVAL;
}

/* The number may be somebody else's by now, so only the pidfd can tell whom is meant. */
static void test_process_d6_the_group_of_a_lost_leader_is_ended(void **state)
{
	struct probe probe;

	(void)state;
	skip_on_posix(POSIX_NO_PIDFD);
	if (!can_signal_groups_by_pidfd()) {
		print_message("SKIP: no signals to groups through a pidfd before Linux 6.9\n");
		skip();
	}
	probe_start(&probe, "orphan");
	assert_int_equal(waitpid(-1, NULL, 0), qs_process_pid(probe.process));
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, NULL), -QS_ELOST);
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

/* -------------------------------------------------------------------------------------------------
 * Signals
 */

static void test_process_signal_reaches_the_group(void **state)
{
	struct probe probe;

	(void)state;
	probe_start(&probe, "parent");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_signal(probe.process, SIGUSR1), 0);
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

static void test_process_signal_after_the_wait_reaches_nobody(void **state)
{
	qs_process *process;

	(void)state;
	spawn_mode(&process, "exit", 0);
	assert_true(qs_wait_fd(qs_process_fd_of(process), POLLIN, patience(), NULL) > 0);
	assert_int_equal(qs_process_signal(process, SIGTERM), 0);	/* a zombie takes it, and the number is safe */
	assert_int_equal(qs_process_wait(process, QS_NOW, NULL, NULL), 0);
	assert_int_equal(qs_process_signal(process, SIGTERM), -ESRCH);
	qs_process_destroy(process);
}

/* -------------------------------------------------------------------------------------------------
 * The end
 */

static void test_process_end_polite_request_is_enough(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, &status), 0);
	assert_int_equal(status.signal, SIGTERM);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, &status), 0);
	probe_end(&probe);
}

/* FAILURES D10. */
static void test_process_d10_end_kills_who_ignores_the_request_after_the_grace(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	probe_start(&probe, "stubborn");
	probe_await_ready(&probe);
	const qs_time grace = qs_after_ms(50);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, grace, NULL, &status), 0);
	assert_true(qs_now() >= grace);
	assert_int_equal(status.signal, SIGKILL);
	probe_end(&probe);
}

static void test_process_d10_end_continues_who_is_stopped(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	siginfo_t info;

	(void)state;
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_signal(probe.process, SIGSTOP), 0);
	assert_int_equal(waitid(P_PID, (id_t)qs_process_pid(probe.process), &info, WSTOPPED), 0);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, &status), 0);
	assert_int_equal(status.signal, SIGTERM);
	probe_end(&probe);
}

static void test_process_end_by_kill_has_no_grace(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	probe_start(&probe, "stubborn");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_end(probe.process, SIGKILL, QS_NEVER, NULL, &status), 0);
	assert_int_equal(status.signal, SIGKILL);
	probe_end(&probe);
}

struct ender {
	pthread_t thread;
	qs_process *process;
	qs_stop *hard;
	int result;
};

static void *end_without_limit(void *arg)
{
	struct ender *ender = arg;

	ender->result = qs_process_end(ender->process, SIGTERM, QS_NEVER, ender->hard, NULL);
	return NULL;
}

static void ender_start(struct ender *ender, qs_process *process, qs_stop *hard)
{
	*ender = (struct ender){ .process = process, .hard = hard };
	assert_int_equal(pthread_create(&ender->thread, NULL, end_without_limit, ender), 0);
}

static int ender_result(struct ender *ender)
{
	assert_int_equal(pthread_join(ender->thread, NULL), 0);
	return ender->result;
}

static void test_process_end_hard_token_ends_the_grace(void **state)
{
	struct probe probe;
	struct ender ender;
	qs_stop *hard = stop_make();
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	probe_start(&probe, "stubborn");
	probe_await_ready(&probe);
	ender_start(&ender, probe.process, hard);
	assert_int_equal(qs_stop_ask(hard, 0, NULL), 1);
	assert_int_equal(ender_result(&ender), 0);
	assert_int_equal(qs_process_wait(probe.process, QS_NOW, NULL, &status), 0);
	assert_int_equal(status.signal, SIGKILL);
	probe_end(&probe);
	qs_stop_release(hard);
}

static void test_process_end_kills_the_stubborn_rest_of_the_group(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	skip_on_posix(POSIX_NO_GROUPS);
	probe_start(&probe, "parent");
	probe_await_ready(&probe);
	const qs_time grace = qs_after_ms(50);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, grace, NULL, &status), 0);
	assert_true(qs_now() >= grace);
	assert_int_equal(status.signal, SIGTERM);	/* the leader's own end; only its child was killed */
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

/* FAILURES D3: the leader has been dead for long, its group has not. */
static void test_process_d3_end_reaches_the_group_of_a_dead_leader(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	probe_start(&probe, "orphan");
	assert_true(qs_wait_fd(qs_process_fd_of(probe.process), POLLIN, patience(), NULL) > 0);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NOW, NULL, &status), 0);
	assert_int_equal(status.exit_code, 0);
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

/*
 * Had it waited for the leader alone, it would have killed the second one
 * before that could say a word.
 */
static void test_process_end_grants_the_grace_to_the_whole_group(void **state)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	char text[8];

	(void)state;
	skip_on_posix(POSIX_NO_GROUPS);
	probe_start(&probe, "tidy");
	probe_await_ready(&probe);
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, &status), 0);
	assert_int_equal(status.signal, SIGTERM);
	probe_read(&probe, text, sizeof(text));
	assert_string_equal(text, "d");		/* said by the second when it was done */
	probe_end(&probe);
}

static void test_process_end_and_wait_at_the_same_time_agree(void **state)
{
	struct probe probe;
	struct waiter waiter;
	struct ender enders[2];
	qs_stop *hard = stop_make();

	(void)state;
	probe_start(&probe, "parent");
	probe_await_ready(&probe);
	waiter_start(&waiter, probe.process, NULL);
	for (int i = 0; i < 2; i++)
		ender_start(&enders[i], probe.process, hard);
	assert_int_equal(waiter_result(&waiter), 0);	/* learns of the leader's end while its child lives on */
	assert_int_equal(waiter.status.signal, SIGTERM);
	assert_int_equal(qs_stop_ask(hard, 0, NULL), 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ender_result(&enders[i]), 0);
	probe_assert_all_gone(&probe);
	probe_end(&probe);
	qs_stop_release(hard);
}

static void test_process_end_after_the_wait_leaves_the_group_alone(void **state)
{
	struct probe probe;

	(void)state;
	probe_start(&probe, "orphan");
	probe_wait(&probe, NULL);
	assert_int_equal(qs_process_end(probe.process, SIGKILL, QS_NOW, NULL, NULL), 0);
	assert_int_equal(qs_wait_fd(probe.out, POLLIN, QS_NOW, NULL), -ETIMEDOUT);	/* the orphan holds it */
	assert_int_equal(kill(-qs_process_pid(probe.process), SIGKILL), 0);
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

static void test_process_destroy_ends_child_and_group(void **state)
{
	struct probe probe;

	(void)state;
	probe_start(&probe, "parent");
	probe_await_ready(&probe);
	qs_process_destroy(probe.process);
	probe.process = NULL;
	probe_assert_all_gone(&probe);
	probe_end(&probe);
}

/* -------------------------------------------------------------------------------------------------
 * A child that the kernel does not let go
 */

static char freezer[64];

static int write_text(const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", freezer, name);
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const ssize_t bytes = write(fd, text, strlen(text));
	close(fd);
	return bytes < 0 ? -1 : 0;
}

static int freezer_make(void **state)
{
	(void)snprintf(freezer, sizeof(freezer), "/sys/fs/cgroup/freezer/quiesce-test-%d", (int)getpid());
	if (mkdir(freezer, 0700) < 0)
		freezer[0] = '\0';
	return leftovers_note(state);
}

static int freezer_remove(void **state)
{
	if (freezer[0] != '\0')
		(void)rmdir(freezer);
	return leftovers_check(state);
}

/* FAILURES D10. */
static void test_process_d10_end_reports_a_child_that_does_not_die(void **state)
{
	struct probe probe;
	char pid[16];

	(void)state;
	if (freezer[0] == '\0') {
		print_message("SKIP: no cgroup v1 freezer that we may use\n");
		skip();
	}
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	(void)snprintf(pid, sizeof(pid), "%d", (int)qs_process_pid(probe.process));
	assert_int_equal(write_text("cgroup.procs", pid), 0);
	assert_int_equal(write_text("freezer.state", "FROZEN"), 0);
	const qs_time begin = qs_now();
	const int rc = qs_process_end(probe.process, SIGTERM, QS_NOW, NULL, NULL);
	const qs_time end = qs_now();
	assert_int_equal(write_text("freezer.state", "THAWED"), 0);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_true(end - begin >= 5 * INT64_C(1000000000));
	probe_wait(&probe, NULL);
	probe_end(&probe);
}

/* -------------------------------------------------------------------------------------------------
 * Bad calls
 */

static void test_process_bad_arguments_are_refused(void **state)
{
	const char *const argv[] = { "true", NULL };
	qs_process *process = spawn_words(argv);
	qs_process_status newer = QS_PROCESS_STATUS_INIT;

	(void)state;
	newer.size++;
	assert_int_equal(qs_process_pid(NULL), -EINVAL);
	assert_int_equal(qs_process_fd_of(NULL), -EINVAL);
	assert_int_equal(qs_process_signal(NULL, SIGTERM), -EINVAL);
	assert_int_equal(qs_process_signal(process, 0), -EINVAL);
	assert_int_equal(qs_process_signal(process, -SIGTERM), -EINVAL);
	assert_int_equal(qs_process_signal(process, SIGRTMAX + 1), -EINVAL);
	assert_int_equal(qs_process_wait(NULL, QS_NOW, NULL, NULL), -EINVAL);
	assert_int_equal(qs_process_wait(process, QS_NOW, NULL, &newer), -EINVAL);
	assert_int_equal(qs_process_end(NULL, SIGTERM, QS_NOW, NULL, NULL), -EINVAL);
	assert_int_equal(qs_process_end(process, 0, QS_NOW, NULL, NULL), -EINVAL);
	assert_int_equal(qs_process_end(process, SIGTERM, QS_NOW, NULL, &newer), -EINVAL);
	qs_process_destroy(NULL);
	qs_process_destroy(process);
}

static int try_all_calls(qs_process *process)
{
	int wrong = 0;

	wrong += qs_process_pid(process) != -QS_EFORKED;
	wrong += qs_process_fd_of(process) != -QS_EFORKED;
	wrong += qs_process_signal(process, SIGKILL) != -QS_EFORKED;
	wrong += qs_process_wait(process, QS_NEVER, NULL, NULL) != -QS_EFORKED;
	wrong += qs_process_end(process, SIGKILL, QS_NEVER, NULL, NULL) != -QS_EFORKED;
	qs_process_destroy(process);
	return wrong;
}

static void test_process_forked_child_is_told_and_leaves_ours_alone(void **state)
{
	struct probe probe;
	int status;

	(void)state;
	probe_start(&probe, "pause");
	probe_await_ready(&probe);
	const pid_t pid = fork();
	if (pid == 0)
		_exit(try_all_calls(probe.process));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(qs_process_wait(probe.process, QS_NOW, NULL, NULL), -ETIMEDOUT);
	probe_end(&probe);
}

static void test_process_all_of_this_on_an_older_kernel(void **state)
{
	(void)state;
	const int code = old_kernel_run_again("test_process_*all_of_this*");
	if (code == OLD_KERNEL_SKIP) {
		print_message("SKIP: no system call filter may be set here\n");
		skip();
	}
	assert_int_equal(code, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_process_exit_code_is_told_again_and_again),
		TEST(test_process_ending_signal_is_told),
		TEST(test_process_usage_is_told),
		TEST(test_process_wait_ends_at_the_deadline),
		TEST(test_process_wait_end_beats_stop_beats_deadline),
		TEST(test_process_wait_is_woken_by_a_stop),
		TEST(test_process_all_waiters_learn_the_end),
		TEST(test_process_d14_a_hundred_that_end_at_once_are_all_told),
		TEST(test_process_d5_ignored_sigchld_loses_the_status_and_says_so),
		TEST(test_process_d6_a_host_that_reaps_everything_loses_the_status),
		TEST(test_process_d6_the_group_of_a_lost_leader_is_ended),
		TEST(test_process_signal_reaches_the_group),
		TEST(test_process_signal_after_the_wait_reaches_nobody),
		TEST(test_process_end_polite_request_is_enough),
		TEST(test_process_d10_end_kills_who_ignores_the_request_after_the_grace),
		TEST(test_process_d10_end_continues_who_is_stopped),
		TEST(test_process_end_by_kill_has_no_grace),
		TEST(test_process_end_hard_token_ends_the_grace),
		TEST(test_process_end_kills_the_stubborn_rest_of_the_group),
		TEST(test_process_d3_end_reaches_the_group_of_a_dead_leader),
		TEST(test_process_end_grants_the_grace_to_the_whole_group),
		TEST(test_process_end_and_wait_at_the_same_time_agree),
		TEST(test_process_end_after_the_wait_leaves_the_group_alone),
		TEST(test_process_destroy_ends_child_and_group),
		cmocka_unit_test_setup_teardown(test_process_d10_end_reports_a_child_that_does_not_die, freezer_make,
						freezer_remove),
		TEST(test_process_bad_arguments_are_refused),
		TEST(test_process_forked_child_is_told_and_leaves_ours_alone),
		TEST(test_process_all_of_this_on_an_older_kernel),
	};

	if (probe_is_asked(argc, argv))
		probe_main(argc, argv);
	(void)old_kernel_if_asked(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
