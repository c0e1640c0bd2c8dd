/* SPDX-License-Identifier: MIT */
/*
 * The guest's instruction at a linear address, fetched through its page tables and decoded. Pure.
 *
 * Software drives a device by few instructions. The last ones are remembered: the way to them
 * through the tables, each entry of which is looked at again, and what their bytes mean, which are
 * compared again. So what a guest changes is seen as if nothing were remembered.
 */
#ifndef ARCH_X86_GUEST_FETCH_H
#define ARCH_X86_GUEST_FETCH_H

#include "arch/x86/decoded.h"
#include "arch/x86/guest_walk.h"

#define FETCH_SLOTS 8

struct fetch_slot {
    struct guest_path path;
    const u8 *page; /* where its end is, in the direct map */
    struct decoded code;
};

struct fetch_cache {
    struct fetch_slot slot[FETCH_SLOTS];
};

static always_inline struct fetch_slot *fetch_slot_of(struct fetch_cache *cache, u64 linear)
{
    return &cache->slot[(linear ^ linear >> 3) % FETCH_SLOTS];
}

/* The instruction if it is remembered; NULL: guest_fetch. `user`: CPL is 3. */
static always_inline const struct decoded *guest_fetch_known(struct fetch_cache *cache,
                                                             const struct guest_paging *paging,
                                                             u64 linear, bool user,
                                                             struct decode_mode mode)
{
    struct fetch_slot *slot = fetch_slot_of(cache, linear);
    unsigned offset = (unsigned)linear & (PAGE_4K - 1);
    struct insn_bytes bytes;

    if (unlikely(offset > PAGE_4K - sizeof bytes ||
                 !guest_path_holds(&slot->path, paging, linear,
                                   user ? ACCESS_FETCH | ACCESS_USER : ACCESS_FETCH)))
        return NULL;
    __builtin_memcpy(&bytes, slot->page + offset, sizeof bytes);
    return likely(decoded_is(&slot->code, &bytes, sizeof bytes, mode)) ? &slot->code : NULL;
}

/*
 * The second page is walked only when the instruction goes on there. WALK_FAULT: a page fault of
 * either page, or #UD, or #GP(0) of too long an instruction. *code is good until the next fetch.
 */
enum walk_verdict must_check guest_fetch(struct fetch_cache *cache,
                                         const struct guest_paging *paging,
                                         const struct guest_memory *memory, u64 linear, bool user,
                                         struct decode_mode mode, const struct decoded **code,
                                         struct guest_fault *fault);

#endif
