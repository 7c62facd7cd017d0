/* SPDX-License-Identifier: MIT */
/*
 * textbook.h - the pool of every textbook: a malloc'd list, one mutex, one condition.
 *
 * What ours is measured against.  It has no stop, no deadline, no report, no second waiter and no check of anything; a future is
 * a mutex and a condition of its own.
 */
#ifndef BENCH_TEXTBOOK_H
#define BENCH_TEXTBOOK_H

struct textbook;
struct textbook_future;

typedef int textbook_fn(void *arg);

/* Exits the program if it cannot. */
struct textbook *textbook_create(unsigned workers);

/* Nobody wants to know what comes of it. */
void textbook_submit(struct textbook *pool, textbook_fn *fn, void *arg);

struct textbook_future *textbook_submit_future(struct textbook *pool, textbook_fn *fn, void *arg);

/* Waits for the value, and frees the future. */
int textbook_wait(struct textbook_future *future);

/* Waits until all tasks have run and all workers have left. */
void textbook_destroy(struct textbook *pool);

#endif
