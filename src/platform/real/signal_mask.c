/* SPDX-License-Identifier: MIT */
/*
 * signal_mask.c - all but the faults: those are sent to the thread that made
 * them and mean its own body.
 */
#include "platform/signal_mask.h"

#include <stddef.h>

void qs__signals_block(sigset_t *out_old)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t all;

	(void)sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&all, faults[i]);
	(void)pthread_sigmask(SIG_SETMASK, &all, out_old);
}

void qs__signals_restore(const sigset_t *old)
{
	(void)pthread_sigmask(SIG_SETMASK, old, NULL);
}
