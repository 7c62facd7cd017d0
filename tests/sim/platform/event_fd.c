/* SPDX-License-Identifier: MIT */
/*
 * event_fd.c - simulated descriptors: one word each, readable or not.
 *
 * Setting one and finding it readable put the two threads in order, as the kernel's locks
 * do on every real system.
 */
#include <errno.h>

#include "platform/event_fd.h"
#include "sim/engine/engine.h"

enum {
	DESCRIPTORS = 8,
	FIRST = 1000,		/* no number that a test could have by accident */
};

static struct {
	uint32_t readable;
	bool open;
} descriptors[DESCRIPTORS];

static char any_readable;	/* its address is what polling threads sleep on */

static bool is_ours(int fd)
{
	return fd >= FIRST && fd < FIRST + DESCRIPTORS;
}

static void check_open(int fd)
{
	if (!is_ours(fd) || !descriptors[fd - FIRST].open)
		sim_fail(SIM_USE_AFTER_FREE, "descriptor %d is not open", fd);
}

int qs__event_fd_open(struct qs__event_fd *out)
{
	for (int i = 0; i < DESCRIPTORS; i++) {
		if (descriptors[i].open)
			continue;
		descriptors[i].open = true;
		sim_atomic_init(sim_call_site("event_fd_open"), &descriptors[i].readable, sizeof(uint32_t), 0);
		*out = (struct qs__event_fd){ FIRST + i, FIRST + i };
		return 0;
	}
	return -EMFILE;
}

void qs__event_fd_set(const struct qs__event_fd *event)
{
	struct sim_site *site = sim_call_site("event_fd_set");

	check_open(event->writer);
	sim_update(site, &descriptors[event->writer - FIRST].readable, sizeof(uint32_t), SIM_EXCHANGE, 1, SIM_RELEASE);
	if (sim_control_of(site) == SIM_INTACT)
		sim_wake(&any_readable, SIM_THREADS);
}

void qs__event_fd_clear(const struct qs__event_fd *event)
{
	check_open(event->fd);
	sim_update(sim_call_site("event_fd_clear"), &descriptors[event->fd - FIRST].readable, sizeof(uint32_t),
		   SIM_EXCHANGE, 0, SIM_ACQUIRE);
}

void qs__event_fd_close(const struct qs__event_fd *event)
{
	check_open(event->fd);
	sim_atomic_fini(sim_call_site("event_fd_close"), &descriptors[event->fd - FIRST].readable);
	descriptors[event->fd - FIRST].open = false;
}

/* One step, like the kernel's: no other thread sets a descriptor between the look and the sleep. */
static int look(struct sim_site *site, struct pollfd *fds, nfds_t count)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		check_open(fds[i].fd);
		if (sim_word_equals(&descriptors[fds[i].fd - FIRST].readable, sizeof(uint32_t), 0))
			continue;
		sim_load(site, &descriptors[fds[i].fd - FIRST].readable, sizeof(uint32_t), SIM_ACQUIRE);
		fds[i].revents = fds[i].events & POLLIN;
		ready += fds[i].revents != 0;
	}
	return ready;
}

int qs__poll(struct pollfd *fds, nfds_t count, qs_time deadline)
{
	struct sim_site *site = sim_call_site("poll");

	sim_point(true);
	for (;;) {
		const int ready = look(site, fds, count);

		if (ready > 0)
			return ready;
		if (deadline <= sim.now)
			return -ETIMEDOUT;
		sim_trace(site, NULL, "sleeps", 0, 0);
		sim_sleep(&any_readable, deadline);
	}
}

void sim_descriptor_begin(void)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		descriptors[i].open = false;
}

void sim_descriptor_end(void)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		if (descriptors[i].open)
			sim_fail(SIM_LEAK, "descriptor %d was never closed", FIRST + i);
}
