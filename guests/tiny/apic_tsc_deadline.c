/* SPDX-License-Identifier: MIT */
/*
 * The timer by TSC deadline: never early, and each time; a past one at once; disarmed by 0 and by a
 * change of mode; ignored in the other modes (SDM 3, 11.5.4.1).
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR       0x57
#define MSR_DEADLINE 0x6e0
#define ROUNDS       200

/* Halting and spinning in turn. */
static bool fires(u64 deadline, bool halt)
{
    u32 before = apic_ticks;

    wrmsr(MSR_DEADLINE, deadline);
    if (halt) {
        while (apic_ticks == before)
            irq_wait();
        return true;
    }
    irq_enable();
    bool good = wait_for(apic_ticks != before, 1000);
    irq_disable();
    return good;
}

static void never_early(const char *mode)
{
    u64 gap = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        gap = (gap * 5 + 977) % us_to_tsc(300);
        u64 deadline = rdtsc() + gap;
        if (!check(fires(deadline, i % 2), "%s: deadline %u of %lu ticks is lost", mode, i, gap))
            return;
        check(apic_stamp >= deadline, "%s: %lu ticks early", mode, deadline - apic_stamp);
        check(rdmsr(MSR_DEADLINE) == 0, "%s: it fired and reads %lx", mode, rdmsr(MSR_DEADLINE));
    }
}

static void at_once(const char *mode)
{
    static const u64 past[] = {1, 0};

    for (unsigned i = 0; i < array_size(past); i++) {
        u32 before = apic_ticks;
        wrmsr(MSR_DEADLINE, past[i] ? past[i] : rdtsc() - 1);
        check(apic_bit(APIC_IRR, VECTOR), "%s: a past deadline asks at once", mode);
        irq_window();
        check(apic_ticks == before + 1, "%s: a past deadline fires %u times", mode,
              apic_ticks - before);
    }
}

static void nothing_comes(const char *mode, const char *what)
{
    u32 before = apic_ticks;

    irq_enable();
    wait_us(3000);
    irq_disable();
    check(apic_ticks == before, "%s: %s, and it fires", mode, what);
    check(!apic_bit(APIC_IRR, VECTOR), "%s: %s, and it asks", mode, what);
}

static void disarm(const char *mode)
{
    u64 soon = us_to_tsc(2000), before;

    wrmsr(MSR_DEADLINE, rdtsc() + soon);
    wrmsr(MSR_DEADLINE, 0);
    nothing_comes(mode, "disarmed by 0");
    wrmsr(MSR_DEADLINE, rdtsc() + soon);
    apic_write(APIC_LVT_TIMER, VECTOR);
    check(rdmsr(MSR_DEADLINE) == 0, "%s: one-shot, and it reads %lx", mode, rdmsr(MSR_DEADLINE));
    wrmsr(MSR_DEADLINE, rdtsc() + soon);
    check(rdmsr(MSR_DEADLINE) == 0, "%s: written in one-shot mode", mode);
    apic_write(APIC_LVT_TIMER, LVT_TSC | VECTOR);
    nothing_comes(mode, "disarmed by the mode");
    before = rdtsc() + us_to_tsc(10000000);
    wrmsr(MSR_DEADLINE, before);
    check(rdmsr(MSR_DEADLINE) == before, "%s: it reads %lx", mode, rdmsr(MSR_DEADLINE));
}

static void rearm(const char *mode)
{
    u64 late = rdtsc() + us_to_tsc(10000000);

    wrmsr(MSR_DEADLINE, late);
    check(fires(rdtsc() + us_to_tsc(100), false), "%s: armed anew, for sooner", mode);
    u64 soon = rdtsc() + us_to_tsc(500), later = soon + us_to_tsc(2000);
    wrmsr(MSR_DEADLINE, soon);
    check(fires(later, true) && apic_stamp >= later, "%s: armed anew, for later", mode);
    apic_write(APIC_INITIAL, 1000);
    check(apic_read(APIC_CURRENT) == 0, "%s: a count in deadline mode", mode);
}

static void all(const char *mode)
{
    apic_write(APIC_LVT_TIMER, LVT_TSC | VECTOR);
    never_early(mode);
    at_once(mode);
    rearm(mode);
    disarm(mode);
}

TINY(apic_tsc_deadline)
{
    if (!(cpuid(1, 0).c >> 24 & 1))
        skip("no TSC deadline");
    tsc_hz();
    trap_on(VECTOR, apic_on_tick);
    apic_both(all);
}
