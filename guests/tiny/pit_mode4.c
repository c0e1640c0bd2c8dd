/* SPDX-License-Identifier: MIT */
/* PIT mode 4, software strobe: OUT stays high, dips for one tick after N, once; writing the count
 * starts it. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    came = rdtsc();
}

TINY(pit_mode4)
{
    tsc_hz();
    pit_set(0, 4, 20000);
    u64 start = rdtsc();
    outb(0x20, 0x20);
    irq_on(0, on_tick);
    irq_enable();
    wait_us(1000);
    ticks = 0; /* the control word's own edge, OUT going high */
    check(pit_status(0) & 0x80, "OUT is low while it counts");
    check(wait_for(ticks, 100), "no strobe");
    check(within(came - start, pit_to_tsc(20002), 10), "strobe after %lu, not %lu", came - start,
          pit_to_tsc(20002));
    wait_us(70000);
    check(ticks == 1, "%u strobes from one count", ticks);
    pit_count(0, 5000);
    check(wait_for(ticks == 2, 100), "a new count does not start it");
    irq_disable();
}
