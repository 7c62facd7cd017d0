/* SPDX-License-Identifier: MIT */
/*
 * lookahead.h - how many items there will be: counted ahead of the reader, where the input is a file that can be.
 */
#ifndef QUIESCE_CLI_LOOKAHEAD_H
#define QUIESCE_CLI_LOOKAHEAD_H

#include "items.h"

#include <stdbool.h>
#include <sys/types.h>

struct lookahead {
	int fd;			/* our own copy; -1 = there is nothing to count, or no more */
	off_t at;		/* what lies before it is counted */
	char separator;
	bool is_inside;		/* of an item whose end was not seen yet */
	uint64_t count;
};

/* lookahead_open - begin where the reader is; to be called before it reads. */
void lookahead_open(struct lookahead *out, const struct items *items);

/* lookahead_step - count some more, for some milliseconds at most.  Returns whether this was the end: `count` is all. */
bool lookahead_step(struct lookahead *lookahead);

void lookahead_close(struct lookahead *lookahead);

#endif
