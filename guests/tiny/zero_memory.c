/* SPDX-License-Identifier: MIT */
/* The first touch of every page of RAM takes next to no exit: it is mapped beforehand, by large
 * pages. */
#include "guests/tiny/rt/tiny.h"

static u64 top;

/* Without the second hypercall's, and the CPUID's that chooses its instruction. */
static s64 exits_of_touching(void)
{
    u64 before = hypercall(HYPER_EXITS);
    for (u64 at = 0x1000000; at < top; at += 4096)
        (*(volatile u64 *)at)++;
    return (s64)(hypercall(HYPER_EXITS) - before) - 2;
}

TINY(zero_memory)
{
    if (!on_trivet())
        skip("no Trivet, no exits to count");
    top = mem_top();
    u64 pages = (top - 0x1000000) / 4096;
    s64 first = exits_of_touching(), again = exits_of_touching();
    print("%lu pages: %ld exits at the first touch, %ld again\n", pages, first, again);
    check(first <= PROOF_NOISE, "%ld exits", first);
    check(again <= PROOF_NOISE, "%ld exits again", again);
}
