/* SPDX-License-Identifier: MIT */
/*
 * debug.c - how a debug build ends when a promise was broken.
 */
#include "base/debug.h"

#ifdef QS_DEBUG

#include <stdio.h>
#include <stdlib.h>

void qs__debug_abort(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "quiesce: %s:%d: broken promise: %s\n", file, line, what);
	abort();
}

#else

/* A translation unit must not be empty. */
typedef int qs__debug_is_off;

#endif
