/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_debug.h"

#include "arch/x86/flags.h"

/* A write hits what watches writes and what watches both; a read only the latter. */
static bool watches(u64 rw, enum breakpoint_kind kind)
{
    return rw == (u64)kind || (rw == BREAK_READ && kind == BREAK_WRITE);
}

u8 breakpoint_hits(u64 dr7, const u64 dr[4], enum breakpoint_kind kind, u64 at, unsigned size)
{
    static const u8 length[4] = {1, 2, 8, 4};
    u8 hits = 0;

    for (unsigned i = 0; i < 4; i++) {
        u64 last = length[dr7 >> (18 + 4 * i) & 3] - 1u;
        u64 first = dr[i] & ~last; /* the low address bits do not count (18.2.5) */

        if (dr7 >> (2 * i) & 3 && watches(dr7 >> (16 + 4 * i) & 3, kind) && at <= first + last &&
            first <= at + size - 1)
            hits |= (u8)(1 << i);
    }
    return hits;
}

void guest_breakpoints(struct guest *guest, enum breakpoint_kind kind, u64 at, unsigned size)
{
    if (kind == BREAK_PORT && !(guest->ops->get(guest, GUEST_CR4) & CR4_DE))
        return;
    guest_dr_fetch(guest);
    guest->hits |= breakpoint_hits(guest->ops->get(guest, GUEST_DR7), guest->dr, kind, at, size);
}
