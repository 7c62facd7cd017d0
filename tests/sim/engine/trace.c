/* SPDX-License-Identifier: MIT */
/*
 * trace.c - what happened in the present execution.  Kept always, because it is
 * cheap; shown after a failure.
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

enum { EVENTS = 4096 };		/* the last ones are kept */

struct event {
	const struct sim_site *site;	/* NULL: something that the scheduler did */
	const volatile void *object;
	const char *text;
	uint64_t a;
	uint64_t b;
	uint8_t thread;
};

static struct event events[EVENTS];
static unsigned event_count;

void sim_trace_begin(void)
{
	event_count = 0;
}

void sim_trace(const struct sim_site *site, const volatile void *object, const char *text, uint64_t a, uint64_t b)
{
	struct event *event = &events[event_count++ % EVENTS];

	event->site = site;
	event->object = object;
	event->text = text;
	event->a = a;
	event->b = b;
	event->thread = (uint8_t)sim_self_index();
}

/* From the repository's top on: the last "src/" or "tests/" of the path. */
static const char *short_path(const char *path)
{
	const char *tests = strstr(path, "/tests/");
	const char *sources = strstr(path, "/src/");

	if (tests)
		return tests + 1;
	return sources ? sources + 1 : path;
}

static void print_event(unsigned number, const struct event *event)
{
	char values[96];
	char call[96];
	char address[32] = "";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"	/* the texts are static, and each
							   takes at most both values */
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(values, sizeof(values), event->text, event->a, event->b);
#pragma GCC diagnostic pop
	if (!event->site) {
		fprintf(stderr, "%5u  %u %-12s . %s\n", number, event->thread, sim.threads[event->thread].name, values);
		return;
	}
	snprintf(call, sizeof(call), "%s(%s)", event->site->operation, event->site->object);
	if (event->object)
		snprintf(address, sizeof(address), "@%lx", (unsigned long)(uintptr_t)event->object & 0xfffff);
	fprintf(stderr, "%5u  %u %-12s %-48s %-7s %-28s %s:%d %s\n", number, event->thread,
		sim.threads[event->thread].name, call, address, values, short_path(event->site->file), event->site->line, event->site->function);
}

void sim_trace_print(void)
{
	const unsigned first = event_count > EVENTS ? event_count - EVENTS : 0;

	if (first > 0)
		fprintf(stderr, "       (%u earlier steps are not kept)\n", first);
	for (unsigned i = first; i < event_count; i++)
		print_event(i, &events[i % EVENTS]);
}
