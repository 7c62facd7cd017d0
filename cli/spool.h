/* SPDX-License-Identifier: MIT */
/*
 * spool.h - one file without a name that holds all output which waits for its turn.
 */
#ifndef QUIESCE_CLI_SPOOL_H
#define QUIESCE_CLI_SPOOL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_BLOCK_BYTES 16384

struct spool {
	pthread_mutex_t lock;	/* guards everything below but the contents of blocks */
	int fd;			/* -1 until the first block is put */
	const char *folder;
	uint32_t *free;		/* blocks that were given back; room for all there are */
	size_t free_count;
	size_t free_room;
	uint32_t blocks;	/* in the file */
};

void spool_init(struct spool *spool);
void spool_fini(struct spool *spool);

/* spool_put - keep one block.  Returns 0, or a negative code: -ENOMEM, -ENOSPC, ... */
int spool_put(struct spool *spool, const char *data, uint32_t *out_block);

/* spool_get - read a block back.  Returns 0 or a negative code. */
int spool_get(struct spool *spool, uint32_t block, char *data);

/* spool_give_back - the block may be used again. */
void spool_give_back(struct spool *spool, uint32_t block);

#endif
