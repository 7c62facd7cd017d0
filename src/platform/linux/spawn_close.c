/* SPDX-License-Identifier: MIT */
/*
 * spawn_close.c - in the new child: close what it is not to have, by close_range
 * or by the list in /proc.
 *
 * It lives by the rules at the head of real/spawn_child.c.
 */
#define _GNU_SOURCE
#include "platform/real/spawn_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>

#include "spawn_calls.h"

/* What getdents64 gives. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* A number in decimal; -1 if the text is something else. */
IN_CHILD static long parse_fd(const char *text)
{
	long fd = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || fd > INT_MAX / 10)
			return -1;
		fd = fd * 10 + (*text - '0');
	}
	return fd;
}

/*
 * The way of Linux before 5.9.  The folder lists by number: closing what was listed
 * loses nothing of the rest.
 */
IN_CHILD static long close_listed(const struct qs__spawn_plan *plan)
{
	_Alignas(struct kernel_dirent) char buffer[1024];
	const long folder = CALL(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long bytes;

	if (folder < 0)
		return folder == -ENOENT ? -ENOSYS : folder;
	while ((bytes = CALL(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < bytes;) {
			const struct kernel_dirent *entry = (const struct kernel_dirent *)(buffer + at);
			const long fd = parse_fd(entry->name);

			if (fd >= 0 && fd != folder && !qs__spawn_is_target(plan, fd))
				(void)CALL(SYS_close, fd);
			at += entry->length;
		}
	}
	(void)CALL(SYS_close, folder);
	return bytes;
}

/* Close what lies between the targets, and above the last. */
IN_CHILD long qs__spawn_close_others(const struct qs__spawn_plan *plan)
{
	unsigned first = 0;
	long rc = 0;

	for (size_t i = 0; i < plan->fd_count && rc == 0; i++) {
		const unsigned target = (unsigned)plan->fds[i].child;

		if (first < target)
			rc = CALL(SYS_close_range, first, target - 1, 0);
		first = target + 1;
	}
	if (rc == 0)
		rc = CALL(SYS_close_range, first, UINT_MAX, 0);
	return rc == -ENOSYS ? close_listed(plan) : rc;
}
