/* SPDX-License-Identifier: MIT */
/*
 * screen.h - standard output and standard error as one place where a reader looks: who writes, and when.
 *
 * Three kinds of writing take turns under one lock: the output of a job (whole), our own messages (a line each), and the
 * progress line, which is wiped away before anything else is written.
 */
#ifndef QUIESCE_CLI_SCREEN_H
#define QUIESCE_CLI_SCREEN_H

#include "capture.h"
#include "outlet.h"

#include <pthread.h>

#define SCREEN_LINE_BYTES 256

struct screen {
	pthread_mutex_t lock;	/* held while one writer has its turn; guards all below */
	struct outlet out;
	struct outlet err;
	qs_stop *hard;		/* from then on nothing waits for a reader; NULL = never */
	char line[SCREEN_LINE_BYTES];	/* the progress line; "" = none */
	size_t line_columns;	/* that it takes on the terminal at this moment; 0 = it is wiped */
	bool is_mid_line;	/* the last thing on the terminal was no end of a line */
};

void screen_init(struct screen *screen);
void screen_fini(struct screen *screen);

/* screen_write_job - the two streams of a job, one after the other.  Returns 0 or what an outlet said, stdout's first. */
int screen_write_job(struct screen *screen, struct spool *spool, struct capture *out, struct capture *err);

/* screen_say - "quiesce: ..." on standard error, one line; waits for its turn and for a slow reader. */
void screen_say(struct screen *screen, const char *format, ...) QS_PRINTF(2, 3);

/* screen_note - the same, on a terminal only, and not at all if that would mean waiting. */
void screen_note(struct screen *screen, const char *format, ...) QS_PRINTF(2, 3);

/* screen_show_line - put up the progress line, in place of the last one.  Skipped while somebody else writes. */
void screen_show_line(struct screen *screen, const char *text);

/* screen_drop_line - take it away for good. */
void screen_drop_line(struct screen *screen);

/* screen_reader_is_gone - whether nobody will ever read standard output (jobs that write straight through learn it first). */
bool screen_reader_is_gone(const struct screen *screen);

#endif
