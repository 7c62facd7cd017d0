/* SPDX-License-Identifier: MIT */
/*
 * warden.h - sees to it that a stopped run ends: the ladder, from the first request until nothing is left.
 */
#ifndef QUIESCE_CLI_WARDEN_H
#define QUIESCE_CLI_WARDEN_H

#include <quiesce.h>

/* The body of the warden's task; arg is the struct run.  Ends when run->over is asked and nothing is left to end. */
int warden_watch(qs_task *task, void *arg);

#endif
