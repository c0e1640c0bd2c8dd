/* SPDX-License-Identifier: MIT */
/* The first touch of every page of RAM takes next to no exit: it is mapped beforehand, by large
 * pages. */
#include "guests/tiny/rt/tiny.h"

static u64 top;

static void touch_all(void)
{
    for (u64 at = 0x1000000; at < top; at += 4096)
        (*(volatile u64 *)at)++;
}

TINY(zero_memory)
{
    if (!on_trivet())
        skip("no Trivet, no exits to count");
    top = mem_top();
    u64 before = hypercall(HYPER_EXITS);
    touch_all();
    u64 exits = hypercall(HYPER_EXITS) - before - 2;
    u64 pages = (top - 0x1000000) / 4096;
    print("first touch of %lu pages: %lu exits\n", pages, exits);
    check(exits <= PROOF_NOISE, "%lu exits", exits);
    prove_no_exits(touch_all, "touching every page again");
}
