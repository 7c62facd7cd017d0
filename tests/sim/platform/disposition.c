/* SPDX-License-Identifier: MIT */
/*
 * disposition.c - what a signal does: the kernel's table, simulated.
 *
 * The kernel changes and reads the table under a lock of its own, so that a handler sees what was
 * written before it was put in place.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "sim/engine/engine.h"
#include "sim/platform/disposition.h"

enum { SIGNALS = 65 };

static struct sigaction table[SIGNALS];
static uint32_t lock;		/* its value never changes: only the order counts */

static void touch(const char *operation)
{
	sim_update(sim_call_site(operation), &lock, sizeof(lock), SIM_ADD, 0, SIM_ACQ_REL);
}

int sim_sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
	if (signal <= 0 || signal >= SIGNALS)
		return -EINVAL;
	touch("sigaction");
	if (old)
		*old = table[signal];
	if (action)
		table[signal] = *action;
	return 0;
}

int sim_raise(int signal)
{
	void (*handler)(int);

	touch("raise");
	handler = table[signal].sa_handler;
	if (handler == SIG_DFL)
		sim_fail(SIM_CRASH, "the process dies of signal %d", signal);
	if (handler != SIG_IGN)
		handler(signal);
	return 0;
}

void sim_disposition_begin(void)
{
	memset(table, 0, sizeof(table));
}
