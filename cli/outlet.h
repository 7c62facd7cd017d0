/* SPDX-License-Identifier: MIT */
/*
 * outlet.h - standard output or standard error, written to without ever being stuck for good.
 */
#ifndef QUIESCE_CLI_OUTLET_H
#define QUIESCE_CLI_OUTLET_H

#include <quiesce.h>

#include <stdbool.h>
#include <stddef.h>

struct outlet {
	int fd;
	const char *name;
	bool is_file;		/* a regular file, which takes everything at once */
	bool is_terminal;
	short reader_gone;	/* what poll() shows when nobody will ever read: pipes and sockets; 0 = it cannot tell */
	int error;		/* 0, or the negative code of the write that failed: nothing more is written */
};

void outlet_init(struct outlet *out, int fd, const char *name);

/*
 * outlet_write - all of it.  Waits for a reader who is slow, until `hard` is asked; from then on never.
 *
 * Returns 0; -ECANCELED (hard was asked and the reader did not take it); what write() said, now or in an earlier call.
 */
int outlet_write(struct outlet *outlet, const void *data, size_t length, qs_stop *hard);

#endif
