/* SPDX-License-Identifier: MIT */
/*
 * forked.h - what a forked child has to forget (called by fork.c's hook, in the child,
 * before fork() returns there).
 */
#ifndef QS__PLATFORM_FORKED_H
#define QS__PLATFORM_FORKED_H

/* Nobody is parked, no bucket is locked: those threads are not here. */
void qs__park_forget(void);

#endif
