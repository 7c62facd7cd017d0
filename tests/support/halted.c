/* SPDX-License-Identifier: MIT */
/*
 * halted.c - the child waits, the test halts it.
 *
 * The child writes a byte whenever its waits are under way; the test looks until
 * all its threads are asleep.
 */
#define _GNU_SOURCE
#include "support/halted.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quiesce.h"
#include "support/child.h"
#include "support/each_wait.h"
#include "support/gate.h"
#include "support/patience.h"

#define NS_PER_MS 1000000L
#define MS_PER_S 1000L
#define LATE_MS 350	/* how much a deadline may be missed by; scaled.  Less than a halt, by which a mistake is late */
#define ROUNDS 2	/* of each_wait_check(): with a deadline, with a stop */

struct halted {
	struct each_wait_bounds bounds;
	int under_way[2];	/* the child writes a byte when it waits */
	int halted[2];		/* the test writes one when the child has been halted and let go */
};

static void tell_and_listen(void *arg)
{
	const struct halted *it = arg;
	char byte = 'w';

	CHILD_CHECK(write(it->under_way[1], &byte, 1) == 1);
	CHILD_CHECK(read(it->halted[0], &byte, 1) == 1);
}

static int wait_in_each_way(void *arg)
{
	each_wait_check(&((struct halted *)arg)->bounds);
	return 0;
}

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ ms / MS_PER_S, ms % MS_PER_S * NS_PER_MS }, NULL);
}

/*
 * Is this thread asleep?  Its state is the letter behind the name, which ends
 * with the last parenthesis.
 */
static bool is_asleep(pid_t pid, const char *thread)
{
	char path[64];
	char text[512] = "";
	const char *end;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", (int)pid, thread);
	file = fopen(path, "re");
	if (file == NULL)
		return true;	/* it has gone */
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	end = strrchr(text, ')');
	return end != NULL && end[1] == ' ' && end[2] == 'S';
}

static bool are_all_asleep(void *arg)
{
	const pid_t pid = *(pid_t *)arg;
	char path[64];
	bool are_all = true;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (threads == NULL)
		return false;
	for (const struct dirent *entry; (entry = readdir(threads)) != NULL;)
		are_all = are_all && (entry->d_name[0] == '.' || is_asleep(pid, entry->d_name));
	(void)closedir(threads);
	return are_all;
}

static void halt_once(const struct halt *how, struct halted *it, pid_t pid, long halt_ms)
{
	char byte;

	assert_int_equal(poll(&(struct pollfd){ it->under_way[0], POLLIN, 0 }, 1, (int)(30 * MS_PER_S * patience_scale())), 1);
	assert_int_equal(read(it->under_way[0], &byte, 1), 1);
	assert_true(eventually(are_all_asleep, &pid));
	assert_true(how->halt(pid));
	pause_ms(halt_ms);
	assert_true(how->let_go(pid));
	assert_int_equal(write(it->halted[1], &byte, 1), 1);
}

static void run(const struct halt *how, long halt_ms, long wait_ms, long late_ms)
{
	struct halted it = { .bounds = { wait_ms, late_ms, tell_and_listen, NULL } };
	pid_t pid;

	it.bounds.arg = &it;
	assert_int_equal(pipe2(it.under_way, O_CLOEXEC), 0);
	assert_int_equal(pipe2(it.halted, O_CLOEXEC), 0);
	pid = child_start(wait_in_each_way, &it);
	for (int i = 0; i < ROUNDS; i++)
		halt_once(how, &it, pid, halt_ms);
	assert_int_equal(child_end(pid), 0);
	for (int i = 0; i < 2; i++) {
		(void)close(it.under_way[i]);
		(void)close(it.halted[i]);
	}
}

void halted_check(const struct halt *how, long halt_ms)
{
	const long late_ms = LATE_MS * patience_scale();

	/* The deadline comes in the middle, and is told when the process is let go. */
	run(how, halt_ms, halt_ms / 2, halt_ms + late_ms);
	/* It comes later, and is kept. */
	run(how, halt_ms, halt_ms + 2 * late_ms, late_ms);
}
