/* SPDX-License-Identifier: MIT */
/* HPET: the counter's rate against the TSC, timer 0 periodic in the PIT's place, timer 1 once in
 * the clock's, and the PIT silent while it is replaced. */
#include "guests/tiny/rt/tiny.h"

#define HPET ((volatile u8 *)0xfed00000)

static volatile unsigned ticks, shots;
static volatile u64 came;

static volatile u32 *low(u32 reg)
{
    return (volatile u32 *)(HPET + reg);
}

static volatile u64 *whole(u32 reg)
{
    return (volatile u64 *)(HPET + reg);
}

static void on_tick(struct frame *frame)
{
    (void)frame;
    came = rdtsc();
    ticks++;
}

static void on_shot(struct frame *frame)
{
    (void)frame;
    shots++;
}

static void periodic(u64 hz)
{
    u32 period = (u32)(hz / 1000);

    *whole(0x10) = 0;
    *whole(0xf0) = 0;
    *whole(0x120) = 4;
    *whole(0x128) = 5 * period;
    *low(0x100) = 0x14c; /* periodic, interrupt, 32 bits, set the comparator */
    *low(0x108) = period;
    *low(0x108) = period;
    *whole(0x10) = 3;
    while (!ticks)
        irq_wait();
    u64 start = came;
    unsigned from = ticks;
    while (ticks - from < 30)
        irq_wait();
    u64 expected = us_to_tsc(1000 * (ticks - from));
    check(within(came - start, expected, 10), "%u ms: %lu ticks of TSC, not %lu", ticks - from,
          came - start, expected);
    check(shots == 1, "%u interrupts of the one-shot timer", shots);
}

/* The PIT asks a thousand times a second, and is heard only before and after. */
static void replaced(void)
{
    *low(0x100) = 0;
    pit_set(0, 2, 1193);
    ticks = 0;
    irq_enable();
    wait_us(10000);
    irq_disable();
    check(ticks == 0, "%u interrupts of the PIT, though it is replaced", ticks);
    *whole(0x10) = 1;
    irq_enable();
    check(wait_for(ticks >= 5, 100), "%u interrupts of the PIT", ticks);
    irq_disable();
    pit_set(0, 0, 0);
}

TINY(hpet_periodic)
{
    u64 caps = *whole(0);

    if (!caps || (u32)caps == 0xffffffff)
        skip("no HPET");
    tsc_hz();
    u64 hz = 1000000000000000ull / (caps >> 32);
    check(hz >= 10000000, "%lu Hz", hz);
    check(caps & 0x8000, "capabilities %lx: no legacy replacement", caps);
    check(*low(4) == caps >> 32, "half a register: %x", *low(4));
    *whole(0x10) = 1;
    u64 first = *whole(0xf0), start = rdtsc();
    wait_us(20000);
    u64 expected = (rdtsc() - start) * (hz / 1000) / (tsc_hz() / 1000);
    check(within(*whole(0xf0) - first, expected, 5), "%lu counts, not %lu", *whole(0xf0) - first,
          expected);
    irq_on(0, on_tick);
    irq_on(8, on_shot);
    periodic(hz);
    replaced();
    *whole(0x10) = 0;
}
