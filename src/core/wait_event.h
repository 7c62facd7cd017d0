/* SPDX-License-Identifier: MIT */
/*
 * wait_event.h - the plainest wait: one event, a deadline, a stop.
 */
#ifndef QS__CORE_WAIT_EVENT_H
#define QS__CORE_WAIT_EVENT_H

#include "core/stop.h"
#include "core/waiter.h"

/*
 * 0 when the event has happened, else -ECANCELED if the stop (NULL = none)
 * was asked, else -ETIMEDOUT.
 */
int qs__event_wait(struct qs__event *event, qs_time deadline, qs_stop *stop);

/*
 * Link a waiter to a stop, as what is always urgent.  False if it was asked already.  A NULL stop
 * is never asked; its node is not attached.
 */
bool qs__waiter_attach_stop(struct qs__waiter *waiter, struct qs__wait_node *node, qs_stop *stop);

#endif
