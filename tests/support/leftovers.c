/* SPDX-License-Identifier: MIT */
/*
 * leftovers.c - count what /proc lists of this process, and ask the kernel for children.
 */
#define _GNU_SOURCE
#include "support/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/object.h"
#include "quiesce.h"
#include "support/patience.h"

#define PAUSE_NS 1000000	/* between two looks */

static int noted_fds;
static int noted_threads;
static bool noted_children;

static int count_entries(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	if (folder == NULL)
		return -1;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

int leftovers_fds(void)
{
	return count_entries("/proc/self/fd") - 1;	/* without the folder itself */
}

int leftovers_threads(void)
{
	return count_entries("/proc/self/task");
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

static void *do_nothing(void *arg)
{
	return arg;
}

/* The thread sanitizer starts one of its own with the program's first. */
static bool start_sanitizer_thread(void)
{
	static bool is_started;
	pthread_t thread;

	if (!is_started)
		is_started = pthread_create(&thread, NULL, do_nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
	return is_started;
}

/*
 * How many there are.  One that was joined leaves /proc a moment later, and what counts while one
 * leaves may overlook others.
 */
static int await_threads(void)
{
	const qs_time limit = patience();
	int threads;

	while ((threads = leftovers_threads()) != noted_threads && qs_now() < limit)
		(void)nanosleep(&(struct timespec){ 0, PAUSE_NS }, NULL);
	return threads;
}

int leftovers_note(void **state)
{
	(void)state;
	if (!start_sanitizer_thread())
		return -1;
	noted_fds = leftovers_fds();
	noted_threads = leftovers_threads();
	noted_children = has_children();	/* of a test that failed, which is no reason for this one to fail */
	return 0;
}

int leftovers_check(void **state)
{
	const int threads = await_threads();

	(void)state;
	/* What hangs on a dead object in quarantine is no leak in the eyes of the leak sanitizer. */
	qs__object_empty_quarantine();
	const int fds = leftovers_fds();
	const bool children = has_children() && !noted_children;

	if (fds == noted_fds && threads == noted_threads && !children)
		return 0;
	(void)fprintf(stderr, "left behind: %d descriptors, %d threads, %s\n", fds - noted_fds,
		      threads - noted_threads, children ? "children" : "no child");
	return -1;
}
