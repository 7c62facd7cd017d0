/* SPDX-License-Identifier: MIT */
/*
 * signal_mask.h - the signals that a worker leaves to others.
 */
#ifndef QS__PLATFORM_SIGNAL_MASK_H
#define QS__PLATFORM_SIGNAL_MASK_H

#include <signal.h>

/* Block all signals but those that report a fault of the thread's own; and put the old mask back. */
void qs__signals_block(sigset_t *out_old);
void qs__signals_restore(const sigset_t *old);

#endif
