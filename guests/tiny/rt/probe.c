/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

#define STEP  0x100000ull
#define LIMIT 0xc0000000ull

static bool is_memory(volatile u64 *at)
{
    u64 before = *at;
    *at = 0x5a5aa5a5deadbeef;
    bool kept = *at == 0x5a5aa5a5deadbeef;
    *at = before;
    return kept;
}

/* No firmware table to ask: where RAM ends, what is read back is not what was written. */
u64 mem_top(void)
{
    u64 top = 16 * STEP;
    while (top < LIMIT && is_memory((u64 *)top))
        top += STEP;
    return top;
}
