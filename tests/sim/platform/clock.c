/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the simulated clock: it stands still until somebody's deadline is let come.
 */
#include "platform/clock.h"
#include "sim/engine/engine.h"

qs_time qs__clock_now(void)
{
	sim_point(sim.left.early_timeouts > 0);
	return sim.now;
}
