/* SPDX-License-Identifier: MIT */
/*
 * wait_event.c - two nodes on one waiter.
 *
 * What has happened is judged after the waiter has left, so that an event which comes
 * together with a stop wins.
 */
#include "core/wait_event.h"

#include <errno.h>

bool qs__waiter_attach_stop(struct qs__waiter *waiter, struct qs__wait_node *node, qs_stop *stop)
{
	node->event = NULL;
	if (stop == NULL)
		return true;
	return qs__stop_cause(stop) == NULL &&
	       qs__waiter_attach(waiter, node, &stop->asked, QS__ALWAYS_URGENT);
}

int qs__event_wait(struct qs__event *event, qs_time deadline, qs_stop *stop)
{
	enum { EVENT, STOP, NODES };
	struct qs__wait_node nodes[NODES];
	struct qs__waiter waiter;

	qs__waiter_init(&waiter, 1, NULL);
	if (!qs__waiter_attach(&waiter, &nodes[EVENT], event, QS__NEVER_URGENT)) {
		qs__waiter_leave(&waiter, nodes, 0);
		return 0;
	}
	if (qs__waiter_attach_stop(&waiter, &nodes[STOP], stop))
		(void)qs__waiter_park(&waiter, deadline);
	qs__waiter_leave(&waiter, nodes, NODES);
	if (qs__event_has_happened(event))
		return 0;
	return stop != NULL && qs__stop_cause(stop) != NULL ? -ECANCELED : -ETIMEDOUT;
}
