/* SPDX-License-Identifier: MIT */
/*
 * lookahead.c - counts by pread(), a few milliseconds at a time between two looks at the progress, and so neither moves the
 * reader's place in the file nor holds anything up.
 */
#include "lookahead.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 16384
#define BLOCKS_PER_STEP 256	/* 4 MiB: a few milliseconds */

void lookahead_open(struct lookahead *out, const struct items *items)
{
	struct stat about;

	*out = (struct lookahead){ .fd = -1, .separator = items->separator };
	if (items->words || fstat(items->fd, &about) != 0 || !S_ISREG(about.st_mode))
		return;
	out->at = lseek(items->fd, 0, SEEK_CUR);
	if (out->at >= 0)
		out->fd = fcntl(items->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* Lines that are not blank; with NUL as separator, everything that one ends.  What it does not end is an item as well. */
static void count_block(struct lookahead *lookahead, const char *block, size_t length)
{
	const char *const end = block + length;

	while (block < end) {
		const char *const separator = memchr(block, lookahead->separator, (size_t)(end - block));
		const char *const stop = separator ? separator : end;

		lookahead->is_inside |= stop > block;
		if (separator && (lookahead->is_inside || lookahead->separator == '\0')) {
			lookahead->count++;
			lookahead->is_inside = false;
		}
		block = stop + (separator ? 1 : 0);
	}
}

bool lookahead_step(struct lookahead *lookahead)
{
	char block[BLOCK_BYTES];

	for (int i = 0; i < BLOCKS_PER_STEP && lookahead->fd >= 0; i++) {
		const ssize_t got = pread(lookahead->fd, block, sizeof(block), lookahead->at);

		if (got > 0) {
			count_block(lookahead, block, (size_t)got);
			lookahead->at += got;
			continue;
		}
		lookahead_close(lookahead);
		lookahead->count += lookahead->is_inside ? 1 : 0;
		return got == 0;
	}
	return false;
}

void lookahead_close(struct lookahead *lookahead)
{
	if (lookahead->fd >= 0)
		close(lookahead->fd);
	lookahead->fd = -1;
}
