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

#define COUNT 20000

/* True, and when, if no interrupt has come: the time is taken before that is looked at. */
static bool waiting(u64 *now)
{
    u64 at = rdtsc();
    if (!ticks)
        *now = at;
    return !ticks;
}

static struct took strobe(void)
{
    ticks = 0;
    u64 start = rdtsc(), now = start;
    pit_count(0, COUNT);
    bool high = pit_status(0) & 0x80;
    check(high || rdtsc() - start >= pit_to_tsc(COUNT), "OUT is low while it counts");
    check(wait_for(!waiting(&now), 1000), "no strobe");
    return (struct took){now - start, came - start};
}

TINY(pit_mode4)
{
    tsc_hz();
    outb(0x20, 0x20);
    irq_on(0, on_tick);
    irq_enable();
    pit_control(0, 4);
    wait_us(1000); /* OUT goes high with the control word: an edge too */
    check_lasts(strobe(), COUNT + 1, "the time to a strobe");
    wait_us(70000);
    check(ticks == 1, "%u strobes from one count", ticks);
    irq_disable();
}
