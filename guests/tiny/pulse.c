/* SPDX-License-Identifier: MIT */
/*
 * A machine that keeps time, to run beside hostile ones: 200 ticks of 10 ms against the TSC. The
 * first tick is the beginning; tick n is due n periods later. A tick that comes a whole period
 * late is one that a real machine would have missed: at most 10 % may, which is what the wiping of
 * a neighbour's memory takes when it ends on the same core; and all 200 together take as long as
 * they have to, within a period.
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
    unsigned late = 0;

    irq_on(0, on_tick);
    pit_set(0, 2, COUNT);
    for (unsigned shown = 0; ticks <= TICKS;) {
        irq_wait();
        for (; ticks / 50 > shown; shown++)
            print("beat %u\n", shown + 1);
    }
    pic_mask(0);
    for (unsigned i = 1; i <= TICKS; i++) {
        u64 due = came[0] + i * period;
        u64 lateness = came[i] > due ? came[i] - due : 0;
        late += lateness > period;
        worst = lateness > worst ? lateness : worst;
    }
    u64 whole = came[TICKS] - came[0];
    print("the latest tick: %lu us, %u of %u a period late\n", worst * 1000000 / hz, late, TICKS);
    check(late <= TICKS / 10, "%u ticks are late, the latest by %lu us", late,
          worst * 1000000 / hz);
    check(whole + period > TICKS * period && whole < (TICKS + 1) * period,
          "%u ticks took %lu of TSC, not %lu", TICKS, whole, TICKS * period);
}
