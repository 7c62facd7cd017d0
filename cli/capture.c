/* SPDX-License-Identifier: MIT */
/*
 * capture.c - output that waits: the newest block in memory, the older ones in the spool.
 *
 * A full memory is moved away when more comes, not before: most jobs write little and never touch the spool.
 */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int note_block(struct capture *capture, uint32_t block)
{
	if (capture->block_count == capture->block_room) {
		const size_t room = capture->block_room ? 2 * capture->block_room : 16;
		uint32_t *const blocks = realloc(capture->blocks, room * sizeof(*blocks));

		if (!blocks)
			return -ENOMEM;
		capture->blocks = blocks;
		capture->block_room = room;
	}
	capture->blocks[capture->block_count++] = block;
	return 0;
}

/* Moves the memory's contents into the spool. */
static int put_away(struct capture *capture, struct spool *spool)
{
	uint32_t block;
	int error = spool_put(spool, capture->memory, &block);

	if (error)
		return error;
	error = note_block(capture, block);
	if (error) {
		spool_give_back(spool, block);
		return error;
	}
	capture->length = 0;
	return 0;
}

int capture_read(struct capture *capture, struct spool *spool, int fd)
{
	ssize_t got;

	if (!capture->memory)
		capture->memory = malloc(SPOOL_BLOCK_BYTES);
	if (!capture->memory)
		return -ENOMEM;
	if (capture->length == SPOOL_BLOCK_BYTES) {
		const int error = put_away(capture, spool);

		if (error)
			return error;
	}
	do
		got = read(fd, capture->memory + capture->length, SPOOL_BLOCK_BYTES - capture->length);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got > 0)
		capture->last = capture->memory[capture->length + (size_t)got - 1];
	capture->length += (size_t)got;
	return (int)got;
}

/* Brings the blocks to the outlet and gives them back, even when the outlet is broken. */
static int write_blocks(struct capture *capture, struct spool *spool, struct outlet *outlet, qs_stop *hard)
{
	char *const data = malloc(SPOOL_BLOCK_BYTES);
	int error = data ? 0 : -ENOMEM;

	for (size_t i = 0; i < capture->block_count; i++) {
		if (!error)
			error = spool_get(spool, capture->blocks[i], data);
		if (!error)
			error = outlet_write(outlet, data, SPOOL_BLOCK_BYTES, hard);
		spool_give_back(spool, capture->blocks[i]);
	}
	capture->block_count = 0;
	free(data);
	return error;
}

int capture_write(struct capture *capture, struct spool *spool, struct outlet *outlet, qs_stop *hard)
{
	int error = 0;

	if (capture->block_count > 0)
		error = write_blocks(capture, spool, outlet, hard);
	if (!error)
		error = outlet_write(outlet, capture->memory, capture->length, hard);
	capture->length = 0;
	return error;
}

bool capture_is_empty(const struct capture *capture)
{
	return capture->length == 0 && capture->block_count == 0;
}

void capture_fini(struct capture *capture, struct spool *spool)
{
	while (capture->block_count > 0)
		spool_give_back(spool, capture->blocks[--capture->block_count]);
	free(capture->blocks);
	free(capture->memory);
	*capture = (struct capture){ 0 };
}
