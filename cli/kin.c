/* SPDX-License-Identifier: MIT */
/*
 * kin.c - the process tree, read from /proc.
 *
 * Children are read per thread, from /proc/PID/task/TID/children: it costs what our own tree costs, not what the machine
 * runs.  The kernel calls these files reliable only while nothing moves; every caller looks again until the answer stands.
 *
 * A number found here may belong to somebody else a moment later.  kin_signal() therefore opens the process, reads the
 * start time again, and only then signals through the descriptor: a process that had the same number and start time before
 * and after the opening is the one that was opened.
 */
#include "kin.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 64		/* "/proc/PID/task/TID/children" with two numbers of at most 10 digits */
#define STAT_BYTES 1024		/* /proc/PID/stat: 52 numbers and a name of at most 64 bytes */
#define STATUS_BYTES 4096	/* /proc/PID/status: what comes before SigIgn fits by far */
#define FIRST_ROOM 64

void kin_list_clear(struct kin_list *list)
{
	free(list->items);
	*list = (struct kin_list){ 0 };
}

bool kin_list_has(const struct kin_list *list, const struct kin *kin)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == kin->pid && list->items[i].start == kin->start)
			return true;
	return false;
}

int kin_list_add(struct kin_list *list, const struct kin *kin)
{
	if (list->count == list->room) {
		const size_t room = list->room ? 2 * list->room : FIRST_ROOM;
		struct kin *items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -1;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *kin;
	return 0;
}

/* The whole of a small file as text; NULL if it is not there. */
static char *read_small(const char *path, char *text, size_t room)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return NULL;
	while (length < room - 1 && (got = read(fd, text + length, room - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	return length ? text : NULL;
}

static bool look_at(pid_t pid, struct kin *out)
{
	char path[PATH_BYTES];
	char text[STAT_BYTES];
	const char *rest;
	int parent, group, threads;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_small(path, text, sizeof(text)))
		return false;
	rest = strrchr(text, ')');	/* the name before it may hold anything, ')' too */
	if (!rest || sscanf(rest, ") %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu",
			    &out->state, &parent, &group, &threads, &out->start) != 5)
		return false;
	if (out->state == 'Z' && threads > 1)
		out->state = 'S';	/* only its first thread has left */
	out->pid = pid;
	out->parent = parent;
	out->group = group;
	return true;
}

static bool is_dead(const struct kin *kin)
{
	return kin->state == 'Z' || kin->state == 'X';
}

/* Calls visit(pid, arg) for each child that this thread of this process has. */
static void each_child_of_thread(pid_t pid, pid_t thread, void (*visit)(pid_t, void *), void *arg)
{
	char path[PATH_BYTES];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)thread);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%d", &child) == 1)
		visit(child, arg);
	fclose(file);
}

static void each_child(pid_t pid, void (*visit)(pid_t, void *), void *arg)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (!threads)
		return;
	while ((entry = readdir(threads))) {
		const int thread = atoi(entry->d_name);

		if (thread > 0)
			each_child_of_thread(pid, thread, visit, arg);
	}
	closedir(threads);
}

static void add_living(pid_t pid, void *arg)
{
	struct kin kin;

	if (look_at(pid, &kin) && !is_dead(&kin) && !kin_list_has(arg, &kin))
		kin_list_add(arg, &kin);	/* without memory: found at the next look */
}

void kin_below(struct kin_list *list, pid_t root)
{
	list->count = 0;
	each_child(root, add_living, list);
	for (size_t i = 0; i < list->count; i++)	/* the list grows as we go */
		each_child(list->items[i].pid, add_living, list);
}

static void add_or_bury(pid_t pid, void *arg)
{
	siginfo_t end;

	end.si_pid = 0;
	if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG) == 0 && end.si_pid == pid)
		return;
	add_living(pid, arg);
}

void kin_adopted(struct kin_list *list)
{
	list->count = 0;
	each_child_of_thread(getpid(), getpid(), add_or_bury, list);
}

bool kin_signal(const struct kin *kin, int signal)
{
	const int fd = (int)syscall(SYS_pidfd_open, kin->pid, 0);
	struct kin now;
	bool sent = false;

	if (fd < 0)
		return false;
	if (look_at(kin->pid, &now) && now.start == kin->start)
		sent = syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
	close(fd);
	return sent;
}

bool kin_ignores(pid_t pid, int signal)
{
	char path[PATH_BYTES];
	char text[STATUS_BYTES];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!read_small(path, text, sizeof(text)))
		return false;
	line = strstr(text, "\nSigIgn:");
	return line && (strtoull(line + strlen("\nSigIgn:"), NULL, 16) >> (signal - 1) & 1);
}

static void tell_if_deaf(const struct kin *kin, int signal)
{
	if (!kin_ignores(kin->pid, signal))
		return;
	kin_signal(kin, SIGTERM);
	kin_signal(kin, SIGCONT);
}

void kin_tell_the_deaf(pid_t leader, int signal)
{
	struct kin_list members = { 0 };
	struct kin first;

	if (look_at(leader, &first))
		tell_if_deaf(&first, signal);
	kin_below(&members, leader);
	for (size_t i = 0; i < members.count; i++)
		if (members.items[i].group == leader)
			tell_if_deaf(&members.items[i], signal);
	kin_list_clear(&members);
}
