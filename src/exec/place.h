/* SPDX-License-Identifier: MIT */
/*
 * place.h - a pool's places for workers.
 */
#ifndef QS__EXEC_PLACE_H
#define QS__EXEC_PLACE_H

#include "exec/pool.h"

/*
 * A place for a worker that the caller is about to start, with a hold and a reference for whoever
 * moves in, and a hold for the caller; NULL if there is none, or the pool wants nobody now.  What
 * came of the start is noted by one of the next two, which give back the caller's hold.
 */
struct qs__worker *qs__place_reserve(qs_pool *pool);

/* True if a body has ended the thread already, so that the place is free again. */
bool qs__place_note_started(qs_pool *pool, struct qs__worker *worker, qs__thread thread);

/* True if nobody is there, and nobody more will come. */
bool qs__place_note_failed(qs_pool *pool, struct qs__worker *worker);

/* The thread has come to the place that was reserved for it.  False if the joiner has given that up. */
bool qs__place_move_in(struct qs__worker *worker);

/*
 * The calling thread takes a place: one that was reserved for such a thread, or a free one.  0,
 * -EAGAIN (none), -ESHUTDOWN.
 */
int qs__place_take(qs_pool *pool, struct qs__worker **out);

/* It leaves its place, under the pool's lock, which from then on is FREE, LEFT or LOST. */
void qs__place_leave_locked(struct qs__worker *worker, enum qs__place place);

/*
 * It leaves because there is nothing more to come; or because its thread ends, and then another one
 * may take the place.  True if the joiner had given it up.
 */
bool qs__place_retire(struct qs__worker *worker);
bool qs__place_vacate(struct qs__worker *worker);

#endif
