/* SPDX-License-Identifier: MIT */
/*
 * spawn_plan.h - what the parent prepares (spawn_plan.c), and the new child
 * carries out (spawn_child.c).
 *
 * How the child is made, and how it calls the system, is each system's own: spawn.c, spawn_calls.h
 * and spawn_close.c in its folder.
 */
#ifndef QS__PLATFORM_SPAWN_PLAN_H
#define QS__PLATFORM_SPAWN_PLAN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "quiesce.h"

#define QS__SPAWN_NO_REPORT (-1)

struct qs__spawn_plan {
	char *const *files;		/* what to execute: the first that can be, NULL-terminated */
	const char *const *argv;
	const char *const *environment;
	const char *directory;		/* NULL = ours */
	const qs_process_fd *fds;	/* sorted by `child`, each once, 0 to 2 among them */
	int *sources;			/* room for the child: where each of fds is copied from */
	size_t fd_count;
	sigset_t mask;
	sigset_t ignored;		/* all others get their default action */
	bool own_group;
	int report;			/* close-on-exec descriptor for the child's answer;
					   QS__SPAWN_NO_REPORT: memory is shared */
	int error;			/* the child's answer: the negative code of what failed, or 0 */
	char *extra;			/* memory behind the plan that the maker asked for */
};

/* In one block with extra_bytes, given back by qs__free(); NULL without memory. */
struct qs__spawn_plan *qs__spawn_plan_create(const qs_process_options *options, size_t extra_bytes);

/*
 * Close-on-exec and above 0 to 2, also where the program was started without some of
 * those; fd itself, or an error.
 */
int qs__spawn_above_standard(int fd);

/* The child's whole life: never returns. */
int qs__spawn_child(void *plan);

/* ---- in the child ---- */

bool qs__spawn_is_target(const struct qs__spawn_plan *plan, long fd);

/* Close all that is no target, and is not to report.  0 or a negative code. */
long qs__spawn_close_others(const struct qs__spawn_plan *plan);

#endif
