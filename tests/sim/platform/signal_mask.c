/* SPDX-License-Identifier: MIT */
/*
 * signal_mask.c - while a simulated thread blocks signals, none is let arrive.  The
 * old mask is all or nothing.
 */
#include "platform/signal_mask.h"
#include "sim/engine/engine.h"

void qs__signals_block(sigset_t *out_old)
{
	if (sim.self->signals_blocked)
		sigfillset(out_old);
	else
		sigemptyset(out_old);
	sim_signals_block(true);
}

void qs__signals_restore(const sigset_t *old)
{
	sim_signals_block(sigismember(old, SIGINT) == 1);
}
