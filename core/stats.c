/* SPDX-License-Identifier: MIT */
#include "core/stats.h"

#include "lib/log.h"

void stats_init(struct exit_stats *stats)
{
    for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
        stats->min[kind] = ~0u;
}

u64 stats_of_kind(const struct exit_stats *stats, unsigned kind)
{
    u64 count = 0;

    for (unsigned i = 0; i < EXIT_BUCKETS; i++)
        count += stats->bucket[kind][i];
    return count;
}

u64 stats_exits(const struct exit_stats *stats)
{
    u64 count = 0;

    for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
        count += stats_of_kind(stats, kind);
    return count;
}

/* The costliest kind that is not among those `printed`; EXIT_KINDS: none is left. */
static unsigned costliest(const struct exit_stats *stats, const bool *printed)
{
    unsigned most = EXIT_KINDS;

    for (unsigned i = 0; i < EXIT_KINDS; i++)
        if (!printed[i] && stats_of_kind(stats, i) &&
            (most == EXIT_KINDS || stats->sum[i] > stats->sum[most]))
            most = i;
    return most;
}

void stats_print(const struct exit_stats *stats, const char *(*name)(unsigned kind))
{
    bool printed[EXIT_KINDS] = {0};
    unsigned kind;

    log_raw("%-24s %10s %12s %8s %8s %8s", "exit", "count", "ticks", "average", "least", "most");
    while ((kind = costliest(stats, printed)) < EXIT_KINDS) {
        u64 count = stats_of_kind(stats, kind);
        log_raw("%-24s %10lu %12lu %8lu %8u %8u", name(kind), count, stats->sum[kind],
                stats->sum[kind] / count, stats->min[kind], stats->max[kind]);
        printed[kind] = true;
    }
}
