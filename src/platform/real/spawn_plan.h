/* SPDX-License-Identifier: MIT */
/*
 * spawn_plan.h - what the parent prepares (spawn.c) and the new child carries out (spawn_child.c).
 */
#ifndef QS__PLATFORM_SPAWN_PLAN_H
#define QS__PLATFORM_SPAWN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quiesce.h"

/* Signals as the kernel has them: bit n - 1 is signal n. */
typedef uint64_t qs__signal_bits;

#define QS__SIGNAL_LAST 64

struct qs__spawn_plan {
	char *const *files;		/* what to execute: the first that can be, NULL-terminated */
	const char *const *argv;
	const char *const *environment;
	const char *directory;		/* NULL = ours */
	const qs_process_fd *fds;	/* sorted by `child`, each once, 0 to 2 among them */
	int *sources;			/* room for the child: where each of fds is copied from */
	size_t fd_count;
	qs__signal_bits mask;
	qs__signal_bits ignored;	/* all others get their default action */
	bool own_group;
	int error;			/* the child's answer: the negative code of what failed, or 0 */
};

/* The child's whole life, as clone() wants it: never returns. */
int qs__spawn_child(void *plan);

#endif
