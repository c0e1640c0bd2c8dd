/* SPDX-License-Identifier: MIT */
/* PIT mode 1, the hardware one-shot, on counter 2: its gate starts a low pulse of N ticks, and
 * starts it anew. */
#include "guests/tiny/rt/tiny.h"

static void trigger(void)
{
    pit2_gate(false);
    pit2_gate(true);
}

TINY(pit_mode1)
{
    const u16 count = 20000;
    tsc_hz();
    pit2_gate(false);
    pit_set(2, 1, count);
    wait_us(1000);
    check(pit2_out(), "OUT is low without a trigger");

    trigger();
    u64 start = rdtsc();
    check(pit2_edge(false), "OUT is high after the trigger"); /* from the next tick on */
    u64 end = pit2_edge(true);
    check(within(end - start, pit_to_tsc(count), 10), "pulse of %lu ticks of TSC, not %lu",
          end - start, pit_to_tsc(count));
    wait_us(20000);
    check(pit2_out(), "a second pulse without a trigger");

    trigger();
    start = rdtsc();
    wait_us(10000);
    check(!pit2_out(), "the pulse ends early");
    trigger();
    end = pit2_edge(true);
    u64 expected = pit_to_tsc(count) + us_to_tsc(10000);
    check(within(end - start, expected, 10), "triggered twice: %lu, not %lu", end - start,
          expected);
    pit2_gate(false);
}
