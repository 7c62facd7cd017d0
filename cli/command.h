/* SPDX-License-Identifier: MIT */
/*
 * command.h - the user's command with the item filled in.
 */
#ifndef QUIESCE_CLI_COMMAND_H
#define QUIESCE_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command {
	char **words;		/* borrowed */
	size_t count;
	bool appends;		/* no word says where the item goes: it is the last argument */
};

/* What the fields stand for in one job. */
struct filling {
	const char *item;	/* ends in NUL */
	size_t length;
	uint64_t job;
	uint32_t slot;
};

/* The words of one job, and the memory they live in, used again for the next one.  Zero is empty. */
struct argument_list {
	const char **words;	/* ends in NULL */
	char *text;
	size_t room;
};

void command_init(struct command *out, char **words, size_t count);

/* command_fill - make the words of one job.  Returns 0 or -ENOMEM. */
int command_fill(const struct command *command, const struct filling *filling, struct argument_list *out);

void argument_list_clear(struct argument_list *list);

#endif
