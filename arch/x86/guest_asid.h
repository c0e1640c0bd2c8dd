/* SPDX-License-Identifier: MIT */
/*
 * Address space identifiers (APM 2, 15.16; Intel's are VPIDs, SDM 3, 29.1): translations that carry
 * another one are not seen, so a vCPU that comes to a core takes a new one and need not flush. Each
 * core hands out its own, one after the other; when they are used up all translations are flushed
 * once and a new generation begins. Pure.
 */
#ifndef ARCH_X86_GUEST_ASID_H
#define ARCH_X86_GUEST_ASID_H

#include "lib/types.h"

/* All zero is how a core begins: with translations that nobody knows. */
struct asid_pool {
    u64 generation;
    u32 next;
};

struct asid {
    u32 number; /* 0 is the host's */
    u32 core;
    u64 generation; /* 0: never had one */
};

/* True if it may be used on this core as it is. */
static inline bool asid_good(const struct asid_pool *pool, const struct asid *asid, u32 core)
{
    return asid->generation && asid->generation == pool->generation && asid->core == core;
}

/* A new one of a processor that has `count`, the host's included (at least 2). True: the next entry
 * must flush them all. */
static inline bool asid_take(struct asid_pool *pool, struct asid *asid, u32 core, u32 count)
{
    bool flush = pool->next == 0 || pool->next >= count;

    if (flush) {
        pool->generation++;
        pool->next = 1;
    }
    *asid = (struct asid){pool->next++, core, pool->generation};
    return flush;
}

#endif
