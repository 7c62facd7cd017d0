/* SPDX-License-Identifier: MIT */
/*
 * job.h - one item on its way: a task of the pool that starts the command, collects its output and sees to its end.
 */
#ifndef QUIESCE_CLI_JOB_H
#define QUIESCE_CLI_JOB_H

#include "run.h"

/*
 * job_submit - hand one item to the pool, waiting for room until the run is stopped.
 *
 * Returns 0, -ECANCELED (the run is stopped; the item counts as not started), -ENOMEM, or what qs_submit_by() returned.
 */
int job_submit(struct run *run, qs_pool *pool, const struct item *item, uint64_t number);

#endif
