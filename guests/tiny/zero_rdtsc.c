/* SPDX-License-Identifier: MIT */
/* A loop of RDTSC takes no exit: the TSC offset does. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    u64 last = 0;
    for (unsigned i = 0; i < times; i++) {
        u64 now = rdtsc();
        if (now < last)
            check(false, "backwards");
        last = now;
    }
}

TINY(zero_rdtsc)
{
    prove_no_exits(loop, "RDTSC");
}
