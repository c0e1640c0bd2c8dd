/* SPDX-License-Identifier: MIT */
/* PIT mode 3, square wave: the rate of N, half of it low and half high, the count going down by
 * two. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    if (++ticks == 40)
        came = rdtsc();
}

static u64 periods(void)
{
    ticks = 0;
    u64 start = rdtsc();
    pit_set(0, 3, 5966);
    while (ticks < 40)
        irq_wait();
    return came - start;
}

/* From one edge to the next: from when OUT was last seen otherwise before the first. */
static u64 half(bool high)
{
    u64 start = LOST;

    pit2_edge(!high);
    pit2_edge_after(high, &start);
    return start == LOST ? LOST : pit2_edge(!high) - start;
}

TINY(pit_mode3)
{
    tsc_hz();
    irq_on(0, on_tick);
    check_lasts(periods(), 40 * 5966, "40 periods");
    pic_mask(0);

    const u16 count = 30000;
    pit2_gate(true);
    pit_set(2, 3, count);
    check_lasts(half(true), count / 2, "the high half");
    check_lasts(half(false), count / 2, "the low half");
    unsigned odd = 0;
    for (u64 end = rdtsc() + us_to_tsc(5000); rdtsc() < end;)
        odd += pit_latch(2) & 1;
    check(odd == 0, "the count of an even N is odd %u times", odd);
    pit2_gate(false);
    check(pit2_out(), "OUT is low with the gate");
}
