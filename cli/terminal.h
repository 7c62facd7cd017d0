/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - the terminal's modes, put back after jobs were ended that may have changed them (a password prompt, say).
 */
#ifndef QUIESCE_CLI_TERMINAL_H
#define QUIESCE_CLI_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	struct termios modes;
	bool is_known;		/* there is one on standard error, and it was ours to change */
};

void terminal_remember(struct terminal *out);

/* terminal_restore - nothing is done from the background: another program has the terminal then. */
void terminal_restore(const struct terminal *terminal);

#endif
