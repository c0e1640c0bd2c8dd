/* SPDX-License-Identifier: MIT */
/* PIT mode 0, interrupt on terminal count: one interrupt after N + 1 ticks and no other; a new
 * count starts it again (8254 data sheet). */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    came = rdtsc();
}

TINY(pit_mode0)
{
    static const u16 counts[] = {5000, 11932, 30000};
    tsc_hz();
    irq_on(0, on_tick);
    irq_enable();
    for (unsigned i = 0; i < array_size(counts); i++) {
        ticks = 0;
        pit_set(0, 0, counts[i]);
        u64 start = rdtsc();
        check(!(pit_status(0) & 0x80), "OUT is high before the end");
        check(wait_for(ticks, 200), "count %u: no interrupt", counts[i]);
        check(within(came - start, pit_to_tsc(counts[i] + 1u), 10),
              "count %u: %lu ticks of TSC, not %lu", counts[i], came - start,
              pit_to_tsc(counts[i] + 1u));
        check(pit_status(0) & 0x80, "OUT is low after the end");
    }
    /* It counts on through 0xffff, but says nothing more. */
    wait_us(70000);
    check(ticks == 1, "%u interrupts from one count", ticks);
    pit_count(0, 3000);
    check(wait_for(ticks == 2, 100), "a new count does not start it");

    /* Counter 2's gate holds it. */
    pit2_gate(true);
    pit_set(2, 0, 12000);
    wait_us(1000);
    pit2_gate(false);
    u16 held = pit_latch(2);
    wait_us(2000);
    check(pit_latch(2) == held, "counts with the gate low: %u, then %u", held, pit_latch(2));
    check(held < 12000 && held > 6000, "counted %u in a millisecond", 12000 - held);
    pit2_gate(true);
    wait_us(1000);
    check(pit_latch(2) < held, "does not go on");
}
