/* SPDX-License-Identifier: MIT */
/*
 * worker.h - workers come, and begin and end their work.
 */
#ifndef QS__EXEC_WORKER_H
#define QS__EXEC_WORKER_H

#include "exec/pool.h"

/* A zeroed worker; its place is FREE. */
void qs__worker_init(struct qs__worker *worker, qs_pool *pool);
void qs__worker_fini(struct qs__worker *worker);

#define QS__WORKER_NAME_SIZE (QS_NAME_SIZE + 12)	/* the pool's name, "-", and a number of ten digits */

/* What to call it: "NAME-7", "NAME-guest"; cut at `size`. */
void qs__worker_name(char *out, size_t size, const struct qs__worker *worker);

/* It leaves its place, under the pool's lock, which from then on is FREE, LEFT or LOST. */
void qs__place_leave_locked(struct qs__worker *worker, enum qs__place place);

/* Start one more worker, if there is a place for it, the pool is not to be empty soon, and the system lets us. */
int qs__pool_grow(qs_pool *pool);

/*
 * The user's init function, in the worker's own thread; false if it failed: then the pool's token has been asked.  And its finish
 * function, if the first succeeded; not in a forked child.
 */
bool qs__worker_begin(struct qs__worker *worker);
void qs__worker_finish(struct qs__worker *worker);

#endif
