/* SPDX-License-Identifier: MIT */
/* PIT mode 2, rate generator: an interrupt every N ticks, no drift; the count runs N to 1; counter
 * 2's gate stops it. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks, last;
static volatile u64 came;

static void on_tick(struct frame *frame)
{
    (void)frame;
    if (++ticks == last)
        came = rdtsc();
}

static struct took periods(u16 count, unsigned number)
{
    pit0_prepare(2);
    ticks = 0;
    last = number;
    u64 start = rdtsc(), now = start;
    pit_count(0, count);
    for (; ticks < number; irq_wait())
        now = rdtsc();
    return (struct took){now - start, came - start};
}

static void count_runs_down(void)
{
    u16 least = 0xffff, most = 0;

    pit_set(0, 2, 1000);
    wait_us(100);
    for (unsigned i = 0; i < 100000 && (i < 1000 || least >= 100 || most <= 900); i++) {
        u16 now = pit_latch(0);
        least = now < least ? now : least;
        most = now > most ? now : most;
    }
    check(least >= 1 && least < 100 && most <= 1000 && most > 900, "counts from %u to %u", most,
          least);
}

/* Counter 2's gate. True: no pause was so long that the count has come round. */
static bool gate(void)
{
    pit_set(2, 2, 10000);
    wait_us(2000);
    pit2_gate(false);
    check(pit2_out(), "OUT is low with the gate");
    u64 before = rdtsc();
    pit2_gate(true);
    u64 begun = rdtsc();
    wait_us(1000);
    u64 from = rdtsc();
    u16 now = pit_latch(2);
    u64 at = rdtsc();
    if (at - before >= pit_to_tsc(10000))
        return false;
    check(counted(10000u - now, from - begun, at - before), "the gate reloads: %u after %lu us",
          now, (at - before) * 1000000 / tsc_hz());
    return true;
}

TINY(pit_mode2)
{
    tsc_hz();
    irq_on(0, on_tick);
    check_lasts(periods(2386, 60), 60 * 2386, "60 periods of 2 ms");
    check_lasts(periods(11932, 15), 15 * 11932, "15 periods of 10 ms");
    check_lasts(periods(0, 2), 2 * 65536, "2 of the longest periods");
    pic_mask(0);
    count_runs_down();

    pit2_gate(true);
    unsigned tries = 0;
    while (tries++ < MEASURES && !gate())
        ;
    check(tries <= MEASURES, "the gate could not be watched");
}
