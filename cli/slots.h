/* SPDX-License-Identifier: MIT */
/*
 * slots.h - places for jobs that run: a number for {%}, memory for words and output, used again and again.
 */
#ifndef QUIESCE_CLI_SLOTS_H
#define QUIESCE_CLI_SLOTS_H

#include "capture.h"
#include "command.h"

#include <pthread.h>
#include <stdint.h>

struct slot {
	uint32_t number;		/* from 1 */
	uint64_t job;			/* that runs here or, of a kept slot, did */
	struct argument_list arguments;
	struct capture out;
	struct capture err;
	struct slot *next;		/* in the one list that it is in */
};

struct slots {
	pthread_mutex_t lock;		/* guards the lists */
	struct slot *free;		/* the last one given back is the next one taken: its memory is warm */
	struct slot *kept;		/* of stopped jobs, whose output has to come last; by number of job */
	uint32_t made;
};

void slots_init(struct slots *slots);
void slots_fini(struct slots *slots, struct spool *spool);

/* slots_take - a place that is free, or a new one; NULL without memory. */
struct slot *slots_take(struct slots *slots, uint64_t job);

/* slots_give_back - the job has ended and its output is written.  slots_keep - it is not, and has to wait for the end. */
void slots_give_back(struct slots *slots, struct slot *slot);
void slots_keep(struct slots *slots, struct slot *slot);

#endif
