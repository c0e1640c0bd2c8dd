/* SPDX-License-Identifier: MIT */
/* PIT mode 3, square wave: the rate of N, half of it low and half high, the count going down by
 * two. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    came = rdtsc();
}

TINY(pit_mode3)
{
    tsc_hz();
    irq_on(0, on_tick);
    pit_set(0, 3, 5966);
    while (!ticks)
        irq_wait();
    u64 start = came;
    unsigned from = ticks;
    while (ticks - from < 40)
        irq_wait();
    u64 expected = pit_to_tsc(5966ull * (ticks - from));
    check(within(came - start, expected, 10), "40 periods: %lu ticks of TSC, not %lu", came - start,
          expected);
    pic_mask(0);

    const u16 count = 30000;
    pit2_gate(true);
    pit_set(2, 3, count);
    pit2_edge(false);
    u64 rise = pit2_edge(true), fall = pit2_edge(false), again = pit2_edge(true);
    check(within(fall - rise, pit_to_tsc(count / 2), 10), "high for %lu, not %lu", fall - rise,
          pit_to_tsc(count / 2));
    check(within(again - fall, pit_to_tsc(count / 2), 10), "low for %lu", again - fall);
    unsigned odd = 0;
    for (u64 end = rdtsc() + us_to_tsc(5000); rdtsc() < end;)
        odd += pit_latch(2) & 1;
    check(odd == 0, "the count of an even N is odd %u times", odd);
    pit2_gate(false);
    check(pit2_out(), "OUT is low with the gate");
}
