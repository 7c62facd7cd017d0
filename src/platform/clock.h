/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the monotonic clock, in ns.  Never the wall clock.
 */
#ifndef QS__PLATFORM_CLOCK_H
#define QS__PLATFORM_CLOCK_H

#include <stdint.h>

#include "quiesce.h"

#define QS__NS_PER_S INT64_C(1000000000)
#define QS__NS_PER_MS INT64_C(1000000)

/* Safe in a signal handler. */
qs_time qs__clock_now(void);

#endif
