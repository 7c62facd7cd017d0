/* SPDX-License-Identifier: MIT */
/*
 * graceful_map.c - search every file below a folder for a string; Ctrl-C ends it at once
 * and tells how far it came.
 *
 *	graceful_map STRING FOLDER
 *
 * Prints each file that has it, in the order of the walk.  Exit status 0 if there was one, 1 if
 * not, 2 if something could not be read.  The walk is the source of a map: it goes on as files are
 * asked for, and never far ahead.
 *
 * Ctrl-C asks the soft token, which is above the map's: the walk ends, files that wait are not
 * begun, and those that are being searched are left at the next block.  All are still handed out,
 * each with its end; so they can be counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quiesce.h>

enum { BLOCK = 1 << 16, EXIT_NOTHING = 1, EXIT_TROUBLE = 2 };

static const char *wanted;	/* set before the first task starts; at most a block long */
static bool has_trouble;	/* something could not be read; main's, as the walk is */

static void complain(const char *what, int error)
{
	(void)fprintf(stderr, "graceful_map: %s: %s\n", what, qs_strerror(error));
	has_trouble = true;
}

/* The source: the next regular file.  Links are not followed. */
static int next_file(void **out_path, void *tree)
{
	FTSENT *entry;

	for (errno = 0; (entry = fts_read(tree)) != NULL; errno = 0) {
		if (entry->fts_info == FTS_F) {
			*out_path = strdup(entry->fts_path);
			return *out_path != NULL ? 1 : -ENOMEM;
		}
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
			complain(entry->fts_path, entry->fts_errno);
	}
	return -errno;
}

/* 1 if the string is there, else 0; -ECANCELED at the first block after a stop. */
static int search_in(int fd, qs_stop *stop)
{
	const size_t length = strlen(wanted);
	char text[2 * BLOCK];	/* the end of the block before, where the string may begin, and this one */
	size_t keep, size = 0;
	ssize_t got;

	while ((got = read(fd, text + size, BLOCK)) > 0) {
		size += (size_t)got;
		if (memmem(text, size, wanted, length) != NULL)
			return 1;
		if (qs_stop_is_asked(stop) != 0)
			return -ECANCELED;
		keep = size < length ? size : length;
		memmove(text, text + size - keep, keep);
		size = keep;
	}
	return got < 0 ? -errno : 0;
}

static int search(qs_task *task, void *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const int result = fd >= 0 ? search_in(fd, qs_task_stop(task)) : -errno;

	if (fd >= 0)
		(void)close(fd);
	return result;
}

/*
 * Prints what is found, and what was cut short; only the hard token makes it give up.  Returns how
 * many, or what went wrong.
 */
static int print_all(qs_map *map, qs_signals *signals)
{
	unsigned long ends[QS_STATES] = { 0 };
	qs_cause cause = QS_CAUSE_INIT;
	qs_future *future;
	int result, found = 0;

	while ((result = qs_map_next(map, &future, QS_NEVER, qs_signals_hard(signals))) == 1) {
		ends[qs_future_state(future)]++;
		if (qs_future_state(future) == QS_FAILED)
			complain(qs_map_item(map), qs_future_value(future));
		else if (qs_future_value(future) == 1)
			found += printf("%s\n", (const char *)qs_map_item(map)) > 0;
	}
	if (qs_stop_cause(qs_signals_soft(signals), &cause) == 1)
		(void)fprintf(stderr, "graceful_map: %s: %lu of %lu files searched, %lu left in the middle, %lu never started\n",
			      cause.text, ends[QS_DONE], (unsigned long)qs_map_pulled(map), ends[QS_STOPPED],
			      ends[QS_CANCELLED]);
	return result < 0 ? result : found;
}

static int run(FTS *tree, qs_signals *signals)
{
	qs_pool_options pool_options = QS_POOL_OPTIONS_INIT;
	qs_map_options options = QS_MAP_OPTIONS_INIT;
	qs_pool *pool = NULL;
	qs_map *map = NULL;
	int result;

	pool_options.name = "graceful_map";
	options.flags = QS_MAP_KEEP_GOING;	/* a file that cannot be read is no reason to leave the others */
	options.stop = qs_signals_soft(signals);
	options.destroy = free;
	result = qs_pool_create(&pool, &pool_options);
	if (result == 0)
		result = qs_map_create(&map, pool, search, next_file, tree, &options);
	if (result == 0)
		result = print_all(map, signals);
	qs_map_destroy(map);
	if (pool != NULL)
		(void)qs_pool_join(pool, QS_NEVER, qs_signals_hard(signals), NULL);
	(void)qs_pool_destroy(pool);
	return result;
}

int main(int argc, char **argv)
{
	qs_signals *signals = NULL;

	if (argc != 3 || strlen(argv[1]) > BLOCK) {
		(void)fprintf(stderr, "usage: graceful_map STRING FOLDER\n");
		return EXIT_TROUBLE;
	}
	wanted = argv[1];
	FTS *tree = fts_open(argv + 2, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	int result = tree != NULL ? qs_stop_on_signals(&signals, NULL) : -errno;
	if (result == 0)
		result = run(tree, signals);
	if (tree != NULL)
		(void)fts_close(tree);
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		complain("standard output", EIO);
	(void)qs_stop_exit(signals);	/* returns if no signal came */
	if (result < 0)
		complain(argv[2], result);
	return has_trouble ? EXIT_TROUBLE : result > 0 ? EXIT_SUCCESS : EXIT_NOTHING;
}
