/* SPDX-License-Identifier: MIT */
/*
 * items.c - the books of a queue's items.
 */
#include "sim/items.h"

#include "core/stop.h"

struct item items[ITEMS];
struct item_counts counts;
qs_queue *queue;
qs_stop *queue_stop;

static void meet(struct item *item)
{
	SIM_ASSERT(QS_PLAIN_READ(item->data) == 42);
	SIM_ASSERT(++item->fates == 1);
}

static void destroy(void *item)
{
	meet(item);
	counts.destroyed++;
}

bool items_try_begin(size_t limit)
{
	qs_queue_options options = QS_QUEUE_OPTIONS_INIT;

	queue = NULL;
	queue_stop = NULL;
	for (int i = 0; i < ITEMS; i++)
		items[i] = (struct item){ 0, 0 };
	counts = (struct item_counts){ 0 };
	options.limit = limit;
	options.destroy = destroy;
	if (qs_queue_create(&queue, &options) != 0)
		return false;
	queue_stop = qs__stop_new(NULL, NULL);
	return queue_stop != NULL;
}

void items_begin(size_t limit)
{
	SIM_ASSERT(items_try_begin(limit));
}

void items_end(void)
{
	qs_queue_release(queue);
	qs_stop_release(queue_stop);
	SIM_ASSERT(counts.put == counts.got + counts.destroyed);
}

int put_by(struct item *item, qs_time deadline, qs_stop *until)
{
	int error;

	QS_PLAIN_WRITE(item->data, 42);
	error = qs_queue_put(queue, item, deadline, until);
	counts.put += error == 0;
	counts.refused += error != 0;
	return error;
}

int get_by(qs_time deadline, qs_stop *until)
{
	void *item = NULL;
	const int error = qs_queue_get(queue, &item, deadline, until);

	if (error == 0)
		meet(item);
	counts.got += error == 0;
	counts.given_up += error != 0;
	return error;
}

void put_item(void *arg)
{
	(void)put_by(arg, QS_NEVER, NULL);
}

void put_two(void *arg)
{
	put_item(arg);
	put_item((struct item *)arg + 1);
}

void get_item(void *arg)
{
	(void)arg;
	(void)get_by(QS_NEVER, NULL);
}

void get_two(void *arg)
{
	get_item(arg);
	get_item(arg);
}

void ask_queue_stop(void *arg)
{
	(void)arg;
	(void)qs_stop_ask(queue_stop, 0, NULL);
}
