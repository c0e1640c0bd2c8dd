/* SPDX-License-Identifier: MIT */
/* PIT mode 2, rate generator: an interrupt every N ticks, no drift; the count runs N to 1; counter
 * 2's gate stops it. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    came = rdtsc();
}

static void rate(u32 count, unsigned periods)
{
    ticks = 0;
    pit_set(0, 2, (u16)count);
    while (!ticks)
        irq_wait();
    u64 start = came;
    unsigned from = ticks;
    while (ticks - from < periods)
        irq_wait();
    u64 expected = pit_to_tsc((u64)count * (ticks - from));
    check(within(came - start, expected, 10), "%u periods of %u: %lu ticks of TSC, not %lu",
          ticks - from, count, came - start, expected);
}

TINY(pit_mode2)
{
    tsc_hz();
    irq_on(0, on_tick);
    rate(2386, 60);
    rate(11932, 15);
    rate(0x10000, 2);
    pic_mask(0);

    pit_set(0, 2, 1000);
    wait_us(100);
    u16 least = 0xffff, most = 0;
    for (u64 end = rdtsc() + us_to_tsc(30000); rdtsc() < end;) {
        u16 now = pit_latch(0);
        least = now < least ? now : least;
        most = now > most ? now : most;
    }
    check(least >= 1 && least < 100 && most <= 1000 && most > 900, "counts from %u to %u", most,
          least);

    pit2_gate(true);
    pit_set(2, 2, 10000);
    wait_us(2000);
    pit2_gate(false);
    check(pit2_out(), "OUT is low with the gate");
    pit2_gate(true);
    wait_us(1000);
    u16 now = pit_latch(2);
    check(now > 7000 && now <= 10000, "the gate reloads: %u", now);
}
