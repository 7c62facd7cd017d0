/* SPDX-License-Identifier: MIT */
/*
 * hash.c - linear hashing (W. Litwin, "Linear hashing: a new tool for file and
 * table addressing", 1980).
 *
 * With n buckets in use, and m the power of two for which m <= n < 2m, a hash value is taken modulo
 * 2m if that bucket is in use, else modulo m.  So the bucket n, when it comes into use, takes
 * things from the bucket n - m alone, and gives them back to it when it goes.
 *
 * Bucket 0 and the next ones are in the table itself; the segment i has the buckets from FIRST <<
 * i up to FIRST << (i + 1).
 *
 * Things that lie side by side in memory were made one after the other, and are often looked for
 * so, too.  So they get buckets side by side, and a table that fits in no cache costs little more
 * than one that does.  Only blocks of things are scattered.
 *
 * There is a bucket more whenever there are more things than buckets, if there is memory for it;
 * two less when there are less than half as many things, so that a table which empties is small in
 * the end; and the last segment goes when three quarters of the room are empty.  Between these
 * bounds nothing flaps, and each call moves the things of two buckets at most.
 */
#include "base/hash.h"

#include <stdint.h>

#include "base/debug.h"
#include "platform/alloc.h"

#define BUCKETS_PER_THING_MAX 2u
#define MERGES_PER_REMOVAL 2u
#define ROOM_PER_BUCKET_MAX 4u
#define BLOCK 7u	/* log2 of how many things may lie in a block: a few pages of them */

/* The largest power of two that is not above the number, which is not 0. */
static size_t power_below(size_t number)
{
	const unsigned bits = (unsigned)sizeof(unsigned long long) * 8;

	return (size_t)1 << (bits - 1 - (unsigned)__builtin_clzll(number));
}

void qs__hash_init(struct qs__hash *hash, size_t bytes)
{
	*hash = (struct qs__hash){ .buckets = QS__HASH_FIRST, .room = QS__HASH_FIRST };
	hash->spacing = (unsigned)__builtin_ctzll(power_below(bytes));
}

void qs__hash_fini(struct qs__hash *hash)
{
	for (size_t i = 0; i < QS__HASH_SEGMENTS; i++)
		qs__free(hash->segments[i]);
}

/* -------------------------------------------------------------------------------------- buckets */

/* The segment that begins with the bucket `start`. */
static size_t segment_at(size_t start)
{
	return (size_t)__builtin_ctzll(start / QS__HASH_FIRST);
}

static struct qs__hash_link **bucket_at(const struct qs__hash *hash, size_t index)
{
	size_t start;

	if (index < QS__HASH_FIRST)
		return (struct qs__hash_link **)&hash->first[index];
	start = power_below(index);
	return &hash->segments[segment_at(start)][index - start];
}

/*
 * One more for each thing within a block, with a beginning for each block that has nothing to
 * do with those beside it.
 */
static size_t value_of(const struct qs__hash *hash, const void *key)
{
	const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);	/* D. Knuth's multiplicative hashing */
	const uint64_t place = (uint64_t)(uintptr_t)key >> hash->spacing;

	return (size_t)(place + ((place >> BLOCK) * golden >> 32));
}

static size_t index_of(const struct qs__hash *hash, const void *key)
{
	const size_t level = power_below(hash->buckets);
	const size_t index = value_of(hash, key) & (2 * level - 1);

	return index < hash->buckets ? index : index & (level - 1);
}

static struct qs__hash_link **bucket_of(const struct qs__hash *hash, const void *key)
{
	return bucket_at(hash, index_of(hash, key));
}

static void push(struct qs__hash_link **bucket, struct qs__hash_link *link)
{
	link->next = *bucket;
	*bucket = link;
}

/* --------------------------------------------------------------------------- one more, one less */

/*
 * Takes one more bucket into use, and puts into their places the things of
 * the one that it takes from.
 */
static void split(struct qs__hash *hash)
{
	struct qs__hash_link **from = bucket_at(hash, hash->buckets - power_below(hash->buckets));
	struct qs__hash_link *link = *from;

	*from = NULL;
	hash->buckets++;
	while (link != NULL) {
		struct qs__hash_link *next = link->next;

		push(bucket_of(hash, link->key), link);
		link = next;
	}
}

static bool is_too_large(const struct qs__hash *hash)
{
	return hash->buckets > QS__HASH_FIRST && hash->count * BUCKETS_PER_THING_MAX < hash->buckets;
}

/* Takes the last bucket out of use. */
static void merge(struct qs__hash *hash)
{
	const size_t last = --hash->buckets;
	struct qs__hash_link **bucket = bucket_at(hash, last);
	struct qs__hash_link **end = bucket_at(hash, last - power_below(last));

	while (*end != NULL)
		end = &(*end)->next;
	*end = *bucket;
	*bucket = NULL;
}

size_t qs__hash_wants(const struct qs__hash *hash)
{
	const bool is_full = hash->count >= hash->room;
	const bool is_largest = segment_at(hash->room) == QS__HASH_SEGMENTS;

	return is_full && !is_largest ? hash->room * sizeof(struct qs__hash_link *) : 0;
}

bool qs__hash_give(struct qs__hash *hash, void *memory, size_t bytes)
{
	if (qs__hash_wants(hash) != bytes)
		return false;
	hash->segments[segment_at(hash->room)] = memory;
	hash->room *= 2;
	return true;
}

/* The last segment, if there is much too much room. */
static void *give_back(struct qs__hash *hash)
{
	struct qs__hash_link **segment;

	if (hash->room == QS__HASH_FIRST || hash->buckets * ROOM_PER_BUCKET_MAX > hash->room)
		return NULL;
	hash->room /= 2;
	segment = hash->segments[segment_at(hash->room)];
	hash->segments[segment_at(hash->room)] = NULL;
	return segment;
}

/* --------------------------------------------------------------------------------------- things */

struct qs__hash_link *qs__hash_find(const struct qs__hash *hash, const void *key)
{
	struct qs__hash_link *link = *bucket_of(hash, key);

	while (link != NULL && link->key != key)
		link = link->next;
	return link;
}

void qs__hash_insert(struct qs__hash *hash, struct qs__hash_link *link, const void *key)
{
	QS__ASSERT(qs__hash_find(hash, key) == NULL);
	link->key = key;
	push(bucket_of(hash, key), link);
	hash->count++;
	if (hash->count > hash->buckets && hash->buckets < hash->room)
		split(hash);
}

void *qs__hash_remove(struct qs__hash *hash, struct qs__hash_link *link)
{
	struct qs__hash_link **place = bucket_of(hash, link->key);

	while (*place != link)
		place = &(*place)->next;
	*place = link->next;
	hash->count--;
	for (unsigned i = 0; i < MERGES_PER_REMOVAL && is_too_large(hash); i++)
		merge(hash);
	return give_back(hash);
}

struct qs__hash_link *qs__hash_next(const struct qs__hash *hash, const struct qs__hash_link *previous)
{
	size_t index = 0;

	if (previous != NULL && previous->next != NULL)
		return previous->next;
	if (previous != NULL)
		index = index_of(hash, previous->key) + 1;
	for (; index < hash->buckets; index++) {
		if (*bucket_at(hash, index) != NULL)
			return *bucket_at(hash, index);
	}
	return NULL;
}
