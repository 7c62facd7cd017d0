/* SPDX-License-Identifier: MIT */
/*
 * progress.h - the line that tells how the run is going.
 */
#ifndef QUIESCE_CLI_PROGRESS_H
#define QUIESCE_CLI_PROGRESS_H

#include "run.h"

/* progress_is_wanted - by the options and by where standard error goes. */
bool progress_is_wanted(const struct run *run);

/* The body of the task that shows it; arg is the struct run.  Ends when run->over is asked. */
int progress_show(qs_task *task, void *arg);

#endif
