/* SPDX-License-Identifier: MIT */
/*
 * debug.h - what debug builds (-DQS_DEBUG) check besides.
 */
#ifndef QS__BASE_DEBUG_H
#define QS__BASE_DEBUG_H

#ifdef QS_DEBUG
/* Says what was broken on standard error and aborts. */
_Noreturn void qs__debug_abort(const char *file, int line, const char *what);

#define QS__ASSERT(condition) ((condition) ? (void)0 : qs__debug_abort(__FILE__, __LINE__, #condition))
#else
#define QS__ASSERT(condition) ((void)0)
#endif

#endif
