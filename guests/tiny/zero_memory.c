/* SPDX-License-Identifier: MIT */
/* The first touch of every page of RAM takes next to no exit: it is mapped beforehand, by large
 * pages. */
#include "guests/tiny/rt/tiny.h"

static u64 top;

/* Without the first hypercall's own. */
static u64 exits_of_touching(void)
{
    u64 before = hypercall(HYPER_EXITS);
    for (u64 at = 0x1000000; at < top; at += 4096)
        (*(volatile u64 *)at)++;
    return hypercall(HYPER_EXITS) - before - 1;
}

TINY(zero_memory)
{
    if (!on_trivet())
        skip("no Trivet, no exits to count");
    top = mem_top();
    u64 pages = (top - 0x1000000) / 4096;
    u64 first = exits_of_touching(), again = exits_of_touching();
    print("%lu pages: %lu exits at the first touch, %lu again\n", pages, first, again);
    check(first <= PROOF_NOISE, "%lu exits", first);
    check(again <= PROOF_NOISE, "%lu exits again", again);
}
