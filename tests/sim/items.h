/* SPDX-License-Identifier: MIT */
/*
 * items.h - a queue of counted items for the cases of verbs/item_queue.c, what threads do to it,
 * and the books at the end.
 *
 *	static void setup(void)
 *	{
 *		items_begin(1);
 *		sim_thread("putter", put_item, &items[0]);
 *		sim_thread("getter", get_item, NULL);
 *	}
 *
 *	static const struct sim_case some_case = { .setup = setup, .finish = items_end, ... };
 *
 * At the end of each execution what was put was got, or destroyed with the queue,
 * and no item had two fates.
 */
#ifndef SIM_ITEMS_H
#define SIM_ITEMS_H

#include <stdbool.h>

#include "base/fifo.h"
#include "quiesce.h"
#include "sim/sim.h"

enum { ITEMS = QS__FIFO_BLOCK_ITEMS + 3 };

struct item {
	int data;	/* plain: published by the put */
	int fates;
};

/* Calls by how they ended, and items that went with the queue. */
struct item_counts {
	int put;
	int refused;
	int got;
	int given_up;
	int destroyed;
};

/* Those of the present execution. */
extern struct item items[ITEMS];
extern struct item_counts counts;
extern qs_queue *queue;
extern qs_stop *queue_stop;

/* ---- the beginning and the end ---- */

void items_begin(size_t limit);

/* The same; false without memory, which only some cases lack. */
bool items_try_begin(size_t limit);

/* Releases the queue, and checks the books. */
void items_end(void);

/* ---- one call, counted; returns what it does ---- */

int put_by(struct item *item, qs_time deadline, qs_stop *until);
int get_by(qs_time deadline, qs_stop *until);

/* ---- what a thread does, for sim_thread() ---- */

/* The argument is the item, or the first of two. */
void put_item(void *arg);
void put_two(void *arg);

/* The argument is not used. */
void get_item(void *arg);
void get_two(void *arg);
void ask_queue_stop(void *arg);

#endif
