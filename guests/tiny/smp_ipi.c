/* SPDX-License-Identifier: MIT */
/*
 * IPIs among all processors: fixed to one id, to logical sets in the flat and the cluster model and
 * in x2APIC's clusters, by shorthand, to everyone, by lowest priority; each receiver counts its
 * own.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x48

static unsigned total;

static u32 sum(void)
{
    u32 all = 0;
    for (unsigned i = 0; i < total; i++)
        all += apic_seen[i][VECTOR];
    return all;
}

/* This processor and the others wait with IF = 1: what is due comes, and a moment later no more
 * has. */
static void expect(const char *mode, const char *what, u32 set)
{
    u32 due = 0;

    for (unsigned i = 0; i < total; i++)
        due += set >> i & 1;
    irq_enable();
    wait_for(sum() >= due, 1000);
    wait_us(200);
    irq_disable();
    for (unsigned i = 0; i < total; i++)
        check(apic_seen[i][VECTOR] == (set >> i & 1), "%s, %s: processor %u has %u", mode, what, i,
              apic_seen[i][VECTOR]);
    apic_count(VECTOR);
}

static u32 everyone(void)
{
    return (1u << total) - 1;
}

static void physical(const char *mode)
{
    for (unsigned i = 0; i < total; i++) {
        apic_icr(i, ICR_ASSERT | VECTOR);
        expect(mode, "by id", 1u << i);
    }
    apic_icr(total, ICR_ASSERT | VECTOR);
    expect(mode, "to an id that is nobody's", 0);
    apic_icr(apic_x2() ? ~0u : 0xff, ICR_ASSERT | VECTOR);
    expect(mode, "to everyone", everyone());
    apic_icr(0, ICR_ALL | ICR_ASSERT | VECTOR);
    expect(mode, "all", everyone());
    apic_icr(0, ICR_OTHERS | ICR_ASSERT | VECTOR);
    expect(mode, "all others", everyone() & ~1u);
    apic_icr(0, ICR_SELF | ICR_ASSERT | VECTOR);
    expect(mode, "self", 1);
}

static u32 (*ldr_of)(unsigned cpu), dfr;

static void set_ldr(unsigned cpu)
{
    apic_write(APIC_DFR, dfr);
    apic_write(APIC_LDR, ldr_of(cpu) << 24);
}

static u32 flat(unsigned cpu)
{
    return 1u << cpu;
}

/* Two to a cluster. */
static u32 cluster(unsigned cpu)
{
    return (cpu / 2) << 4 | 1u << cpu % 2;
}

static void logical(const char *mode, const char *what)
{
    for (u32 set = 1; set <= everyone(); set++) {
        apic_icr(set, ICR_LOGICAL | ICR_ASSERT | VECTOR);
        expect(mode, what, set);
    }
}

/* Each cluster with each set of its members; 15 is all clusters. */
static void clusters(const char *mode)
{
    for (u32 c = 0; c < (total + 1) / 2; c++)
        for (u32 members = 0; members < 4; members++) {
            apic_icr(c << 4 | members, ICR_LOGICAL | ICR_ASSERT | VECTOR);
            expect(mode, "a cluster", (members << 2 * c) & everyone());
        }
    apic_icr(0xf1, ICR_LOGICAL | ICR_ASSERT | VECTOR);
    expect(mode, "all clusters", 0x55555555 & everyone());
}

static volatile u32 high[CPUS_MAX];

/* One of them has it, and with a priority that is lower than the others' always the same one. */
static void raise_tpr(unsigned cpu)
{
    write_cr8(high[cpu]);
}

static void lowest(const char *mode)
{
    for (unsigned chosen = 0; chosen < total; chosen++) {
        for (unsigned i = 0; i < total; i++)
            high[i] = i == chosen ? 0 : 3; /* lets VECTOR through all the same */
        smp_run(raise_tpr);
        apic_icr(everyone(), ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | VECTOR);
        expect(mode, "lowest priority", 1u << chosen);
    }
    for (unsigned i = 0; i < total; i++)
        high[i] = 0;
    smp_run(raise_tpr);
    for (u32 i = 0; i < 8 * total; i++) {
        apic_icr(everyone(), ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | VECTOR);
        irq_enable();
        check(wait_for(sum() == i + 1, 1000), "%s: %u of %u by lowest priority", mode, sum(),
              i + 1);
        irq_disable();
    }
    apic_count(VECTOR);
}

static void all(const char *mode)
{
    total = smp_start();
    apic_count(VECTOR);
    physical(mode);
    if (apic_x2()) {
        logical(mode, "logical");
    } else {
        ldr_of = flat;
        dfr = ~0u;
        smp_run(set_ldr);
        logical(mode, "flat");
    }
    lowest(mode);
    if (apic_x2())
        return;
    ldr_of = cluster;
    dfr = 0x0fffffff;
    smp_run(set_ldr);
    clusters(mode);
}

TINY(smp_ipi)
{
    apic_both(all);
}
