/* SPDX-License-Identifier: MIT */
/*
 * call_sites.h - tells the simulator where a call of the platform stands.
 *
 * The build includes this ahead of every source that is simulated (-include): first the contracts,
 * then a macro over each call that hands in the place.  A name without its parentheses, a
 * function's address, stays what it is.
 */
#ifndef SIM_CALL_SITES_H
#define SIM_CALL_SITES_H

#include "platform/alloc.h"
#include "platform/atomic.h"
#include "platform/event_fd.h"
#include "platform/park.h"
#include "platform/thread.h"
#include "sim/platform/disposition.h"

#define qs__park(word, value, deadline) \
	(sim_call_from(SIM_SITE("park", #word)), (qs__park)((word), (value), (deadline)))
#define qs__unpark_one(word) (sim_call_from(SIM_SITE("unpark_one", #word)), (qs__unpark_one)(word))
#define qs__unpark_all(word) (sim_call_from(SIM_SITE("unpark_all", #word)), (qs__unpark_all)(word))

#define qs__alloc(bytes) (sim_call_from(SIM_SITE("alloc", #bytes)), (qs__alloc)(bytes))
#define qs__alloc_array(count, bytes) \
	(sim_call_from(SIM_SITE("alloc", #count ", " #bytes)), (qs__alloc_array)((count), (bytes)))
#define qs__free(memory) (sim_call_from(SIM_SITE("free", #memory)), (qs__free)(memory))

#define qs__thread_start(out, fn, arg, stack_bytes, name) \
	(sim_call_from(SIM_SITE("thread_start", #fn)), (qs__thread_start)((out), (fn), (arg), (stack_bytes), (name)))
#define qs__thread_join(thread, deadline) \
	(sim_call_from(SIM_SITE("thread_join", #thread)), (qs__thread_join)((thread), (deadline)))

#define qs__event_fd_set(event) (sim_call_from(SIM_SITE("event_fd_set", #event)), (qs__event_fd_set)(event))
#define qs__event_fd_clear(event) (sim_call_from(SIM_SITE("event_fd_clear", #event)), (qs__event_fd_clear)(event))
#define qs__poll(fds, count, deadline) \
	(sim_call_from(SIM_SITE("poll", #fds)), (qs__poll)((fds), (count), (deadline)))

#define sigaction(signal, action, old) \
	(sim_call_from(SIM_SITE("sigaction", #signal)), sim_sigaction((signal), (action), (old)))
#define raise(signal) (sim_call_from(SIM_SITE("raise", #signal)), sim_raise(signal))

#endif
