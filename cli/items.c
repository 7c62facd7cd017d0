/* SPDX-License-Identifier: MIT */
/*
 * items.c - lines out of a buffer that is as long as the longest argument, whatever the input holds.
 *
 * A line that does not fit is kept as far as it does and counted to its end: the job fails, the run goes on.
 */
#include "items.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 65536	/* the least that is asked for at a time: what a pipe holds */
#define ARGUMENT_PAGES 32	/* Linux: no argument of a program is longer, its end included */

int items_open(struct items *items, const struct options *options)
{
	*items = (struct items){ .fd = STDIN_FILENO, .name = "standard input", .separator = '\n' };
	if (options->nul_separated)
		items->separator = '\0';
	if (options->items) {
		items->words = options->items;
		items->words_left = options->item_count;
		return 0;
	}
	if (options->file && strcmp(options->file, "-") != 0) {
		text_name(items->name, options->file);
		/* A FIFO that nobody writes to yet would keep us here, where no stop is heard; fill() waits better. */
		items->fd = open(options->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (items->fd < 0)
			return -errno;
	}
	items->longest = (size_t)sysconf(_SC_PAGESIZE) * ARGUMENT_PAGES - 1;
	items->room = items->longest + BLOCK_BYTES;
	items->buffer = malloc(items->room);
	return items->buffer ? 0 : -ENOMEM;
}

/*
 * A terminal stops who reads it from the background.  We only read what is there, and would wait in silence until somebody
 * types to another program; so we stop ourselves, as any reader would be, and the guardian and the shell see it.
 */
static void stop_in_background(int fd)
{
	const pid_t front = tcgetpgrp(fd);

	if (front >= 0 && front != getpgrp())
		kill(getpid(), SIGTTIN);
}

/*
 * Reads once, and only when poll() says so: a FIFO whose first writer has not come yet has nothing to say, and read() would
 * call that the end.  Returns the bytes, 0 at the end of the input, or a negative code.
 */
static ssize_t fill(struct items *items, qs_stop *stop)
{
	ssize_t got;

	if (items->begin > 0) {
		memmove(items->buffer, items->buffer + items->begin, items->end - items->begin);
		items->end -= items->begin;
		items->begin = 0;
	}
	do {
		int ready;

		stop_in_background(items->fd);
		ready = qs_wait_fd(items->fd, POLLIN, QS_NEVER, stop);
		if (ready < 0)
			return ready;
		got = read(items->fd, items->buffer + items->end, items->room - items->end);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -errno;
	items->end += (size_t)got;
	items->at_end = got == 0;
	return got;
}

static bool has_stray_nul(const struct items *items, const char *text, size_t length)
{
	return items->separator != '\0' && memchr(text, '\0', length);
}

/* Hands out the beginning of a line that is too long, and reads over the rest of it. */
static int take_long_line(struct items *items, qs_stop *stop, struct item *out)
{
	memcpy(items->excerpt, items->buffer + items->begin, ITEM_EXCERPT_BYTES);
	*out = (struct item){ .text = items->excerpt, .kept = ITEM_EXCERPT_BYTES };
	for (;;) {
		const char *const text = items->buffer + items->begin;
		const size_t held = items->end - items->begin;
		const char *const separator = memchr(text, items->separator, held);
		const size_t length = separator ? (size_t)(separator - text) : held;
		ssize_t got;

		if (has_stray_nul(items, text, length))
			return -EILSEQ;
		out->length += length;
		items->begin += length + (separator ? 1 : 0);
		if (separator || items->at_end)
			return 1;
		got = fill(items, stop);
		if (got < 0)
			return (int)got;
	}
}

static int take_line(struct items *items, size_t length, bool is_ended, struct item *out)
{
	const char *const text = items->buffer + items->begin;

	if (has_stray_nul(items, text, length))
		return -EILSEQ;
	*out = (struct item){ .text = text, .kept = length, .length = length };
	items->begin += length + (is_ended ? 1 : 0);
	return 1;
}

/* The next line, blank or not, as soon as it is there as a whole or is seen to be too long. */
static int next_line(struct items *items, qs_stop *stop, struct item *out)
{
	size_t seen = 0;

	for (;;) {
		const char *const text = items->buffer + items->begin;
		const size_t held = items->end - items->begin;
		const char *const separator = memchr(text + seen, items->separator, held - seen);
		const size_t length = separator ? (size_t)(separator - text) : held;
		ssize_t got;

		if (length > items->longest)
			return take_long_line(items, stop, out);
		if (separator || (items->at_end && held > 0))
			return take_line(items, length, separator != NULL, out);
		if (items->at_end)
			return 0;
		seen = held;
		got = fill(items, stop);
		if (got < 0)
			return (int)got;
	}
}

static int next_word(struct items *items, qs_stop *stop, struct item *out)
{
	if (qs_stop_is_asked(stop))
		return -ECANCELED;
	if (items->words_left == 0)
		return 0;
	out->text = *items->words++;
	out->kept = out->length = strlen(out->text);
	items->words_left--;
	return 1;
}

int items_next(struct items *items, qs_stop *stop, struct item *out)
{
	if (items->words)
		return next_word(items, stop, out);
	for (;;) {
		int got;

		items->line++;
		got = next_line(items, stop, out);
		if (got != 1 || out->length > 0 || items->separator == '\0')
			return got;
		items->blank++;
	}
}

void items_close(struct items *items)
{
	if (items->words)
		return;
	if (items->fd == STDIN_FILENO) {
		const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (null >= 0) {	/* the number stays taken */
			dup2(null, STDIN_FILENO);
			close(null);
		}
	} else if (items->fd >= 0) {
		close(items->fd);
	}
	items->fd = -1;
	free(items->buffer);
	items->buffer = NULL;
}
