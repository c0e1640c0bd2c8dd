/* SPDX-License-Identifier: MIT */
/*
 * A machine that keeps time, to run beside hostile ones: 200 ticks of 10 ms against the TSC. No
 * tick comes early, so the one that is least behind tells when each is due. One that comes a whole
 * period late is one that a real machine would have missed: at most 10 % may, which is what the
 * wiping of a neighbour's memory takes when it ends on the same core. A tick too many, or one that
 * is lost, sets all before it, or behind it, off by a period.
 */
#include "guests/tiny/rt/tiny.h"

#define TICKS 200
#define COUNT (PIT_HZ / 100)

static volatile u64 came[TICKS + 1];
static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    if (ticks <= TICKS)
        came[ticks++] = rdtsc();
}

TINY(pulse)
{
    u64 hz = on_trivet() ? cpuid(0x40000010, 0).a * 1000ull : tsc_hz();
    u64 period = hz / PIT_HZ * COUNT + hz % PIT_HZ * COUNT / PIT_HZ, worst = 0;
    u64 first = ~0ull;
    unsigned late = 0;

    irq_on(0, on_tick);
    pit_set(0, 2, COUNT);
    for (unsigned shown = 0; ticks <= TICKS;) {
        irq_wait();
        for (; ticks / 50 > shown; shown++)
            print("beat %u\n", shown + 1);
    }
    pic_mask(0);
    for (unsigned i = 0; i <= TICKS; i++)
        first = min_u64(first, came[i] - i * period);
    for (unsigned i = 0; i <= TICKS; i++) {
        u64 lateness = came[i] - i * period - first;
        late += lateness > period;
        worst = lateness > worst ? lateness : worst;
    }
    print("the latest tick: %lu us, %u of %u a period late\n", worst * 1000000 / hz, late, TICKS);
    check(late <= TICKS / 10, "%u ticks are late, the latest by %lu us", late,
          worst * 1000000 / hz);
}
