/* SPDX-License-Identifier: MIT */
/*
 * stats.c - a pool's counts.
 *
 * They are kept in several places and read one after the other, the ends first: what ends meanwhile
 * is counted as running, so that the sum is right and no count is negative.
 */
#include <errno.h>

#include "exec/pool.h"

static uint64_t read_ends(qs_pool *pool, uint64_t ends[QS_STATES])
{
	uint64_t sum = 0;

	for (int state = 0; state < QS_STATES; state++) {
		/*
		 * What was submitted before is seen by the look that follows.  Pairs with
		 * fetch_add_acq_rel in qs__pool_count().
		 */
		ends[state] = qs__load_acquire(&pool->ends[state]);
		sum += ends[state];
	}
	return sum;
}

int qs_pool_stats(qs_pool *pool, qs_stats *out)
{
	const int error = qs__object_check(pool, QS__MAGIC_POOL);
	qs_stats stats = QS_STATS_INIT;
	struct qs__queue_counts counts;
	uint64_t ended;

	if (error != 0)
		return error;
	if (out == NULL || out->size != sizeof(*out))
		return -EINVAL;
	ended = read_ends(pool, stats.ends);
	counts = qs__queue_look(&pool->queue);
	/* relaxed: a count of those who come and go. */
	stats.workers = qs__load_relaxed(&pool->places_taken);
	stats.idle = (uint32_t)counts.parked;
	stats.workers_max = pool->options.workers;
	stats.submitted = counts.pushed;
	stats.pending = counts.pending;
	stats.running = counts.pushed - counts.pending - ended;
	*out = stats;
	return 0;
}
