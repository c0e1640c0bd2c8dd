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

/* True, and when, if no interrupt has come: the time is taken before that is looked at. */
static bool waiting(u64 *now)
{
    u64 at = rdtsc();
    if (!ticks)
        *now = at;
    return !ticks;
}

static struct took one_shot(u16 count)
{
    ticks = 0;
    u64 start = rdtsc(), now = start;
    pit_set(0, 0, count);
    bool low = !(pit_status(0) & 0x80);
    check(low || rdtsc() - start >= pit_to_tsc(count), "count %u: OUT is high early", count);
    check(wait_for(!waiting(&now), 1000), "count %u: no interrupt", count);
    check(pit_status(0) & 0x80, "OUT is low after the end");
    return (struct took){now - start, came - start};
}

/* Counter 2's gate holds it. True: no pause was so long that the count has come round. */
static bool gate(void)
{
    u64 before = rdtsc();
    pit_set(2, 0, 12000);
    u64 begun = rdtsc();
    wait_us(1000);
    u64 held_from = rdtsc();
    pit2_gate(false);
    u64 held_at = rdtsc();
    u16 held = pit_latch(2);
    wait_us(2000);
    check(pit_latch(2) == held, "counts with the gate low: %u, then %u", held, pit_latch(2));
    pit2_gate(true);
    wait_us(1000);
    check(pit_latch(2) != held, "does not go on");
    if (held_at - before >= pit_to_tsc(12000))
        return false;
    check(counted(12000u - held, held_from - begun, held_at - before), "counted %u in %lu us",
          12000u - held, (held_at - before) * 1000000 / tsc_hz());
    return true;
}

TINY(pit_mode0)
{
    static const u16 counts[] = {5000, 11932, 30000};
    tsc_hz();
    irq_on(0, on_tick);
    irq_enable();
    for (unsigned i = 0; i < array_size(counts); i++)
        check_lasts(one_shot(counts[i]), counts[i] + 1u, "one count");
    /* It counts on through 0xffff, but says nothing more. */
    wait_us(70000);
    check(ticks == 1, "%u interrupts from one count", ticks);
    pit_count(0, 3000);
    check(wait_for(ticks == 2, 1000), "a new count does not start it");

    pit2_gate(true);
    unsigned tries = 0;
    while (tries++ < MEASURES && !gate())
        ;
    check(tries <= MEASURES, "the gate could not be watched");
}
