/* SPDX-License-Identifier: MIT */
/*
 * The TSC on all processors: what one reads after it has seen another's reading is never less. Each
 * of them takes the turn many times, in a ring.
 */
#include "guests/tiny/rt/apic.h"

#define TURNS 300 /* each, and where two share a core a slice may go by for one */

static unsigned total;
static volatile u32 turn, worst_by;
static volatile u64 last, worst;

static void ring(unsigned cpu)
{
    for (u32 mine = cpu; mine < TURNS * total; mine += total) {
        while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != mine)
            pause();
        u64 now = rdtsc();
        if (now < last && last - now > worst) {
            worst = last - now;
            worst_by = cpu;
        }
        last = now;
        __atomic_store_n(&turn, mine + 1, __ATOMIC_SEQ_CST);
    }
}

/* IA32_TSC_ADJUST belongs to the one that writes it: the others' time stays. */
static void ahead(unsigned cpu)
{
    if (cpu == total - 1)
        wrmsr(0x3b, rdmsr(0x3b) + us_to_tsc(1000000));
    smp_barrier();
    if (cpu == 0)
        last = rdtsc();
    smp_barrier();
    if (cpu == total - 1) {
        u64 now = rdtsc();
        worst = now > last && now - last >= us_to_tsc(1000000) ? 0 : 1;
        wrmsr(0x3b, rdmsr(0x3b) - us_to_tsc(1000000));
    }
    smp_barrier();
}

TINY(smp_tsc)
{
    total = smp_start();
    smp_run(ring);
    check(worst == 0, "backwards by %lu ticks at processor %u", worst, worst_by);
    if (total > 1 && cpuid(7, 0).b >> 1 & 1) {
        smp_run(ahead);
        check(worst == 0, "TSC_ADJUST moves others");
        turn = 0;
        last = 0;
        worst = 0;
        smp_run(ring);
        check(worst == 0, "after TSC_ADJUST backwards by %lu at processor %u", worst, worst_by);
    }
}
