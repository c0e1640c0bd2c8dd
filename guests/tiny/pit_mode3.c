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

static struct took periods(void)
{
    pit0_prepare(3);
    ticks = 0;
    u64 start = rdtsc(), now = start;
    pit_count(0, 5966);
    for (; ticks < 40; irq_wait())
        now = rdtsc();
    return (struct took){now - start, came - start};
}

/* From one edge to the next: since OUT was last seen otherwise before the first, or seen after. */
static struct took half(bool high)
{
    pit2_edge(!high);
    struct took first = pit2_took(high, 0), then = pit2_took(!high, 0);
    if (!first.least || !then.least)
        return LOST;
    u64 least = then.least > first.most ? then.least - first.most : 0;
    return (struct took){least, then.most - first.least};
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
