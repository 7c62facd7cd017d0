/* SPDX-License-Identifier: MIT */
/*
 * spawn_child.c - what a new child does between its making and its exec.
 *
 * It has one thread, and others of the parent may have been anywhere when it was made.  On
 * Linux it even runs in the parent's memory, on a stack of its own, while the thread that
 * made it is held.  Hence:
 *
 * - It calls nothing but what spawn_calls.h of the system gives, which says by which rules.
 * - No function here is instrumented, nothing is allocated, no loop is longer than the plan.
 * - All signals are blocked until nobody of the parent's handlers is left to run (FAILURES C13).
 */
#include "spawn_plan.h"

#include <errno.h>

#include "spawn_calls.h"

#define FIRST_FREE 3		/* copies are put above standard input, output and error */

IN_CHILD bool qs__spawn_is_target(const struct qs__spawn_plan *plan, long fd)
{
	size_t low = 0;
	size_t high = plan->fd_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (plan->fds[middle].child == fd)
			return true;
		if (plan->fds[middle].child < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * A copy of fd whose number nothing will be put on.  Copies that came to lie on such a number are
 * not closed: what is put there replaces them.
 */
IN_CHILD static long copy_aside(const struct qs__spawn_plan *plan, long fd)
{
	long copy = FIRST_FREE - 1;

	do
		copy = call_copy(fd, copy + 1);
	while (qs__spawn_is_target(plan, copy));
	return copy == -EINVAL ? -EMFILE : copy;	/* EINVAL: beyond the limit */
}

/*
 * All sources must be open before the first new descriptor is made, which might take the
 * number of one that is not.  Clearing close-on-exec is the test, and all that a descriptor
 * that keeps its number needs.
 */
IN_CHILD static long check_sources(const struct qs__spawn_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		const int ours = plan->fds[i].ours;

		if (ours == QS_NULL_FD)
			continue;
		const long rc = call_keep_at_exec(ours);
		if (rc < 0)
			return rc;
	}
	return 0;
}

IN_CHILD static long open_null(const struct qs__spawn_plan *plan)
{
	const long fd = call_open_null();

	return qs__spawn_is_target(plan, fd) ? copy_aside(plan, fd) : fd;
}

/* Find for each target a source that no other target overwrites. */
IN_CHILD static long find_sources(const struct qs__spawn_plan *plan)
{
	long null_fd = QS_NULL_FD;

	for (size_t i = 0; i < plan->fd_count; i++) {
		const qs_process_fd *fd = &plan->fds[i];
		long source = fd->ours;

		if (source == QS_NULL_FD) {
			if (null_fd == QS_NULL_FD)
				null_fd = open_null(plan);
			source = null_fd;
		} else if (source != fd->child && qs__spawn_is_target(plan, source)) {
			source = copy_aside(plan, source);
		}
		if (source < 0)
			return source;
		plan->sources[i] = (int)source;
	}
	return 0;
}

IN_CHILD static long fill_targets(const struct qs__spawn_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++) {
		if (plan->sources[i] == plan->fds[i].child)
			continue;
		const long rc = call_put(plan->sources[i], plan->fds[i].child);
		if (rc < 0)
			return rc;
	}
	return 0;
}

IN_CHILD static long set_descriptors(const struct qs__spawn_plan *plan)
{
	long rc = check_sources(plan);

	if (rc == 0)
		rc = find_sources(plan);
	if (rc == 0)
		rc = fill_targets(plan);
	if (rc == 0)
		rc = qs__spawn_close_others(plan);
	return rc;
}

/* Errors that say nothing of the other folders of PATH. */
IN_CHILD static bool may_be_elsewhere(long error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ENAMETOOLONG ||
	       error == -ESTALE || error == -ENODEV || error == -ETIMEDOUT;
}

/*
 * Returns only if no file could be executed: one that may not be says more
 * than one that is not there.
 */
IN_CHILD static long execute(const struct qs__spawn_plan *plan)
{
	bool denied = false;
	long rc = -ENOENT;

	for (size_t i = 0; plan->files[i] != NULL; i++) {
		rc = call_execute(plan->files[i], plan);
		if (!may_be_elsewhere(rc))
			return rc;
		denied = denied || rc == -EACCES;
	}
	return denied ? -EACCES : rc;
}

/* Off the numbers that something will be put on. */
IN_CHILD static long move_report(struct qs__spawn_plan *plan)
{
	if (!qs__spawn_is_target(plan, plan->report))
		return 0;

	const long fd = copy_aside(plan, plan->report);
	if (fd >= 0)
		plan->report = (int)fd;
	return fd < 0 ? fd : 0;
}

IN_CHILD static long become(struct qs__spawn_plan *plan)
{
	long rc = move_report(plan);

	if (rc == 0 && plan->own_group)
		rc = call_lead_group();
	if (rc == 0)
		rc = set_descriptors(plan);
	if (rc == 0 && plan->directory != NULL)
		rc = call_change_directory(plan->directory);
	if (rc < 0)
		return rc;
	call_set_signals(plan);
	return execute(plan);
}

IN_CHILD int qs__spawn_child(void *arg)
{
	struct qs__spawn_plan *plan = arg;

	call_leave(plan, become(plan));
	return 0;	/* never: clone() wants a number */
}
