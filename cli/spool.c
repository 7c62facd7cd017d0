/* SPDX-License-Identifier: MIT */
/*
 * spool.c - blocks of a file, used again when their contents have been written out.
 *
 * The file is made when the first job has more output than its memory holds, in TMPDIR, with no name and for us alone.  It
 * never shrinks, but is no longer than what waited at once.  A block belongs to who put it, so only the choice of its number
 * needs the lock.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void spool_init(struct spool *spool)
{
	const char *const folder = getenv("TMPDIR");

	*spool = (struct spool){ .fd = -1, .folder = folder && *folder ? folder : "/tmp" };
	pthread_mutex_init(&spool->lock, NULL);
}

void spool_fini(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->free);
	pthread_mutex_destroy(&spool->lock);
}

/* For file systems that know no files without a name. */
static int open_and_unlink(const char *folder)
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/quiesce.XXXXXX", folder) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);		/* mode 0600 */
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int open_locked(struct spool *spool)
{
	if (spool->fd >= 0)
		return 0;
	spool->fd = open(spool->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool->fd < 0)
		spool->fd = open_and_unlink(spool->folder);
	return spool->fd < 0 ? spool->fd : 0;
}

/* Room for one more number in `free`, so that giving back a block cannot fail. */
static int grow_locked(struct spool *spool)
{
	const size_t room = spool->free_room ? 2 * spool->free_room : 64;
	uint32_t *numbers;

	if (spool->blocks < spool->free_room)
		return 0;
	numbers = realloc(spool->free, room * sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	spool->free = numbers;
	spool->free_room = room;
	return 0;
}

static int take_block(struct spool *spool, uint32_t *out)
{
	int error;

	pthread_mutex_lock(&spool->lock);
	error = open_locked(spool);
	if (!error && spool->free_count > 0) {
		*out = spool->free[--spool->free_count];
	} else if (!error) {
		error = grow_locked(spool);
		if (!error)
			*out = spool->blocks++;
	}
	pthread_mutex_unlock(&spool->lock);
	return error;
}

int spool_put(struct spool *spool, const char *data, uint32_t *out_block)
{
	uint32_t block;
	size_t done = 0;
	int error = take_block(spool, &block);

	while (!error && done < SPOOL_BLOCK_BYTES) {
		const off_t at = (off_t)block * SPOOL_BLOCK_BYTES + (off_t)done;
		const ssize_t written = pwrite(spool->fd, data + done, SPOOL_BLOCK_BYTES - done, at);

		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			error = -errno;
		if (error)
			spool_give_back(spool, block);
	}
	if (!error)
		*out_block = block;
	return error;
}

int spool_get(struct spool *spool, uint32_t block, char *data)
{
	size_t done = 0;

	while (done < SPOOL_BLOCK_BYTES) {
		const off_t at = (off_t)block * SPOOL_BLOCK_BYTES + (off_t)done;
		const ssize_t got = pread(spool->fd, data + done, SPOOL_BLOCK_BYTES - done, at);

		if (got > 0)
			done += (size_t)got;
		else if (got == 0)
			return -EIO;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

void spool_give_back(struct spool *spool, uint32_t block)
{
	pthread_mutex_lock(&spool->lock);
	spool->free[spool->free_count++] = block;
	pthread_mutex_unlock(&spool->lock);
}
