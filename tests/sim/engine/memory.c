/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the words that threads share, and what a load may see.
 *
 * A word is a *location* with a row of *messages*, one for each store, in the order in which all
 * agree.  A message carries a value and a view.  A load may see any message that is not older than
 * what its thread has seen of this location; an acquire load takes the message's view over, a
 * release store leaves the thread's view there, a read-modify-write sees the newest message and
 * passes its view on.  A fence that is seq_cst exchanges views with all fences before it.
 *
 * Only the newest SIM_KEPT messages can be seen, and a thread sees an old one of the same location
 * at most SIM_STALE_RUN times running: in real machines a store arrives in the end.
 *
 * A location is made by its first access, with what is in memory, or by sim_atomic_init();
 * sim_atomic_fini() and a free end it.  An access after that, an access that is not ordered after
 * the init, and an end that is not ordered after all accesses are failures.
 *
 * What only one thread touches needs no scheduling point: the others cannot tell when it happens.
 * So addresses are remembered from execution to execution as *shared* once a second thread has
 * come; a new one makes the search start again.
 */
#include <string.h>

#include "engine.h"

enum {
	SIM_KEPT = 4,
	SIM_STALE_RUN = 2,
	TABLE_SIZE = 4096,
	NOBODY = SIM_THREADS,
};

struct message {
	uint64_t value;
	struct sim_view view;
};

struct location {
	const volatile void *address;
	size_t size;
	unsigned count;			/* messages so far; the newest is number count - 1 */
	bool dead;
	bool shared;
	bool made_by_init;
	unsigned maker;			/* the thread that initialised it, and when; NOBODY = it was there */
	uint16_t made_at;
	unsigned first_user;
	uint64_t original;		/* static words: what was there at the beginning of the execution */
	uint16_t touched[SIM_THREADS];	/* when each thread last did something to it */
	uint8_t stale_run[SIM_THREADS];
	struct message kept[SIM_KEPT];	/* message n is in kept[n % SIM_KEPT] */
};

struct entry {
	const volatile void *address;
	uint32_t execution;		/* an entry of an earlier execution is empty */
	unsigned location;
};

static struct location locations[SIM_LOCATIONS];
static unsigned location_count;
static struct entry table[TABLE_SIZE];
static const volatile void *shared_addresses[TABLE_SIZE];
static struct sim_view fences;		/* what the seq_cst fences have exchanged */

/* ---- views ---- */

void sim_view_clear(struct sim_view *view)
{
	view->width = 0;
	memset(view->clock, 0, sizeof(view->clock));
}

void sim_view_copy(struct sim_view *to, const struct sim_view *from)
{
	memcpy(to, from, offsetof(struct sim_view, seen) + from->width * sizeof(from->seen[0]));
}

static void widen(struct sim_view *view, unsigned width)
{
	if (view->width >= width)
		return;
	memset(view->seen + view->width, 0, (width - view->width) * sizeof(view->seen[0]));
	view->width = (uint16_t)width;
}

void sim_view_join(struct sim_view *into, const struct sim_view *other)
{
	const unsigned width = other->width / SIM_VIEW_GRAIN * SIM_VIEW_GRAIN;

	widen(into, width);
	for (unsigned i = 0; i < SIM_THREADS; i++)
		into->clock[i] = into->clock[i] > other->clock[i] ? into->clock[i] : other->clock[i];
	for (unsigned i = 0; i < width; i++)
		into->seen[i] = into->seen[i] > other->seen[i] ? into->seen[i] : other->seen[i];
}

void sim_view_set_seen(struct sim_view *view, unsigned location, unsigned message)
{
	widen(view, (location / SIM_VIEW_GRAIN + 1) * SIM_VIEW_GRAIN);
	view->seen[location] = (uint16_t)message;
}

static unsigned seen(const struct sim_view *view, unsigned location)
{
	return location < view->width ? view->seen[location] : 0;
}

/* ---- tables by address ---- */

static unsigned hash(const volatile void *address)
{
	return (unsigned)(((uintptr_t)address >> 2) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % TABLE_SIZE;
}

/* The entry of this address, or the empty one where it would be. */
static struct entry *entry_of(const volatile void *address)
{
	struct entry *entry = &table[hash(address)];

	while (entry->execution == sim.number && entry->address != address)
		entry = entry == &table[TABLE_SIZE - 1] ? table : entry + 1;
	return entry;
}

static struct location *find(const volatile void *address)
{
	const struct entry *entry = entry_of(address);

	return entry->execution == sim.number ? &locations[entry->location] : NULL;
}

static const volatile void **shared_slot(const volatile void *address)
{
	const volatile void **slot = &shared_addresses[hash(address)];

	while (*slot && *slot != address)
		slot = slot == &shared_addresses[TABLE_SIZE - 1] ? shared_addresses : slot + 1;
	return slot;
}

static bool is_shared(const volatile void *address)
{
	const struct location *location = find(address);

	return location ? location->shared : *shared_slot(address) != NULL;
}

/* ---- values in memory ---- */

static uint64_t read_memory(const volatile void *address, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, size);
	return value;
}

static void write_memory(const volatile void *address, size_t size, uint64_t value)
{
	memcpy((void *)address, &value, size);
}

static uint64_t cut(uint64_t value, size_t size)
{
	return size >= sizeof(value) ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* ---- locations: birth, use, end ---- */

static struct sim_view *my_view(void)
{
	return &sim.self->order.current;
}

static unsigned index_of(const struct location *location)
{
	return (unsigned)(location - locations);
}

static struct message *newest(struct location *location)
{
	return &location->kept[(location->count - 1) % SIM_KEPT];
}

static struct location *make(const volatile void *address, size_t size, uint64_t value)
{
	struct entry *entry = entry_of(address);
	struct location *location = &locations[location_count];

	if (location_count == SIM_LOCATIONS)
		sim_fail(SIM_TOO_SMALL, "more than %d shared words", SIM_LOCATIONS);
	memset(location, 0, offsetof(struct location, kept));
	location->address = address;
	location->size = size;
	location->maker = NOBODY;
	location->first_user = NOBODY;
	location->shared = *shared_slot(address) != NULL;
	location->original = entry->execution == sim.number ? locations[entry->location].original : read_memory(address, size);
	location->count = 1;
	location->kept[0].value = value;
	sim_view_clear(&location->kept[0].view);
	entry->address = address;
	entry->execution = sim.number;
	entry->location = location_count++;
	return location;
}

static void share(struct location *location)
{
	if (location->shared)
		return;
	location->shared = true;
	*shared_slot(location->address) = location->address;
	sim.learned = true;
}

/* Notes who uses the location.  The setup does not count: nobody runs beside it. */
static void use(struct location *location)
{
	if (sim.in_setup)
		return;
	if (location->first_user == NOBODY)
		location->first_user = sim_self_index();
	else if (location->first_user != sim_self_index())
		share(location);
}

static struct location *locate(const volatile void *address, size_t size)
{
	struct location *location = find(address);

	if (!location) {
		if (sim_heap_look(address) == SIM_HEAP_FREED)
			sim_fail(SIM_USE_AFTER_FREE, "a word in freed memory is used");
		location = make(address, size, read_memory(address, size));
	}
	if (location->dead)
		sim_fail(SIM_USE_AFTER_FREE, "a word is used after its end");
	if (location->maker != NOBODY && my_view()->clock[location->maker] < location->made_at)
		sim_fail(SIM_RACE, "a word is used without order after its initialisation");
	use(location);
	location->touched[sim_self_index()] = my_view()->clock[sim_self_index()];
	return location;
}

/* The point before an operation, then its location. */
static struct location *arrive(const volatile void *address, size_t size)
{
	sim_point(is_shared(address));
	return locate(address, size);
}

static void end_location(struct location *location)
{
	if (location->dead)
		return;
	use(location);
	for (unsigned i = 0; i < sim.thread_count; i++)
		if (location->touched[i] > my_view()->clock[i])
			sim_fail(SIM_RACE, "a word ends without order after its use by %s", sim.threads[i].name);
	location->dead = true;
}

void sim_memory_freed(const volatile void *memory, size_t bytes)
{
	const uintptr_t start = (uintptr_t)memory;

	for (unsigned i = 0; i < location_count; i++)
		if ((uintptr_t)locations[i].address - start < bytes)
			end_location(&locations[i]);
}

void sim_atomic_init(struct sim_site *site, volatile void *object, size_t size, uint64_t value)
{
	struct location *old = find(object);
	struct location *location;

	if (sim_heap_look(object) == SIM_HEAP_FREED)
		sim_fail(SIM_USE_AFTER_FREE, "a word in freed memory is initialised");
	if (old)
		end_location(old);
	if (sim_control_of(site) == SIM_PRETEND)
		value = sim_control_value();
	location = make(object, size, cut(value, size));
	location->made_by_init = true;
	location->maker = sim_self_index();
	location->made_at = my_view()->clock[location->maker];
	write_memory(object, size, value);
	sim_trace(site, object, "= %#lx", location->kept[0].value, 0);
}

void sim_atomic_fini(struct sim_site *site, const volatile void *object)
{
	struct location *location = find(object);

	sim_trace(site, object, "", 0, 0);
	if (sim_somebody_sleeps_in(object, 1))
		sim_fail(SIM_USE_AFTER_FREE, "a word ends while a thread sleeps on it");
	if (location && location->dead)
		sim_fail(SIM_USE_AFTER_FREE, "a word ends twice");
	if (!location)
		location = make(object, 1, 0);
	end_location(location);
}

/* ---- operations ---- */

static void acquire_message(const struct message *message, enum sim_order order)
{
	sim_view_join(order & SIM_ACQUIRE ? my_view() : &sim.self->order.acquired, &message->view);
}

/* `base`: the message that a read-modify-write has read, whose view it passes on; NULL for a store. */
static void append(struct location *location, uint64_t value, enum sim_order order, const struct message *base)
{
	const unsigned number = location->count;
	struct message *message = &location->kept[number % SIM_KEPT];
	const struct sim_memory_order *mine = &sim.self->order;

	sim_view_set_seen(my_view(), index_of(location), number);
	message->value = cut(value, location->size);
	sim_view_copy(&message->view, order & SIM_RELEASE ? &mine->current : &mine->released);
	sim_view_set_seen(&message->view, index_of(location), number);
	if (base)
		sim_view_join(&message->view, &base->view);
	location->count++;
	write_memory(location->address, location->size, value);
	sim_tick();
}

static unsigned oldest_visible(const struct location *location)
{
	const unsigned oldest_kept = location->count > SIM_KEPT ? location->count - SIM_KEPT : 0;
	const unsigned mine = seen(my_view(), index_of(location));

	return mine > oldest_kept ? mine : oldest_kept;
}

/* How many messages older than the newest this load sees. */
static unsigned choose_age(struct location *location)
{
	uint8_t *run = &location->stale_run[sim_self_index()];
	const unsigned ages = location->count - oldest_visible(location);
	unsigned age = 0;

	if (ages > 1 && sim.left.stale_reads > 0 && *run < SIM_STALE_RUN)
		age = sim_choice(ages);
	*run = (uint8_t)(age ? *run + 1 : 0);
	if (age)
		sim.left.stale_reads--;
	return age;
}

static const struct message *see(struct location *location, unsigned age, enum sim_order order)
{
	const unsigned number = location->count - 1 - age;
	const struct message *message = &location->kept[number % SIM_KEPT];

	sim_view_set_seen(my_view(), index_of(location), number);
	acquire_message(message, order);
	return message;
}

static uint64_t load(struct sim_site *site, const volatile void *object, size_t size, enum sim_order order)
{
	struct location *location = arrive(object, size);
	const unsigned age = choose_age(location);
	const uint64_t value = see(location, age, order)->value;

	if (age)
		sim_trace(site, object, "-> %#lx, stale: the newest is %#lx", value, newest(location)->value);
	else
		sim_trace(site, object, "-> %#lx", value, 0);
	return value;
}

static void store(struct sim_site *site, const volatile void *object, size_t size, uint64_t value, enum sim_order order)
{
	struct location *location = arrive(object, size);

	sim_trace(site, object, "= %#lx", cut(value, size), 0);
	append(location, value, order, NULL);
}

static enum sim_order weakened(enum sim_order order, enum sim_mutation mutation)
{
	switch (mutation) {
	case SIM_WEAKEN:
		return SIM_RELAXED;
	case SIM_NO_ACQUIRE:
		return order & ~SIM_ACQUIRE;
	case SIM_NO_RELEASE:
		return order & ~SIM_RELEASE;
	default:
		return order;
	}
}

static uint64_t pretend(struct sim_site *site, const volatile void *object)
{
	const uint64_t value = sim_control_value();

	sim_point(true);
	sim_trace(site, object, "pretended: %#lx", value, 0);
	return value;
}

uint64_t sim_load(struct sim_site *site, const volatile void *object, size_t size, enum sim_order order)
{
	const enum sim_mutation mutation = sim_control_of(site);

	switch (mutation) {
	case SIM_PRETEND:
	case SIM_COUNT_UP:
		return pretend(site, object);
	default:
		return load(site, object, size, weakened(order, mutation));
	}
}

void sim_store(struct sim_site *site, volatile void *object, size_t size, uint64_t value, enum sim_order order)
{
	const enum sim_mutation mutation = sim_control_of(site);

	if (mutation == SIM_DROP)
		sim_trace(site, object, "dropped", 0, 0);
	else
		store(site, object, size, value, weakened(order, mutation));
}

static uint64_t updated(uint64_t old, enum sim_update update, uint64_t operand)
{
	switch (update) {
	case SIM_ADD:
		return old + operand;
	case SIM_SUB:
		return old - operand;
	default:
		return operand;
	}
}

static uint64_t do_update(struct sim_site *site, const volatile void *object, size_t size, enum sim_update update,
			  uint64_t operand, enum sim_order order)
{
	struct location *location = arrive(object, size);
	const struct message *base = see(location, 0, order);
	const uint64_t old = base->value;
	const uint64_t value = cut(updated(old, update, operand), size);

	location->stale_run[sim_self_index()] = 0;
	sim_trace(site, object, "%#lx -> %#lx", old, value);
	append(location, value, order, base);
	return old;
}

uint64_t sim_update(struct sim_site *site, volatile void *object, size_t size, enum sim_update update, uint64_t operand,
		    enum sim_order order)
{
	const enum sim_mutation mutation = sim_control_of(site);
	uint64_t old;

	switch (mutation) {
	case SIM_SPLIT:
		old = load(site, object, size, order & SIM_ACQUIRE);
		store(site, object, size, updated(old, update, operand), order & SIM_RELEASE);
		return old;
	case SIM_DROP:
		return load(site, object, size, SIM_RELAXED);
	case SIM_PRETEND:
	case SIM_COUNT_UP:
		return pretend(site, object);
	default:
		return do_update(site, object, size, update, operand, weakened(order, mutation));
	}
}

/* Failing, it is a load, which may see an old value, but not one that would have let it succeed. */
static bool compare_exchange(struct sim_site *site, const volatile void *object, size_t size, void *expected,
			     uint64_t value, enum sim_order order)
{
	const uint64_t wanted = read_memory(expected, size);
	struct location *location = arrive(object, size);
	const enum sim_order failing = order & SIM_ACQUIRE;
	const unsigned age = choose_age(location);
	const struct message *base = &location->kept[(location->count - 1 - age) % SIM_KEPT];

	if (base->value == wanted)
		base = newest(location);
	if (base->value == wanted) {
		see(location, 0, order);
		sim_trace(site, object, "%#lx -> %#lx", wanted, cut(value, size));
		append(location, value, order, base);
		return true;
	}
	see(location, base == newest(location) ? 0 : age, failing);
	write_memory(expected, size, base->value);
	sim_trace(site, object, "failed: wanted %#lx, saw %#lx", wanted, base->value);
	return false;
}

static bool split_compare_exchange(struct sim_site *site, const volatile void *object, size_t size, void *expected,
				   uint64_t value, enum sim_order order)
{
	const uint64_t saw = load(site, object, size, order & SIM_ACQUIRE);

	if (saw != read_memory(expected, size)) {
		write_memory(expected, size, saw);
		return false;
	}
	store(site, object, size, value, order & SIM_RELEASE);
	return true;
}

bool sim_compare_exchange(struct sim_site *site, volatile void *object, size_t size, void *expected, uint64_t value,
			  enum sim_order order)
{
	const enum sim_mutation mutation = sim_control_of(site);

	switch (mutation) {
	case SIM_SPLIT:
		return split_compare_exchange(site, object, size, expected, value, order);
	case SIM_DROP:
	case SIM_PRETEND:
		sim_trace(site, object, "pretended: success", 0, 0);
		return true;
	default:
		return compare_exchange(site, object, size, expected, value, weakened(order, mutation));
	}
}

void sim_fence_seq_cst(struct sim_site *site)
{
	struct sim_memory_order *mine = &sim.self->order;

	if (sim_control_of(site) != SIM_INTACT) {
		sim_trace(site, NULL, "dropped", 0, 0);
		return;
	}
	sim_point(true);
	sim_trace(site, NULL, "", 0, 0);
	sim_view_join(&mine->current, &mine->acquired);
	sim_view_join(&mine->current, &fences);
	sim_view_copy(&fences, &mine->current);
	sim_view_copy(&mine->released, &mine->current);
	sim_tick();
}

/* The look of a park: at the newest value, and without any order for other words. */
bool sim_word_equals(const volatile void *object, size_t size, uint64_t value)
{
	struct location *location = locate(object, size);

	sim_view_set_seen(my_view(), index_of(location), location->count - 1);
	return newest(location)->value == cut(value, size);
}

/* ---- executions ---- */

static bool is_static(const struct location *location)
{
	return sim_heap_look(location->address) == SIM_HEAP_ELSEWHERE && !sim_address_is_on_a_stack(location->address);
}

void sim_memory_begin(void)
{
	location_count = 0;
	sim_view_clear(&fences);
}

void sim_memory_forget(void)
{
	memset(shared_addresses, 0, sizeof(shared_addresses));
}

void sim_memory_end(void)
{
	for (unsigned i = 0; i < location_count; i++) {
		struct location *location = &locations[i];

		if (location->made_by_init || find(location->address) != location || !is_static(location))
			continue;
		if (newest(location)->value != location->original)
			sim_fail(SIM_LEAK, "a static word was %#lx at the beginning and is %#lx at the end",
				 (unsigned long)location->original, (unsigned long)newest(location)->value);
	}
}
