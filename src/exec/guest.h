/* SPDX-License-Identifier: MIT */
/*
 * guest.h - a thread that runs one task itself, because there is no room for it in the queue.
 */
#ifndef QS__EXEC_GUEST_H
#define QS__EXEC_GUEST_H

#include "exec/pool.h"

/*
 * Run a task that holds the pool and is in no queue yet.  When this returns 0 it has ended.
 * Returns -ESHUTDOWN (the queue is closed), -ENOMEM; then it was not accepted.
 */
int qs__guest_run(qs_pool *pool, qs_future *future);

#endif
