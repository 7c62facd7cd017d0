/* SPDX-License-Identifier: MIT */
/*
 * capture.h - what one job has written to one of its two streams and nobody has seen yet.
 */
#ifndef QUIESCE_CLI_CAPTURE_H
#define QUIESCE_CLI_CAPTURE_H

#include "outlet.h"
#include "spool.h"

#include <stdbool.h>

/*
 * Full blocks in the spool, in order; then the end of it in memory.  Memory is one block per stream, however much a job
 * writes.  Zero is empty; the memory is kept for the next job.
 */
struct capture {
	uint32_t *blocks;
	size_t block_count;
	size_t block_room;
	char *memory;		/* SPOOL_BLOCK_BYTES */
	size_t length;		/* of what is in it */
	char last;		/* the last byte of all */
};

/*
 * capture_read - take what can be had from a pipe without waiting, a block at most.
 *
 * Returns the bytes, 0 at the end of the stream, -EAGAIN if nothing is there; a negative code of the spool: what was read
 * before is still there, and no more can be kept.
 */
int capture_read(struct capture *capture, struct spool *spool, int fd);

/* capture_write - all of it to an outlet, and be empty then.  Returns what outlet_write() or spool_get() returned. */
int capture_write(struct capture *capture, struct spool *spool, struct outlet *outlet, qs_stop *hard);

bool capture_is_empty(const struct capture *capture);
void capture_fini(struct capture *capture, struct spool *spool);

#endif
