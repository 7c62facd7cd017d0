/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line, read and checked.
 */
#ifndef QUIESCE_CLI_OPTIONS_H
#define QUIESCE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the program exits with; after xargs where xargs has a number for it. */
enum exit_code {
	EXIT_OF_TROUBLE = 1,		/* our own: input, output, no memory */
	EXIT_OF_USAGE = 2,
	EXIT_OF_FAILURES = 123,		/* some job failed */
	EXIT_OF_UNRUNNABLE = 126,	/* the command is there but cannot be executed */
	EXIT_OF_UNKNOWN = 127,		/* the command is not there */
	EXIT_OF_SIGNAL = 128,		/* plus the number of the signal, for a job that fail-fast ended the run for */
};

enum progress_mode {
	PROGRESS_AUTO,			/* when standard error is a terminal and the jobs do not write there themselves */
	PROGRESS_NEVER,
	PROGRESS_ALWAYS,
};

/* Everything is borrowed from argv. */
struct options {
	uint32_t jobs;			/* at once; 0 = as many as possible, until that is known */
	bool jobs_were_given;		/* in a number: fewer deserves a word */
	bool straight;			/* -u: output goes straight through */
	bool fail_fast;
	bool nul_separated;		/* -0 */
	enum progress_mode progress;
	int64_t grace_ns;
	const char *file;		/* -a; NULL or "-" = standard input */
	char **items;			/* after `:::`; NULL = none were given there */
	size_t item_count;
	char **command;			/* the command and its arguments */
	size_t command_count;
};

/*
 * options_parse - read the command line.
 *
 * Says what is wrong, or what was asked for (--help, --version).
 *
 * Returns -1 when there is something to run, else the status to exit with.
 */
int options_parse(struct options *out, int argc, char **argv);

#endif
