/* SPDX-License-Identifier: MIT */
/*
 * race.c - the order of plain accesses.
 *
 * For each address, when each thread last read and last wrote it, by that thread's own clock.
 * An access races with another thread's earlier one if the clock that this thread knows of the
 * other has not come that far.
 */
#include <string.h>

#include "engine.h"

enum {
	PLACES = 512,
	TABLE_SIZE = 2048,
};

struct place {
	const volatile void *address;
	uint16_t read_at[SIM_THREADS];
	uint16_t written_at[SIM_THREADS];
};

static struct place places[PLACES];
static unsigned place_count;
static struct {
	uint32_t execution;
	unsigned place;
} table[TABLE_SIZE];

static struct place *place_of(const volatile void *address)
{
	unsigned slot = (unsigned)((uintptr_t)address * UINT64_C(0x9E3779B97F4A7C15) >> 40) % TABLE_SIZE;

	for (; table[slot].execution == sim.number; slot = (slot + 1) % TABLE_SIZE)
		if (places[table[slot].place].address == address)
			return &places[table[slot].place];
	if (place_count == PLACES)
		sim_fail(SIM_TOO_SMALL, "more than %d places of plain data", PLACES);
	table[slot].execution = sim.number;
	table[slot].place = place_count;
	memset(&places[place_count], 0, sizeof(places[place_count]));
	places[place_count].address = address;
	return &places[place_count++];
}

/* Fails if a thread's last access is one that we have no order after. */
static void check_order(const uint16_t *last, const char *mine, const char *theirs)
{
	for (unsigned i = 0; i < sim.thread_count; i++)
		if (last[i] > sim.self->order.current.clock[i] && &sim.threads[i] != sim.self)
			sim_fail(SIM_RACE, "data race: this %s has no order after the %s by %s", mine, theirs,
				 sim.threads[i].name);
}

static void check_alive(const volatile void *object)
{
	if (sim_heap_look(object) == SIM_HEAP_FREED)
		sim_fail(SIM_USE_AFTER_FREE, "plain data in freed memory is used");
}

void sim_plain_read(struct sim_site *site, const volatile void *object, size_t size)
{
	struct place *place = place_of(object);

	(void)size;
	sim_trace(site, object, "", 0, 0);
	check_alive(object);
	check_order(place->written_at, "read", "write");
	place->read_at[sim_self_index()] = sim.self->order.current.clock[sim_self_index()];
}

void sim_plain_write(struct sim_site *site, const volatile void *object, size_t size)
{
	struct place *place = place_of(object);

	(void)size;
	sim_trace(site, object, "", 0, 0);
	check_alive(object);
	check_order(place->written_at, "write", "write");
	check_order(place->read_at, "write", "read");
	place->written_at[sim_self_index()] = sim.self->order.current.clock[sim_self_index()];
}

void sim_race_freed(const volatile void *memory, size_t bytes)
{
	for (unsigned i = 0; i < place_count; i++) {
		if ((uintptr_t)places[i].address - (uintptr_t)memory >= bytes)
			continue;
		check_order(places[i].written_at, "free", "write");
		check_order(places[i].read_at, "free", "read");
		memset(places[i].read_at, 0, sizeof(places[i].read_at));
		memset(places[i].written_at, 0, sizeof(places[i].written_at));
	}
}

void sim_race_begin(void)
{
	place_count = 0;
}
