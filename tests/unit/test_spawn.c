/* SPDX-License-Identifier: MIT */
/*
 * test_spawn.c - qs_process_spawn: what a child is given, and what is said of
 * one that cannot be started.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/atomic.h"
#include "quiesce.h"
#include "support/leftovers.h"
#include "support/old_kernel.h"
#include "support/patience.h"
#include "support/platform.h"
#include "support/probe.h"
#include "support/probe_run.h"

/* -------------------------------------------------------------------------------------------------
 * Tools
 */

/* Spawns and waits; the exit code, -1000 - n for signal n, or what spawn said. */
static int run(const qs_process_options *options)
{
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process;
	int rc = qs_process_spawn(&process, options, NULL);

	if (rc < 0)
		return rc;
	rc = qs_process_wait(process, patience(), NULL, &status);
	qs_process_destroy(process);
	if (rc < 0)
		return rc;
	return status.signal != 0 ? -1000 - status.signal : status.exit_code;
}

static int run_words(const char *const *argv)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;

	options.argv = argv;
	return run(&options);
}

/* What the probe wrote in the end. */
static void run_probe(const char *mode, const qs_process_options *options, char *out, size_t size)
{
	struct probe probe;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	assert_int_equal(probe_start_with(&probe, mode, options), 0);
	probe_read(&probe, out, size);
	probe_wait(&probe, &status);
	assert_int_equal(status.exit_code, 0);
	probe_end(&probe);
}

/* In a process of its own, for what cannot be undone; the number of checks that failed. */
static int run_forked(int (*body)(void))
{
	int status;
	const pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Says where, since nothing of cmocka's works in a forked process. */
#define WRONG(condition) ((condition) ? (dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition), 1) : 0)

/* -------------------------------------------------------------------------------------------------
 * A folder with files to execute
 */

static char folder[] = "/tmp/quiesce-spawn-XXXXXX";
static char *old_path;

static const char *file_in(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	const int fd = open(file_in(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int folder_make(void **state)
{
	(void)leftovers_note(state);
	memcpy(folder + sizeof(folder) - sizeof("XXXXXX"), "XXXXXX", sizeof("XXXXXX"));
	if (mkdtemp(folder) == NULL)
		return -1;
	old_path = strdup(getenv("PATH"));
	return mkdir(file_in("first"), 0700) | mkdir(file_in("second"), 0700);
}

static int folder_remove(void **state)
{
	static const char *const names[] = { "first/tool", "second/tool", "text", "tool", "first", "second", "" };

	setenv("PATH", old_path, 1);
	free(old_path);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(file_in(names[i]));
	return leftovers_check(state);
}

static void set_path(const char *first, const char *second)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s:%s/%s", folder, first, folder, second);
	setenv("PATH", path, 1);
}

static int run_tool(void)
{
	const char *const argv[] = { "tool", NULL };

	return run_words(argv);
}

/* -------------------------------------------------------------------------------------------------
 * Finding the program
 */

static void test_spawn_path_is_searched_in_order(void **state)
{
	(void)state;
	put_file("second/tool", "#!/bin/sh\nexit 2\n", 0700);
	set_path("none", "second");
	assert_int_equal(run_tool(), 2);
	put_file("first/tool", "#!/bin/sh\nexit 1\n", 0700);
	set_path("first", "second");
	assert_int_equal(run_tool(), 1);
}

static void test_spawn_path_goes_on_after_a_file_that_may_not_be_executed(void **state)
{
	(void)state;
	put_file("first/tool", "#!/bin/sh\nexit 1\n", 0600);
	set_path("first", "second");
	assert_int_equal(run_tool(), -EACCES);
	put_file("second/tool", "#!/bin/sh\nexit 2\n", 0700);
	assert_int_equal(run_tool(), 2);
}

static void test_spawn_empty_path_element_is_the_childs_folder(void **state)
{
	const char *const argv[] = { "tool", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;

	(void)state;
	put_file("tool", "#!/bin/sh\nexit 5\n", 0700);
	options.argv = argv;
	options.directory = folder;
	setenv("PATH", "/none::/none", 1);
	assert_int_equal(run(&options), 5);
}

static void test_spawn_without_path_looks_where_execvp_does(void **state)
{
	const char *const argv[] = { "true", NULL };

	(void)state;
	unsetenv("PATH");
	assert_int_equal(run_words(argv), 0);
}

/* FAILURES D13. */
static void test_spawn_d13_errors_of_exec_are_told(void **state)
{
	const char *name = file_in("text");
	char *huge = calloc(1, 1 << 20);
	const char *const table[][3] = {
		{ "/none/tool", NULL },
		{ "quiesce-no-such-program", NULL },
		{ "", NULL },
		{ folder, NULL },
		{ "/dev/null/tool", NULL },
	};
	const int errors[] = { -ENOENT, -ENOENT, -ENOENT, -EACCES, -ENOTDIR };

	(void)state;
	setenv("PATH", "/usr/bin:/bin", 1);	/* a folder that may not be entered would say -EACCES */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(run_words(table[i]), errors[i]);
	assert_non_null(huge);
	memset(huge, 'x', (1 << 20) - 1);
	assert_int_equal(run_words((const char *const[]){ "true", huge, NULL }), -E2BIG);
	assert_int_equal(run_words((const char *const[]){ huge, NULL }), -ENAMETOOLONG);
	free(huge);
	put_file("text", "neither binary nor script\n", 0700);
	assert_int_equal(run_words((const char *const[]){ name, NULL }), -ENOEXEC);
}

/* As an ordinary user: the limit does not bind root. */
static int spawn_without_room(void)
{
	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 }) < 0)
		return 1;
	return WRONG(run_words((const char *const[]){ "true", NULL }) != -EAGAIN);
}

static void test_spawn_d13_no_more_processes_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(run_forked(spawn_without_room), 0);
}

static int sigchlds;

static void count_sigchld(int number)
{
	(void)number;
	sigchlds++;
}

/* The host must not hear of a child that it never had. */
static void test_spawn_failure_sends_no_sigchld(void **state)
{
	struct sigaction old;

	(void)state;
	skip_on_posix(POSIX_HEARS_OF_FAILED_SPAWNS);
	sigchlds = 0;
	assert_int_equal(sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = count_sigchld }, &old), 0);
	assert_int_equal(run_words((const char *const[]){ "/none/tool", NULL }), -ENOENT);
	assert_int_equal(sigchlds, 0);
	assert_int_equal(run_words((const char *const[]){ "true", NULL }), 0);
	assert_int_equal(sigchlds, 1);
	assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
}

static void test_spawn_keeps_errno(void **state)
{
	(void)state;
	errno = EPROTO;
	const int failed = run_words((const char *const[]){ "/none/tool", NULL });
	const int after_failure = errno;
	const int succeeded = run_words((const char *const[]){ "true", NULL });
	const int after_success = errno;
	assert_int_equal(failed, -ENOENT);
	assert_int_equal(succeeded, 0);
	assert_int_equal(after_failure, EPROTO);
	assert_int_equal(after_success, EPROTO);
}

/* -------------------------------------------------------------------------------------------------
 * Folder, environment, group
 */

static void test_spawn_directory_is_the_childs(void **state)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	char place[256];

	(void)state;
	options.directory = folder;
	run_probe("place", &options, place, sizeof(place));
	assert_string_equal(place, folder);
	options.directory = "/none";
	assert_int_equal(probe_start_with(&(struct probe){ 0 }, "place", &options), -ENOENT);
}

static void test_spawn_environment_is_the_one_given_or_ours(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "exit \"${QUIESCE_TEST:-9}\"", NULL };
	const char *const given[] = { "QUIESCE_TEST=7", NULL };
	const char *const none[] = { NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;

	(void)state;
	options.argv = argv;
	setenv("QUIESCE_TEST", "3", 1);
	assert_int_equal(run(&options), 3);
	options.environment = given;
	assert_int_equal(run(&options), 7);
	options.environment = none;
	assert_int_equal(run(&options), 9);
	unsetenv("QUIESCE_TEST");
}

static void test_spawn_group_is_the_childs_own_when_spawn_returns(void **state)
{
	struct probe probe;
	char text[64];
	char expected[64];

	(void)state;
	assert_int_equal(probe_start_with(&probe, "group", NULL), 0);
	const pid_t pid = qs_process_pid(probe.process);
	assert_int_equal(getpgid(pid), pid);
	probe_read(&probe, text, sizeof(text));
	(void)snprintf(expected, sizeof(expected), "%d %d\n", (int)pid, (int)pid);
	assert_string_equal(text, expected);
	probe_end(&probe);
}

static void test_spawn_same_group_is_ours_and_signals_hit_the_child_alone(void **state)
{
	struct probe probe;
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process_status status = QS_PROCESS_STATUS_INIT;

	(void)state;
	options.flags = QS_PROCESS_SAME_GROUP;
	assert_int_equal(probe_start_with(&probe, "pause", &options), 0);
	probe_await_ready(&probe);
	assert_int_equal(getpgid(qs_process_pid(probe.process)), getpgrp());
	assert_int_equal(qs_process_signal(probe.process, SIGCONT), 0);
	/* If it went to the group, this test would die, too. */
	assert_int_equal(qs_process_end(probe.process, SIGTERM, QS_NEVER, NULL, &status), 0);
	assert_int_equal(status.signal, SIGTERM);
	probe_end(&probe);
}

/* -------------------------------------------------------------------------------------------------
 * Descriptors
 */

static unsigned long inode_of(int fd)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	return (unsigned long)info.st_ino;
}

static unsigned long null_inode(void)
{
	struct stat info;

	assert_int_equal(stat("/dev/null", &info), 0);
	return (unsigned long)info.st_ino;
}

/*
 * The descriptors that the probe should list: those of the map, and /dev/null for what
 * it does not say of 0 to 2.
 */
static void expect_fds(const qs_process_fd *map, size_t count, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	for (int child = 0; child < 4096; child++) {
		unsigned long inode = child < 3 ? null_inode() : 0;

		for (size_t i = 0; i < count; i++) {
			if (map[i].child == child)
				inode = map[i].ours == QS_NULL_FD ? null_inode() : inode_of(map[i].ours);
		}
		if (inode != 0)
			length += (size_t)snprintf(out + length, size - length, "%d %lu\n", child, inode);
	}
}

static void assert_child_has(const qs_process_fd *map, size_t count)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	char expected[1024];
	char text[1024];

	options.fds = map;
	options.fd_count = count;
	expect_fds(map, count, expected, sizeof(expected));
	run_probe("fds", &options, text, sizeof(text));
	assert_string_equal(text, expected);
}

/* Four pipe ends, at numbers that the tests below also use as targets. */
struct ends {
	int fd[4];
};

static struct ends ends_make(void)
{
	struct ends ends;

	assert_int_equal(pipe2(&ends.fd[0], 0), 0);	/* these two lack close-on-exec, as a careless host's do */
	assert_int_equal(pipe2(&ends.fd[2], O_CLOEXEC), 0);
	for (int i = 0; i < 4; i++) {
		const int moved = fcntl(ends.fd[i], i < 2 ? F_DUPFD : F_DUPFD_CLOEXEC, 20);

		close(ends.fd[i]);
		ends.fd[i] = moved;
		assert_int_equal(moved, 20 + i);
	}
	return ends;
}

static void ends_close(const struct ends *ends)
{
	for (int i = 0; i < 4; i++)
		close(ends->fd[i]);
}

/* FAILURES D11. */
static void test_spawn_d11_nothing_but_the_map_is_open(void **state)
{
	const struct ends ends = ends_make();

	(void)state;
	assert_child_has(NULL, 0);
	ends_close(&ends);
}

static void test_spawn_map_is_followed(void **state)
{
	const struct ends ends = ends_make();
	const qs_process_fd plain[] = { { 0, 20 }, { 1, 21 }, { 2, 21 }, { 7, 23 } };
	const qs_process_fd standard[] = { { 2, QS_NULL_FD }, { 0, 0 }, { 9, QS_NULL_FD }, { 1, 2 } };
	const qs_process_fd far[] = { { 1000, 20 }, { 500, 21 } };

	(void)state;
	assert_child_has(plain, 4);
	assert_child_has(standard, 4);
	assert_child_has(far, 2);
	ends_close(&ends);
}

static void test_spawn_map_may_swap_rotate_and_keep(void **state)
{
	const struct ends ends = ends_make();
	const qs_process_fd swap[] = { { 20, 21 }, { 21, 20 } };
	const qs_process_fd rotate[] = { { 20, 21 }, { 21, 22 }, { 22, 23 }, { 23, 20 } };
	const qs_process_fd keep[] = { { 22, 22 }, { 20, 20 } };	/* one with close-on-exec, one without */
	const qs_process_fd chain[] = { { 23, 22 }, { 22, 21 }, { 21, 20 }, { 20, QS_NULL_FD } };
	const qs_process_fd spread[] = { { 4, 20 }, { 5, 20 }, { 6, 20 }, { 20, 23 } };

	(void)state;
	assert_child_has(swap, 2);
	assert_child_has(rotate, 4);
	assert_child_has(keep, 2);
	assert_child_has(chain, 4);
	assert_child_has(spread, 4);
	ends_close(&ends);
}

/* Numbers that copies made on the way would take first. */
static void test_spawn_map_survives_targets_everywhere_low(void **state)
{
	const struct ends ends = ends_make();
	qs_process_fd map[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		map[i] = (qs_process_fd){ i + 4, 20 + i % 4 };
	map[5].ours = QS_NULL_FD;
	assert_child_has(map, 12);
	ends_close(&ends);
}

static void test_spawn_map_of_a_closed_descriptor_is_an_error(void **state)
{
	const qs_process_fd maps[][2] = {
		{ { 5, 999 }, { 0, QS_NULL_FD } },
		{ { 999, 999 }, { 0, QS_NULL_FD } },
		{ { 0, QS_NULL_FD }, { 4, 30 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		const char *const argv[] = { "true", NULL };
		qs_process_options options = QS_PROCESS_OPTIONS_INIT;

		options.argv = argv;
		options.fds = maps[i];
		options.fd_count = 2;
		assert_int_equal(run(&options), -EBADF);
	}
}

static int spawn_without_standard_fds(void)
{
	const char *const script = "test -c /dev/fd/0 && echo x >&1 && echo x >&2 && exit 6";
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process;
	int wrong = 0;

	options.argv = argv;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	wrong += qs_process_spawn(&process, &options, NULL) != 0;
	wrong += qs_process_fd_of(process) < 3;
	qs_process_destroy(process);
	for (int fd = 0; fd < 3; fd++)
		wrong += fcntl(fd, F_GETFD) >= 0;
	wrong += run(&options) != 6;
	return wrong;
}

/* FAILURES E6. */
static void test_spawn_e6_without_standard_descriptors_of_our_own(void **state)
{
	(void)state;
	assert_int_equal(run_forked(spawn_without_standard_fds), 0);
}

/*
 * FAILURES D13: with no descriptor left, with one, with two: an error that leaves nothing, or a
 * good child.  We need one for the pidfd; the child one for /dev/null, and on older kernels another
 * one to list what it has.  Without pidfds there are two pipes besides.
 */
#if QS_PLATFORM_POSIX
#define FDS_ENOUGH 5
#else
#define FDS_ENOUGH 2
#endif

static void test_spawn_d13_exhausted_descriptors_are_an_error(void **state)
{
	const char *const argv[] = { "true", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	struct rlimit old;
	int first = 3;
	int results[FDS_ENOUGH + 2];

	(void)state;
	options.argv = argv;
	while (fcntl(first, F_GETFD) >= 0)
		first++;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (int room = 0; room < FDS_ENOUGH + 2; room++) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)(first + room), old.rlim_max }), 0);
		results[room] = run(&options);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(results[0], -EMFILE);
	for (int room = 1; room < FDS_ENOUGH; room++)
		assert_true(results[room] == 0 || results[room] == -EMFILE);
	assert_int_equal(results[FDS_ENOUGH], 0);
	assert_int_equal(results[FDS_ENOUGH + 1], 0);
}

/* -------------------------------------------------------------------------------------------------
 * Signals
 */

static uint64_t bits_after(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	assert_non_null(at);
	return strtoull(at + strlen(label), NULL, 16);
}

static uint64_t bit(int number)
{
	return UINT64_C(1) << (number - 1);
}

/*
 * Starts a program with this mask and one ignored signal, as nohup and shells do;
 * it spoils both and spawns.
 */
static void run_host(int blocked, int ignored, char *out, size_t size)
{
	int ends[2];
	char number[16];
	int status;

	assert_int_equal(pipe(ends), 0);
	(void)snprintf(number, sizeof(number), "%d", ends[1]);
	const pid_t pid = fork();
	if (pid == 0) {
		sigset_t mask;

		sigemptyset(&mask);
		sigaddset(&mask, blocked);
		(void)sigprocmask(SIG_SETMASK, &mask, NULL);
		(void)signal(ignored, SIG_IGN);
		execl(PROBE_PROGRAM, "test", "probe", "host", number, (char *)NULL);
		_exit(98);
	}
	close(ends[1]);
	probe_read(&(struct probe){ .out = ends[0] }, out, size);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * Libc's own signals, which sigaction() refuses.  Whoever was started by the posix_spawn() of
 * glibc, as by make, ignores them; a system call can change that.
 */
#if QS_PLATFORM_POSIX
#define OUT_OF_REACH (bit(32) | bit(33))
#else
#define OUT_OF_REACH UINT64_C(0)
#endif

/* FAILURES D1, C11. */
static void test_spawn_d1_mask_and_ignored_signals_are_those_of_the_start(void **state)
{
	char text[512];

	(void)state;
	run_host(SIGUSR1, SIGINT, text, sizeof(text));
	assert_int_equal(bits_after(text, "SigBlk:"), bit(SIGUSR1));
	assert_int_equal(bits_after(text, "SigIgn:") & ~OUT_OF_REACH, bit(SIGINT));
}

static void test_spawn_mask_is_the_one_given(void **state)
{
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	sigset_t mask;
	char text[512];

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGRTMAX);
	options.flags = QS_PROCESS_MASK;
	options.mask = &mask;
	run_probe("signals", &options, text, sizeof(text));
	assert_int_equal(bits_after(text, "SigBlk:"), bit(SIGHUP) | bit(SIGRTMAX));
}

static void test_spawn_puts_our_own_mask_back(void **state)
{
	sigset_t mask;
	sigset_t after;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
	const int good = run_words((const char *const[]){ "true", NULL });
	const int bad = run_words((const char *const[]){ "/none/tool", NULL });
	sigemptyset(&mask);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, &after), 0);
	assert_int_equal(good, 0);
	assert_int_equal(bad, -ENOENT);
	for (int number = 1; number < SIGRTMIN; number++)
		assert_int_equal(sigismember(&after, number), number == SIGUSR2);
}

/* Who ran the handler; the child would write here as well, in borrowed memory. */
static pid_t storm_owner;
static qs__atomic(uint32_t) storm_strangers;
static qs__atomic(uint32_t) storm_is_over;

static void on_storm(int number)
{
	(void)number;
	if (getpid() != storm_owner)
		(void)qs__fetch_add_relaxed(&storm_strangers, 1);
}

static void *storm_rages(void *arg)
{
	while (!qs__load_relaxed(&storm_is_over))
		(void)kill(0, SIGUSR1);
	return arg;
}

/* What the program does when it is called with the one word "storm": its group is its own then. */
static int storm_main(void)
{
	const char *const argv[] = { "true", NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	pthread_t thread;
	int wrong = 0;

	options.argv = argv;
	options.flags = QS_PROCESS_SAME_GROUP;
	storm_owner = getpid();
	(void)sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_storm, .sa_flags = SA_RESTART }, NULL);
	if (pthread_create(&thread, NULL, storm_rages, NULL) != 0)
		return 1;
	for (int i = 0; i < 200; i++) {
		const int rc = run(&options);

		wrong += WRONG(rc != 0 && rc != -1000 - SIGUSR1);
	}
	qs__store_relaxed(&storm_is_over, 1);
	(void)pthread_join(thread, NULL);
	wrong += WRONG(qs__load_relaxed(&storm_strangers) != 0);
	return wrong;
}

/* FAILURES C13. */
static void test_spawn_c13_our_handlers_never_run_in_the_child(void **state)
{
	(void)state;
	assert_int_equal(run_words((const char *const[]){ PROBE_PROGRAM, "storm", NULL }), 0);
}

/* -------------------------------------------------------------------------------------------------
 * Stop
 */

static void test_spawn_after_a_stop_starts_nothing(void **state)
{
	struct probe_options made;
	qs_process *process = NULL;
	qs_stop *stop;

	(void)state;
	probe_options_init(&made, "exit", 0);
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	assert_int_equal(qs_stop_ask(stop, 0, NULL), 1);
	assert_int_equal(qs_process_spawn(&process, &made.options, stop), -ECANCELED);
	assert_null(process);
	qs_stop_release(stop);
}

/* A PATH so long that the way through it leaves time for a stop. */
static void set_long_path(void)
{
	enum { FOLDERS = 50000 };
	char *path = malloc(FOLDERS * strlen("/x:") + strlen(old_path) + 1);
	char *end = path;

	assert_non_null(path);
	for (int i = 0; i < FOLDERS; i++)
		end = stpcpy(end, "/x:");
	(void)strcpy(end, old_path);
	setenv("PATH", path, 1);
	free(path);
}

static void *ask_once_a_child_is_there(void *stop)
{
	siginfo_t info;

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		(void)sched_yield();
	(void)qs_stop_ask(stop, 0, NULL);
	return NULL;
}

/* Spawns while another thread asks; what spawn said, and nothing is left. */
static int spawn_and_ask(void)
{
	const char *const argv[] = { "cat", NULL };
	const char *const environment[] = { NULL };	/* without that PATH, which is too long for exec */
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process = NULL;
	qs_stop *stop;
	pthread_t thread;

	options.argv = argv;
	options.environment = environment;
	assert_int_equal(qs_stop_create(&stop, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, ask_once_a_child_is_there, stop), 0);
	const int rc = qs_process_spawn(&process, &options, stop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	qs_process_destroy(process);
	qs_stop_release(stop);
	return rc;
}

/*
 * The stop is asked after the child has been made, so only the second look can see it.  On a
 * busy machine it may be late.
 */
static void test_spawn_stop_asked_meanwhile_ends_the_child(void **state)
{
	int rc = 0;

	(void)state;
	set_long_path();
	for (int attempts = 0; attempts < 50 && rc == 0; attempts++)
		rc = spawn_and_ask();
	assert_int_equal(rc, -ECANCELED);
}

static void *ask(void *stop)
{
	(void)qs_stop_ask(stop, 0, NULL);
	return NULL;
}

/* Whoever wins: a child that the caller has, or -ECANCELED and no child. */
static void test_spawn_racing_a_stop_leaves_no_unknown_child(void **state)
{
	const char *const argv[] = { "cat", NULL };
	int gate[2];

	(void)state;
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	for (int i = 0; i < 100; i++) {
		const qs_process_fd map = { 0, gate[0] };
		qs_process_options options = QS_PROCESS_OPTIONS_INIT;
		qs_process *process = NULL;
		qs_stop *stop;
		pthread_t thread;

		options.argv = argv;
		options.fds = &map;
		options.fd_count = 1;
		assert_int_equal(qs_stop_create(&stop, NULL), 0);
		assert_int_equal(pthread_create(&thread, NULL, ask, stop), 0);
		const int rc = qs_process_spawn(&process, &options, stop);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(rc == 0 || rc == -ECANCELED);
		assert_int_equal(rc == 0, process != NULL);
		qs_process_destroy(process);
		qs_stop_release(stop);
	}
	close(gate[0]);
	close(gate[1]);
}

/* -------------------------------------------------------------------------------------------------
 * Bad calls, other kernels
 */

static void test_spawn_bad_options_are_refused(void **state)
{
	const char *const argv[] = { "true", NULL };
	const char *const empty[] = { NULL };
	const qs_process_fd twice[] = { { 5, 0 }, { 6, 0 }, { 5, 1 } };
	const qs_process_fd negative[] = { { -1, 0 } };
	const qs_process_fd nonsense[] = { { 5, -2 } };
	sigset_t mask;
	qs_process *process = NULL;
	qs_process_options good = QS_PROCESS_OPTIONS_INIT;

	(void)state;
	sigemptyset(&mask);
	good.argv = argv;
	qs_process_options bad[] = { good, good, good, good, good, good, good, good, good, good };
	bad[0].size = sizeof(good) + 8;
	bad[1].size = 0;
	bad[2].flags = 4;
	bad[3].argv = NULL;
	bad[4].argv = empty;
	bad[5].flags = QS_PROCESS_MASK;
	bad[6].mask = &mask;
	bad[7].fd_count = 1;
	bad[8].fds = twice;
	bad[8].fd_count = 3;
	bad[9].fds = negative;
	bad[9].fd_count = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qs_process_spawn(&process, &bad[i], NULL), -EINVAL);
	bad[9].fds = nonsense;
	assert_int_equal(qs_process_spawn(&process, &bad[9], NULL), -EINVAL);
	assert_int_equal(qs_process_spawn(&process, NULL, NULL), -EINVAL);
	assert_int_equal(qs_process_spawn(NULL, &good, NULL), -EINVAL);
	assert_null(process);
}

static int spawn_in_a_fork(void)
{
	return run_words((const char *const[]){ "true", NULL });
}

static void test_spawn_forked_child_may_spawn_its_own(void **state)
{
	(void)state;
	assert_int_equal(run_words((const char *const[]){ "true", NULL }), 0);
	assert_int_equal(run_forked(spawn_in_a_fork), 0);
}

static void test_spawn_all_of_this_on_an_older_kernel(void **state)
{
	(void)state;
	const int code = old_kernel_run_again("test_spawn_all_of_this*");
	if (code == OLD_KERNEL_SKIP) {
		print_message("SKIP: no system call filter may be set here\n");
		skip();
	}
	assert_int_equal(code, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)
#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_spawn_path_is_searched_in_order),
		FOLDER_TEST(test_spawn_path_goes_on_after_a_file_that_may_not_be_executed),
		FOLDER_TEST(test_spawn_empty_path_element_is_the_childs_folder),
		FOLDER_TEST(test_spawn_without_path_looks_where_execvp_does),
		FOLDER_TEST(test_spawn_d13_errors_of_exec_are_told),
		TEST(test_spawn_d13_no_more_processes_is_an_error),
		TEST(test_spawn_failure_sends_no_sigchld),
		TEST(test_spawn_keeps_errno),
		FOLDER_TEST(test_spawn_directory_is_the_childs),
		TEST(test_spawn_environment_is_the_one_given_or_ours),
		TEST(test_spawn_group_is_the_childs_own_when_spawn_returns),
		TEST(test_spawn_same_group_is_ours_and_signals_hit_the_child_alone),
		TEST(test_spawn_d11_nothing_but_the_map_is_open),
		TEST(test_spawn_map_is_followed),
		TEST(test_spawn_map_may_swap_rotate_and_keep),
		TEST(test_spawn_map_survives_targets_everywhere_low),
		TEST(test_spawn_map_of_a_closed_descriptor_is_an_error),
		TEST(test_spawn_e6_without_standard_descriptors_of_our_own),
		TEST(test_spawn_d13_exhausted_descriptors_are_an_error),
		TEST(test_spawn_d1_mask_and_ignored_signals_are_those_of_the_start),
		TEST(test_spawn_mask_is_the_one_given),
		TEST(test_spawn_puts_our_own_mask_back),
		TEST(test_spawn_c13_our_handlers_never_run_in_the_child),
		TEST(test_spawn_after_a_stop_starts_nothing),
		FOLDER_TEST(test_spawn_stop_asked_meanwhile_ends_the_child),
		TEST(test_spawn_racing_a_stop_leaves_no_unknown_child),
		TEST(test_spawn_bad_options_are_refused),
		TEST(test_spawn_forked_child_may_spawn_its_own),
		TEST(test_spawn_all_of_this_on_an_older_kernel),
	};

	if (probe_is_asked(argc, argv))
		probe_main(argc, argv);
	if (argc == 2 && strcmp(argv[1], "storm") == 0)
		return storm_main();
	(void)old_kernel_if_asked(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
