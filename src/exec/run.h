/* SPDX-License-Identifier: MIT */
/*
 * run.h - one task in a worker's hands, from the look at its tokens to the end.
 */
#ifndef QS__EXEC_RUN_H
#define QS__EXEC_RUN_H

#include "exec/pool.h"

/*
 * Judge a task that the caller has taken out of the queue and claimed, in its worker's thread: run
 * it or cancel it, tell, and give back its hold and the pool's reference.  `above` is what the
 * task's own token hangs below; borrowed for the call.
 */
void qs__serve(struct qs__worker *worker, qs_future *future, qs_stop *above);

#endif
