/* SPDX-License-Identifier: MIT */
/*
 * names.h - what the examples of the manual that are no whole programs take for granted; `make check-man` compiles them with it.
 */
#ifndef QUIESCE_MAN_NAMES_H
#define QUIESCE_MAN_NAMES_H

#include <errno.h>
#include <quiesce.h>
#include <stdio.h>

extern qs_stop *stop;
extern qs_task *task;
extern qs_pool *pool;
extern qs_future *future;
extern qs_future **futures;
extern size_t count;
extern qs_map *map;
extern qs_queue *queue;

extern qs_task_fn fn;
extern qs_source_fn source;
extern void *source_arg;
extern void *item;
extern int result;
extern const char *url;

void use();	/* with whatever an example has */
void why(qs_stop *asked);

#endif
