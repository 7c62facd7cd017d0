/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - jobs read /dev/null, but /dev/tty is there for them as for anybody.
 */
#include "terminal.h"

#include <unistd.h>

static bool is_in_front(void)
{
	return tcgetpgrp(STDERR_FILENO) == getpgrp();
}

void terminal_remember(struct terminal *out)
{
	out->is_known = is_in_front() && tcgetattr(STDERR_FILENO, &out->modes) == 0;
}

void terminal_restore(const struct terminal *terminal)
{
	if (terminal->is_known && is_in_front())
		tcsetattr(STDERR_FILENO, TCSANOW, &terminal->modes);
}
