/* SPDX-License-Identifier: MIT */
/*
 * What each exit costs: by reason, how often and how long, with a histogram by powers of two.
 * Counting is a few instructions in the exit path, so it is inline, and what can be had by adding
 * up is not counted: how often is the sum of the histogram.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include "lib/bits.h"

#define EXIT_KINDS   80 /* an engine's exit reasons, numbered densely by itself */
#define EXIT_BUCKETS 32 /* bucket i: 2^i up to 2^(i+1) - 1 ticks, the first also 0 */

struct exit_stats {
    u64 sum[EXIT_KINDS];
    u32 min[EXIT_KINDS], max[EXIT_KINDS];
    u32 bucket[EXIT_KINDS][EXIT_BUCKETS];
};

/* An exit lasts less than 2^32 ticks, a second or more: the rest is cut off. */
static inline void stats_count(struct exit_stats *stats, u64 kind, u32 ticks)
{
    if (!COUNT_EXITS)
        return;
    stats->sum[kind] += ticks;
    if (unlikely(ticks > stats->max[kind]))
        stats->max[kind] = ticks;
    if (unlikely(ticks < stats->min[kind]))
        stats->min[kind] = ticks;
    stats->bucket[kind][highest_bit(ticks | 1)]++;
}

/* Before the first, over a struct of zeroes. */
void stats_init(struct exit_stats *stats);

/* How many exits of a kind, and of all. */
u64 stats_of_kind(const struct exit_stats *stats, unsigned kind);
u64 stats_exits(const struct exit_stats *stats);

/* On the log: a line a kind that occurred, the most time first. */
void stats_print(const struct exit_stats *stats, const char *(*name)(unsigned kind));

#endif
