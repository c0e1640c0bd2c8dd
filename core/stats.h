/* SPDX-License-Identifier: MIT */
/*
 * What each exit costs: by reason, how often and how long, with a histogram by powers of two.
 * Counting is a few instructions in the exit path, so it is inline.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include "lib/bits.h"

#define EXIT_KINDS   80 /* an engine's exit reasons, numbered densely by itself */
#define EXIT_BUCKETS 24 /* bucket i: 2^i up to 2^(i+1) - 1 ticks; the last one also all above */

struct exit_stat {
    u64 count, sum, min, max;
    u32 bucket[EXIT_BUCKETS];
};

struct exit_stats {
    u64 exits; /* all of them */
    struct exit_stat kind[EXIT_KINDS];
};

static inline void stats_count(struct exit_stats *stats, unsigned kind, u64 ticks)
{
    struct exit_stat *stat = &stats->kind[kind];
    unsigned bucket = highest_bit(ticks | 1);

    if (unlikely(ticks < stat->min || !stat->count))
        stat->min = ticks;
    stat->count++;
    stat->sum += ticks;
    if (unlikely(ticks > stat->max))
        stat->max = ticks;
    stat->bucket[bucket < EXIT_BUCKETS ? bucket : EXIT_BUCKETS - 1]++;
}

/* On the log: a line a kind that occurred, the most time first. */
void stats_print(const struct exit_stats *stats, const char *(*name)(unsigned kind));

#endif
