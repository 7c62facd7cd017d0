/* SPDX-License-Identifier: MIT */
/*
 * signal_name.h - the reason "stopped by SIG...", for causes.
 */
#ifndef QS__BASE_SIGNAL_NAME_H
#define QS__BASE_SIGNAL_NAME_H

/* Static text.  Safe in a signal handler. */
const char *qs__signal_reason(int signal);

#endif
