/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_frozen.c - the cgroup of a process is frozen and thawed during each wait (A20).
 *
 * ctest: serial
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/gate.h"
#include "support/halted.h"
#include "support/leftovers.h"
#include "support/patience.h"
#include "support/soak.h"

#define SKIPPED 77

/* A hierarchy that can freeze: where it is mounted as a rule, and its words. */
static const struct freezer {
	const char *mount;
	const char *file;
	const char *freeze;
	const char *thaw;
	const char *state;	/* a file that says when it is done ... */
	const char *is_frozen;	/* ... by these words */
} freezers[] = {
	{ "/sys/fs/cgroup", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1" },
	{ "/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1" },
	{ "/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN" },
};

static const struct freezer *freezer;
static char group[PATH_MAX];	/* ours, below its mount */

static bool write_word(const char *folder, const char *file, const char *word)
{
	char path[PATH_MAX + 64];
	bool is_written;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	is_written = write(fd, word, strlen(word)) == (ssize_t)strlen(word);
	(void)close(fd);
	return is_written;
}

static bool is_frozen(void *arg)
{
	char path[PATH_MAX + 64];
	char text[256];
	ssize_t length;
	int fd;

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/%s", group, freezer->state);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, freezer->is_frozen) != NULL;
}

static bool freeze(pid_t pid)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	return write_word(group, "cgroup.procs", number) && write_word(group, freezer->file, freezer->freeze) &&
	       eventually(is_frozen, NULL);
}

/* Out of the group as well: it is to be removed. */
static bool thaw(pid_t pid)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	return write_word(group, freezer->file, freezer->thaw) && write_word(freezer->mount, "cgroup.procs", number);
}

static void test_hostile_a20_frozen_waits_go_on(void **state)
{
	const struct halt how = { freeze, thaw };

	(void)state;
	halted_check(&how, soak_or(500, 5000) * patience_scale());
}

/* The first hierarchy in which we may make a group that can be frozen. */
static bool find_freezer(void)
{
	for (size_t i = 0; i < sizeof(freezers) / sizeof(freezers[0]); i++) {
		char path[PATH_MAX + 64];

		freezer = &freezers[i];
		(void)snprintf(group, sizeof(group), "%s/qs-test-%d", freezer->mount, (int)getpid());
		if (mkdir(group, 0755) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", group, freezer->file);
		if (access(path, W_OK) == 0)
			return true;
		(void)rmdir(group);
	}
	return false;
}

#define test(name) cmocka_unit_test_setup_teardown(name, leftovers_note, leftovers_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_hostile_a20_frozen_waits_go_on),
	};
	int failed;

	if (!find_freezer()) {
		print_message("SKIP: no cgroup can be made here that can be frozen (that takes root)\n");
		return SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(group);
	return failed;
}
