/* SPDX-License-Identifier: MIT */
/*
 * progress.c - looks at the counts now and then, and writes only what has changed.  Nothing here wakes up, or exists, unless
 * somebody is to see it.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TERMINAL_MS 100		/* between two looks at the counts; a terminal is quick, and wiped */
#define LOG_MS 1000		/* elsewhere each look that shows something new stays as a line */
#define NS_PER_S 1e9

bool progress_is_wanted(const struct run *run)
{
	if (run->options->progress == PROGRESS_AUTO)
		return run->screen.err.is_terminal && !run->options->straight;
	return run->options->progress == PROGRESS_ALWAYS;
}

static uint64_t ended(const struct counts *counts)
{
	return counts->done + counts->failed + counts->stopped;
}

static void compose(char *out, size_t room, const struct counts *counts, qs_time begun)
{
	const double seconds = (double)(qs_now() - begun) / NS_PER_S;
	size_t length = (size_t)snprintf(out, room, "quiesce: ");

	length += strlen(status_sentence(counts, out + length, room - length));
	if (!counts->running)
		length += (size_t)snprintf(out + length, room - length, ", 0 running");
	length += (size_t)snprintf(out + length, room - length, " of %s%" PRIu64,
				   counts->is_total_known ? "" : "at least ",
				   counts->is_total_known ? counts->total : counts->read);
	if (ended(counts) > 0)
		snprintf(out + length, room - length, ", %.1f/s", (double)ended(counts) / seconds);
}

static bool is_same(const struct counts *a, const struct counts *b)
{
	return a->read == b->read && a->running == b->running && ended(a) == ended(b) && a->is_total_known == b->is_total_known;
}

int progress_show(qs_task *task, void *arg)
{
	struct run *const run = arg;
	const int64_t pause_ms = run->screen.err.is_terminal ? TERMINAL_MS : LOG_MS;
	const qs_time begun = qs_now();
	struct counts shown = { 0 };
	char line[SCREEN_LINE_BYTES];

	(void)task;
	while (qs_sleep(qs_after_ms(pause_ms), run->over) == 0) {
		struct counts now;

		if (lookahead_step(&run->lookahead))
			status_total(&run->status, run->lookahead.count);
		now = status_counts(&run->status);
		if (is_same(&now, &shown))
			continue;
		compose(line, sizeof(line), &now, begun);
		screen_show_line(&run->screen, line);
		shown = now;
	}
	lookahead_close(&run->lookahead);
	return 0;
}
