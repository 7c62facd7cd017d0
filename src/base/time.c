/* SPDX-License-Identifier: MIT */
/*
 * time.c - points in time from lengths, saturating.
 */
#include "platform/clock.h"

qs_time qs_now(void)
{
	return qs__clock_now();
}

qs_time qs_after_ns(int64_t nanoseconds)
{
	const qs_time now = qs__clock_now();

	if (nanoseconds <= 0)
		return now;
	return nanoseconds < QS_NEVER - now ? now + nanoseconds : QS_NEVER;
}

static qs_time after(int64_t count, int64_t unit_ns)
{
	return count > QS_NEVER / unit_ns ? QS_NEVER : qs_after_ns(count <= 0 ? 0 : count * unit_ns);
}

qs_time qs_after_s(int64_t seconds)
{
	return after(seconds, QS__NS_PER_S);
}

qs_time qs_after_ms(int64_t milliseconds)
{
	return after(milliseconds, QS__NS_PER_MS);
}
