/* SPDX-License-Identifier: MIT */
/*
 * disposition.h - sigaction() and raise() of the simulated machine.  All is SIG_DFL at the
 * beginning of an execution.
 */
#ifndef SIM_DISPOSITION_H
#define SIM_DISPOSITION_H

#include <signal.h>

int sim_sigaction(int signal, const struct sigaction *action, struct sigaction *old);

/* The signal arrives in this thread: its handler runs here; SIG_DFL ends the execution as a crash. */
int sim_raise(int signal);

#endif
