/* SPDX-License-Identifier: MIT */
/*
 * asleep.c - read /proc/self/task/N/status.
 */
#define _GNU_SOURCE
#include "support/asleep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/gate.h"

int asleep_self(void)
{
	return (int)syscall(SYS_gettid);
}

/* Reads the two lines; false if the thread is gone. */
static bool look(int thread, char *out_state, long *out_count)
{
	char path[64];
	char line[256];
	bool is_found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!is_found && fgets(line, sizeof(line), file) != NULL) {
		(void)sscanf(line, "State: %c", out_state);
		is_found = sscanf(line, "voluntary_ctxt_switches: %ld", out_count) == 1;
	}
	(void)fclose(file);
	return is_found;
}

static bool is_asleep(void *arg)
{
	char state = '?';
	long count;

	return look(*(const int *)arg, &state, &count) && state == 'S';
}

void asleep_await(int thread)
{
	assert_true(eventually(is_asleep, &thread));
}

long asleep_count(int thread)
{
	char state;
	long count = -1;

	assert_true(look(thread, &state, &count));
	return count;
}
