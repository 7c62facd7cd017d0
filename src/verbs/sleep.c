/* SPDX-License-Identifier: MIT */
/*
 * sleep.c - wait for nothing but the deadline and the stop.
 */
#include <errno.h>

#include "core/wait_event.h"

int qs_sleep(qs_time deadline, qs_stop *stop)
{
	struct qs__wait_node node;
	struct qs__waiter waiter;
	const int error = qs__stop_check_optional(stop);

	if (error != 0)
		return error;
	qs__waiter_init(&waiter, 1, NULL);
	if (qs__waiter_attach_stop(&waiter, &node, stop))
		(void)qs__waiter_park(&waiter, deadline);
	qs__waiter_leave(&waiter, &node, 1);
	return stop != NULL && qs__stop_cause(stop) != NULL ? -ECANCELED : 0;
}
