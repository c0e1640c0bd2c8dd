/* SPDX-License-Identifier: MIT */
/* PIT mode 5, hardware strobe, on counter 2: the gate's rise loads and starts the count; OUT is
 * high all the while. */
#include "guests/tiny/rt/tiny.h"

static void trigger(void)
{
    pit2_gate(false);
    pit2_gate(true);
}

#define COUNT 40000

/* Triggered, and looked at 5 ms later. True: no pause was so long that the count has come round. */
static bool triggered(void)
{
    u64 before = rdtsc();
    trigger();
    u64 begun = rdtsc();
    wait_us(5000);
    u64 from = rdtsc();
    u16 now = pit_latch(2);
    u64 at = rdtsc();
    bool high = pit2_out();
    check(high || rdtsc() - before >= pit_to_tsc(COUNT), "OUT is low while it counts");
    wait_us(1000);
    check(pit_latch(2) != now, "does not count");
    if (at - before >= pit_to_tsc(COUNT))
        return false;
    check(counted((u64)COUNT - now, from - begun, at - before), "the count is %u after %lu us", now,
          (at - before) * 1000000 / tsc_hz());
    return true;
}

TINY(pit_mode5)
{
    tsc_hz();
    pit2_gate(false);
    pit_set(2, 5, COUNT);
    wait_us(1000);
    check(pit2_out(), "OUT is low without a trigger");

    unsigned watched = 0;
    for (unsigned tries = 0; tries < MEASURES && watched < 2; tries++)
        watched += triggered();
    check(watched == 2, "the count could not be watched");
    wait_us(60000);
    check(pit2_out(), "OUT is low after the strobe");
    pit2_gate(false);
}
