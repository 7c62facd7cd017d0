/* SPDX-License-Identifier: MIT */
/*
 * clock.c - CLOCK_MONOTONIC: it cannot fail on a system that has it, and every Linux does.
 */
#include "platform/clock.h"

#include <time.h>

qs_time qs__clock_now(void)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (qs_time)now.tv_sec * QS__NS_PER_S + now.tv_nsec;
}
