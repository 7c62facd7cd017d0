/* SPDX-License-Identifier: MIT */
/*
 * items.h - where items come from: standard input, a file, or the command line; read no sooner than they are needed.
 */
#ifndef QUIESCE_CLI_ITEMS_H
#define QUIESCE_CLI_ITEMS_H

#include "options.h"
#include "text.h"

#include <quiesce.h>

/* One item, borrowed until the next one is read. */
struct item {
	const char *text;	/* without its separator, and without an end: `kept` bytes */
	size_t kept;
	uint64_t length;	/* > kept: longer than any argument can be; only its beginning was kept */
};

#define ITEM_EXCERPT_BYTES 64	/* of an item that is too long, for the message about it */

struct items {
	char **words;		/* NULL: read from fd */
	size_t words_left;
	int fd;
	char name[TEXT_NAME_BYTES];	/* of the source, as it stands in messages */
	char separator;
	uint64_t line;		/* number of the last line read, blank ones counted */
	uint64_t blank;		/* lines skipped */
	size_t longest;		/* bytes that an item may have */
	char excerpt[ITEM_EXCERPT_BYTES];
	char *buffer;
	size_t room;
	size_t begin, end;	/* what is in the buffer and was not handed out */
	bool at_end;
};

/* items_open - get ready.  Returns 0 or a negative code; items->name says what it is about, also then. */
int items_open(struct items *items, const struct options *options);

/*
 * items_next - the next item.  Waits for input, but not beyond a stop.
 *
 * Returns 1; 0 after the last one; -ECANCELED (stop); -EILSEQ (a NUL in line items->line); -ENOMEM; what read() said.
 */
int items_next(struct items *items, qs_stop *stop, struct item *out);

/* items_close - let the producer know that nothing more is read, and free. */
void items_close(struct items *items);

#endif
