/* SPDX-License-Identifier: MIT */
/*
 * All processors start, by id and by broadcast, with the ids that CPUID and the APIC agree on (leaf
 * 1, B, 1F), and in the state of SDM 3, table 10-1.
 */
#include "guests/tiny/rt/apic.h"

/* Counts itself in real mode, and stops. */
#define COUNTER ((volatile u16 *)0x6ff0)
PART(low, ".code16", "lock incw %cs:0xff0\n cli\n 1: hlt\n jmp 1b\n");

static unsigned total;
static struct seen {
    u32 leaf1, leafb, leaf1f, apic;
    u64 base, cr8, tsc_adjust;
    u32 svr;
} seen[CPUS_MAX];

static void look(unsigned cpu)
{
    u32 shift = apic_x2() ? 0 : 24;

    seen[cpu] = (struct seen){cpuid(1, 0).b,
                              cpuid(0xb, 0).d,
                              cpuid(0x1f, 0).d,
                              apic_read(APIC_ID) >> shift,
                              rdmsr(MSR_APIC_BASE),
                              read_cr8(),
                              0,
                              apic_read(APIC_SVR)};
}

static void check_one(unsigned cpu)
{
    const struct seen *s = &seen[cpu];
    u32 levels = cpuid(0, 0).a;

    check(s->leaf1 >> 24 == cpu, "processor %u: leaf 1 says id %u", cpu, s->leaf1 >> 24);
    check((s->leaf1 >> 16 & 0xff) == total, "processor %u: leaf 1 counts %u", cpu,
          s->leaf1 >> 16 & 0xff);
    check(s->apic == cpu, "processor %u: its APIC says %u", cpu, s->apic);
    check(levels < 0xb || s->leafb == cpu, "processor %u: leaf B says %u", cpu, s->leafb);
    check(levels < 0x1f || s->leaf1f == cpu, "processor %u: leaf 1F says %u", cpu, s->leaf1f);
    check(!(s->base & BASE_BSP) == (cpu != 0), "processor %u: APIC_BASE %lx", cpu, s->base);
    check(s->cr8 == 0, "processor %u: CR8 %lu", cpu, s->cr8);
}

/* The levels of leaf B: the last one's count is all, and each one's type is there. */
static void check_levels(void)
{
    u32 last = 0;

    if (cpuid(0, 0).a < 0xb)
        return;
    for (u32 sub = 0; sub < 8; sub++) {
        struct cpuid level = cpuid(0xb, sub);
        check((level.c & 0xff) == sub, "leaf B.%u says it is %u", sub, level.c & 0xff);
        if (!(level.c >> 8 & 0xff))
            break;
        last = level.b & 0xffff;
        check(last <= 1u << (level.a & 31), "leaf B.%u: %u in %u bits", sub, last, level.a & 31);
    }
    check(last == total, "leaf B counts %u, not %u", last, total);
}

/* All at once, as firmware does it. */
static void broadcast(void)
{
    memcpy((void *)0x6000, low, (size_t)(low_end - low));
    *COUNTER = 0;
    apic_icr(0, ICR_OTHERS | ICR_INIT | ICR_LEVEL | ICR_ASSERT);
    wait_us(100);
    check(*COUNTER == 0, "%u run after INIT alone", *COUNTER);
    apic_icr(0, ICR_OTHERS | ICR_STARTUP | 0x06);
    check(wait_for(*COUNTER == total - 1, 1000), "%u of %u came", *COUNTER, total - 1);
    apic_icr(0, ICR_OTHERS | ICR_STARTUP | 0x06);
    wait_us(1000);
    check(*COUNTER == total - 1, "a second start-up IPI started %u", *COUNTER - (total - 1));
}

static void start(const char *mode)
{
    total = cpu_count();
    broadcast();
    check(smp_start() == total, "not all");
    smp_run(look);
    for (unsigned cpu = 0; cpu < total; cpu++)
        check_one(cpu);
    for (unsigned cpu = 1; cpu < total; cpu++)
        check((seen[cpu].svr & 0x100) != 0, "%s", mode);
    smp_run((void (*)(unsigned))smp_barrier);
}

TINY(smp_start)
{
    tsc_hz();
    apic_to_page();
    apic_on();
    total = cpu_count();
    check_levels();
    apic_both(start);
}
