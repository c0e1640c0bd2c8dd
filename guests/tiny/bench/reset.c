/* SPDX-License-Identifier: MIT */
/*
 * What lies between a guest's reset and its first instruction again. It keeps nothing over a
 * reset, and its TSC goes on: so it tells both times beforehand, each time it comes by, and who
 * reads the lines (test/bench/bench.py) takes the second's start and the first's end.
 */
#include "guests/tiny/bench/bench.h"

void bench_reset(void)
{
    u64 at = rdtsc() + us_to_tsc(400000); /* these lines have drained */

    report("reset-first", rt_first_tsc);
    report("reset-at", at);
    while (rdtsc() < at)
        ;
    outb(0xcf9, 0x06);
    for (;;)
        irq_wait();
}
