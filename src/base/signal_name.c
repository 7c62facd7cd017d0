/* SPDX-License-Identifier: MIT */
/*
 * signal_name.c - whole texts, so that a signal handler need not put any together.
 */
#include "base/signal_name.h"

#include <signal.h>
#include <stddef.h>

static const struct {
	int signal;
	const char *reason;
} table[] = {
	{ SIGINT, "stopped by SIGINT" },   { SIGTERM, "stopped by SIGTERM" }, { SIGHUP, "stopped by SIGHUP" },
	{ SIGQUIT, "stopped by SIGQUIT" }, { SIGUSR1, "stopped by SIGUSR1" }, { SIGUSR2, "stopped by SIGUSR2" },
	{ SIGALRM, "stopped by SIGALRM" }, { SIGPIPE, "stopped by SIGPIPE" }, { SIGXCPU, "stopped by SIGXCPU" },
};

const char *qs__signal_reason(int signal)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].signal == signal)
			return table[i].reason;
	}
	return "stopped by a signal";
}
