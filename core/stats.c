/* SPDX-License-Identifier: MIT */
#include "core/stats.h"

#include "lib/log.h"

static const struct exit_stat *costliest_below(const struct exit_stats *stats, u64 below,
                                               unsigned *kind)
{
    const struct exit_stat *most = NULL;

    for (unsigned i = 0; i < EXIT_KINDS; i++) {
        const struct exit_stat *stat = &stats->kind[i];
        if (stat->count && stat->sum < below && (!most || stat->sum > most->sum)) {
            most = stat;
            *kind = i;
        }
    }
    return most;
}

void stats_print(const struct exit_stats *stats, const char *(*name)(unsigned kind))
{
    u64 below = ~0ull;
    unsigned kind = 0;
    const struct exit_stat *stat;

    log_raw("%-24s %10s %12s %8s %8s %8s", "exit", "count", "ticks", "average", "least", "most");
    while ((stat = costliest_below(stats, below, &kind))) {
        log_raw("%-24s %10lu %12lu %8lu %8lu %8lu", name(kind), stat->count, stat->sum,
                stat->sum / stat->count, stat->min, stat->max);
        below = stat->sum;
    }
}
