/* SPDX-License-Identifier: MIT */
/*
 * heap.c - memory that is never handed out twice in an execution, unless the case wants it to be.
 *
 * One arena, filled from its start, so that the same choices give the same addresses.  What is
 * freed is painted over, and stays known as freed.
 */
#include <string.h>
#include <sys/mman.h>

#include "engine.h"

enum {
	ARENA_BYTES = 16 << 20,
	BLOCKS = 2048,
	GRAIN = 64,		/* a block starts on a cache line */
	PAINT = 0xDB,
};

struct block {
	size_t start;		/* offset in the arena; blocks are in ascending order */
	size_t bytes;
	bool freed;
};

static struct {
	unsigned char *arena;
	size_t used;
	struct block blocks[BLOCKS];
	unsigned count;
	unsigned live;
	bool reuse;
} heap;

void sim_heap_begin(bool reuse)
{
	if (!heap.arena) {
		heap.arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (heap.arena == MAP_FAILED)
			sim_fail(SIM_TOO_SMALL, "no memory for the heap");
	}
	heap.used = 0;
	heap.count = 0;
	heap.live = 0;
	heap.reuse = reuse;
}

static struct block *block_of(const volatile void *address)
{
	const size_t offset = (size_t)((const volatile unsigned char *)address - heap.arena);
	unsigned low = 0;
	unsigned high = heap.count;

	if (offset >= heap.used)
		return NULL;
	while (high - low > 1) {
		const unsigned middle = (low + high) / 2;

		if (heap.blocks[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return &heap.blocks[low];
}

enum sim_heap_state sim_heap_look(const volatile void *address)
{
	const struct block *block = block_of(address);

	if (!block)
		return SIM_HEAP_ELSEWHERE;
	return block->freed ? SIM_HEAP_FREED : SIM_HEAP_LIVE;
}

/* The youngest free block of the same size: what a real allocator would give. */
static struct block *reusable(size_t bytes)
{
	for (unsigned i = heap.count; heap.reuse && i-- > 0;)
		if (heap.blocks[i].freed && heap.blocks[i].bytes == bytes)
			return &heap.blocks[i];
	return NULL;
}

static struct block *fresh(size_t bytes)
{
	struct block *block = &heap.blocks[heap.count];
	const size_t rounded = (bytes + GRAIN) / GRAIN * GRAIN;

	if (heap.count == BLOCKS || ARENA_BYTES - heap.used < rounded)
		sim_fail(SIM_TOO_SMALL, "the simulated heap is full");
	block->start = heap.used;
	block->bytes = bytes;
	heap.used += rounded;
	heap.count++;
	return block;
}

void *sim_heap_alloc(size_t bytes)
{
	struct sim_site *site = sim_call_site("alloc");
	struct block *block;

	if (sim.left.failed_allocations > 0 && sim_choice(2)) {
		sim.left.failed_allocations--;
		sim_trace(site, NULL, "fails", 0, 0);
		return NULL;
	}
	block = reusable(bytes);
	if (!block)
		block = fresh(bytes);
	block->freed = false;
	heap.live++;
	memset(heap.arena + block->start, 0, bytes);
	sim_trace(site, heap.arena + block->start, "%lu bytes", bytes, 0);
	return heap.arena + block->start;
}

void sim_heap_free(void *memory)
{
	struct sim_site *site = sim_call_site("free");
	struct block *block;

	if (!memory)
		return;
	if (sim_control_of(site) != SIM_INTACT) {
		sim_trace(site, memory, "dropped", 0, 0);
		return;
	}
	sim_point(true);
	sim_trace(site, memory, "", 0, 0);
	block = block_of(memory);
	if (!block || heap.arena + block->start != memory)
		sim_fail(SIM_USE_AFTER_FREE, "what is freed was never allocated");
	if (block->freed)
		sim_fail(SIM_USE_AFTER_FREE, "freed twice");
	if (sim_somebody_sleeps_in(memory, block->bytes))
		sim_fail(SIM_USE_AFTER_FREE, "freed while a thread sleeps on a word in it");
	sim_memory_freed(memory, block->bytes);
	sim_race_freed(memory, block->bytes);
	block->freed = true;
	heap.live--;
	memset(memory, PAINT, block->bytes);
}

void sim_heap_end(void)
{
	for (unsigned i = 0; i < heap.count; i++)
		if (!heap.blocks[i].freed)
			sim_fail(SIM_LEAK, "%u blocks were never freed; one is %p of %zu bytes", heap.live,
				 (void *)(heap.arena + heap.blocks[i].start), heap.blocks[i].bytes);
}
