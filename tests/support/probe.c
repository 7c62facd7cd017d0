/* SPDX-License-Identifier: MIT */
/*
 * probe.c - the modes of a probe.
 */
#define _GNU_SOURCE
#include "support/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quiesce.h"

#define TROUBLE 99	/* the exit code of a probe that could not do what it should */
#define LONGEST_TEST_S 600

static void say(int out, const char *text)
{
	const size_t length = strlen(text);

	if (write(out, text, length) != (ssize_t)length)
		_exit(TROUBLE);
}

/* Or for as long as a test may take: one that is killed leaves its probes behind. */
static _Noreturn void wait_for_ever(void)
{
	(void)alarm(LONGEST_TEST_S);
	for (;;)
		pause();
}

static int mode_exit(int code)
{
	return code;
}

static int mode_raise(int number)
{
	(void)prctl(PR_SET_DUMPABLE, 0);	/* no core file for what is meant */
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	return TROUBLE;
}

static int mode_fds(int out)
{
	DIR *folder = opendir("/proc/self/fd");

	if (folder == NULL)
		return TROUBLE;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char line[64];
		struct stat info;
		const int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] == '.' || fd == out || fd == dirfd(folder) || fstat(fd, &info) < 0)
			continue;
		(void)snprintf(line, sizeof(line), "%d %lu\n", fd, (unsigned long)info.st_ino);
		say(out, line);
	}
	closedir(folder);
	return 0;
}

static int mode_signals(int out)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	if (status == NULL)
		return TROUBLE;
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "SigBlk:", 7) == 0 || strncmp(line, "SigIgn:", 7) == 0)
			say(out, line);
	}
	fclose(status);
	return 0;
}

static int mode_group(int out)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%d %d\n", (int)getpid(), (int)getpgrp());
	say(out, line);
	return 0;
}

static int mode_place(int out)
{
	char folder[4096];

	if (getcwd(folder, sizeof(folder)) == NULL)
		return TROUBLE;
	say(out, folder);
	return 0;
}

static int mode_pause(int out)
{
	say(out, "r");
	wait_for_ever();
}

static int mode_stubborn(int out)
{
	(void)signal(SIGTERM, SIG_IGN);
	return mode_pause(out);
}

static pid_t fork_or_leave(void)
{
	const pid_t pid = fork();

	if (pid < 0)
		_exit(TROUBLE);
	return pid;
}

static int mode_parent(int out)
{
	(void)signal(SIGTERM, SIG_IGN);
	if (fork_or_leave() == 0)
		wait_for_ever();
	(void)signal(SIGTERM, SIG_DFL);
	return mode_pause(out);
}

static int mode_orphan(int out)
{
	(void)out;
	(void)signal(SIGTERM, SIG_IGN);
	if (fork_or_leave() == 0)
		wait_for_ever();
	return 0;
}

/*
 * The child takes SIGTERM by sigwait, then reads until its parent has gone: the
 * parent holds the other end.
 */
static int mode_tidy(int out)
{
	int link[2];
	char byte;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (pipe2(link, O_CLOEXEC) < 0 || sigprocmask(SIG_BLOCK, &term, NULL) < 0)
		return TROUBLE;
	if (fork_or_leave() == 0) {
		int taken;

		close(link[1]);
		if (sigwait(&term, &taken) != 0 || read(link[0], &byte, 1) != 0)
			_exit(TROUBLE);
		say(out, "d");
		_exit(0);
	}
	say(out, "r");
	(void)sigprocmask(SIG_UNBLOCK, &term, NULL);
	wait_for_ever();
}

static void on_signal(int number)
{
	(void)number;
}

static int mode_host(int out)
{
	char number[16];
	const char *const argv[] = { PROBE_PROGRAM, "probe", "signals", number, NULL };
	const qs_process_fd map = { out, out };
	qs_process_options options = QS_PROCESS_OPTIONS_INIT;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_process *process;
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);		/* came to be ignored after the start */
	(void)signal(SIGINT, on_signal);	/* was ignored at the start */
	(void)signal(SIGUSR2, on_signal);
	(void)snprintf(number, sizeof(number), "%d", out);
	options.argv = argv;
	options.fds = &map;
	options.fd_count = 1;
	if (qs_process_spawn(&process, &options, NULL) < 0 || qs_process_wait(process, QS_NEVER, NULL, &status) < 0)
		return TROUBLE;
	qs_process_destroy(process);
	return status.exit_code;
}

static const struct {
	const char *name;
	int (*run)(int number);
} modes[] = {
	{ "exit", mode_exit },
	{ "raise", mode_raise },
	{ "fds", mode_fds },
	{ "signals", mode_signals },
	{ "group", mode_group },
	{ "place", mode_place },
	{ "pause", mode_pause },
	{ "stubborn", mode_stubborn },
	{ "parent", mode_parent },
	{ "tidy", mode_tidy },
	{ "orphan", mode_orphan },
	{ "host", mode_host },
};

bool probe_is_asked(int argc, char **argv)
{
	return argc == 4 && strcmp(argv[1], "probe") == 0;
}

/*
 * Ends by _exit(): at exit() the leak checker of a sanitizer stops the world by ptrace, and waits
 * for ever if a signal comes in between.
 */
_Noreturn void probe_main(int argc, char **argv)
{
	(void)argc;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[2], modes[i].name) == 0)
			_exit(modes[i].run((int)strtol(argv[3], NULL, 10)));
	}
	_exit(TROUBLE);
}
