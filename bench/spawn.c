/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - what a child process costs: start a program and wait for its end,
 * beside the bare system calls.
 *
 *	spawn [ROUNDS [PROGRAM]]	11, /bin/true
 *
 * A program that is linked statically and does nothing shows the difference best: most of what
 * /bin/true costs is its dynamic linker.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <quiesce.h>

#include "support/measure.h"

enum { SPAWNS = 300, ROUNDS = 11, EXEC_FAILED = 127 };

static char true_path[] = "/bin/true";
static char *program = true_path;

static void reap(pid_t pid)
{
	int status;

	measure_must("spawn", pid < 0 ? -errno : 0);
	measure_must("wait", waitpid(pid, &status, 0) < 0 ? -errno : 0);
	measure_must(program, status != 0 ? -ENOEXEC : 0);
}

static void vfork_one(void)
{
	char *const argv[] = { program, NULL };
	const pid_t pid = vfork();

	if (pid == 0) {
		execve(program, argv, environ);
		_exit(EXEC_FAILED);
	}
	reap(pid);
}

static void fork_one(void)
{
	char *const argv[] = { program, NULL };
	const pid_t pid = fork();

	if (pid == 0) {
		execve(program, argv, environ);
		_exit(EXEC_FAILED);
	}
	reap(pid);
}

static void posix_spawn_one(void)
{
	char *const argv[] = { program, NULL };
	pid_t pid = -1;

	measure_must("posix_spawn", -posix_spawn(&pid, program, NULL, NULL, argv, environ));
	reap(pid);
}

static void quiesce_one(void)
{
	const char *const argv[] = { program, NULL };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process *process;

	options.argv = argv;
	measure_must("qs_process_spawn", qs_process_spawn(&process, &options, NULL));
	measure_must("qs_process_wait", qs_process_wait(process, QS_NEVER, NULL, NULL));
	qs_process_destroy(process);
}

static double us_each(void (*spawn_one)(void))
{
	const int64_t begin = measure_now();

	for (int i = 0; i < SPAWNS; i++)
		spawn_one();
	return (double)(measure_now() - begin) / 1e3 / SPAWNS;
}

static double with_vfork(void)
{
	return us_each(vfork_one);
}

static double with_fork(void)
{
	return us_each(fork_one);
}

static double with_posix_spawn(void)
{
	return us_each(posix_spawn_one);
}

static double with_quiesce(void)
{
	return us_each(quiesce_one);
}

int main(int argc, char **argv)
{
	const unsigned rounds = measure_rounds(argc, argv, ROUNDS);

	if (argc > 2)
		program = argv[2];
	measure_heading("A child: spawn, exec, wait; us each");
	measure_columns("qs_process", "the other", rounds);
	measure_compare("vfork", with_quiesce, with_vfork, rounds);
	measure_compare("posix_spawn", with_quiesce, with_posix_spawn, rounds);
	measure_compare("fork", with_quiesce, with_fork, rounds);
	return 0;
}
