/* SPDX-License-Identifier: MIT */
/*
 * current.h - what this thread runs, as far as anybody but the pool may know.
 *
 * A worker points the platform's one thread-local pointer at its struct qs__current
 * for as long as it works.
 */
#ifndef QS__BASE_CURRENT_H
#define QS__BASE_CURRENT_H

#include <stdbool.h>
#include <stddef.h>

#include "platform/thread.h"

struct qs__current {
	const char *task_name;			/* of the task whose body runs; "" between tasks */
	const void *pool;			/* whose worker this is */
	const struct qs__current *outer;	/* what the thread was before, if that was
						   a worker, too; else NULL */
};

static inline const char *qs__current_task_name(void)
{
	const struct qs__current *current = qs__current();

	return current != NULL ? current->task_name : "";
}

/* True in a worker of this pool. */
static inline bool qs__current_is_of(const void *pool)
{
	const struct qs__current *current = qs__current();

	while (current != NULL && current->pool != pool)
		current = current->outer;
	return current != NULL;
}

#endif
