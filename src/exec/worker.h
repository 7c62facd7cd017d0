/* SPDX-License-Identifier: MIT */
/*
 * worker.h - workers come, and begin and end their work.
 */
#ifndef QS__EXEC_WORKER_H
#define QS__EXEC_WORKER_H

#include "exec/pool.h"

/*
 * Start one more worker, if there is a place for it, the pool is not to be empty
 * soon, and the system lets us.
 */
int qs__pool_grow(qs_pool *pool);

/*
 * The pool takes no more.  If tasks are pending and nobody is there: find somebody
 * for them, or cancel them.
 */
void qs__pool_attend(qs_pool *pool);

/*
 * The user's init function, in the worker's own thread; false if it failed: then the pool's token
 * has been asked.  And its finish function, if the first succeeded; not in a forked child.
 */
bool qs__worker_begin(struct qs__worker *worker);
void qs__worker_finish(struct qs__worker *worker);

#endif
