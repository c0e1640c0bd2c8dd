/* SPDX-License-Identifier: MIT */
/*
 * NMI as an IPI: to a processor that runs with IF = 0, and to a halted one; none comes into its
 * handler before IRET, and of several that are sent meanwhile one waits (SDM 3, 6.7.1).
 */
#include "guests/tiny/rt/apic.h"

static unsigned total;
static volatile u32 nmis[CPUS_MAX], depth[CPUS_MAX], deepest, hold, go, ready, ended;

static void on_nmi(struct frame *frame)
{
    unsigned cpu = cpu_self();

    (void)frame;
    u32 now = __atomic_add_fetch(&depth[cpu], 1, __ATOMIC_SEQ_CST);
    if (now > deepest)
        deepest = now;
    nmis[cpu]++;
    while (__atomic_load_n(&hold, __ATOMIC_SEQ_CST))
        pause();
    __atomic_sub_fetch(&depth[cpu], 1, __ATOMIC_SEQ_CST);
}

static void spin(unsigned cpu)
{
    (void)cpu;
    irq_disable();
    ready = 1;
    spin_until_set(&go);
    ended = 1;
}

/* One HLT after the other, as nothing but an NMI ends one. */
static void sleep(unsigned cpu)
{
    u32 before = nmis[cpu];

    irq_disable();
    ready = 1;
    while (nmis[cpu] == before)
        __asm__ volatile("hlt");
    ended = 1;
}

static void begin(unsigned cpu, void (*fn)(unsigned cpu))
{
    ready = go = ended = hold = deepest = 0;
    nmis[cpu] = 0;
    cpu_run(cpu, fn);
    spin_until_set(&ready);
}

static void running(const char *mode, unsigned cpu)
{
    begin(cpu, spin);
    apic_icr(cpu, ICR_NMI);
    check(wait_for(nmis[cpu] == 1, 1000), "%s: %u has %u, running", mode, cpu, nmis[cpu]);
    hold = 1;
    apic_icr(cpu, ICR_NMI);
    check(wait_for(nmis[cpu] == 2, 1000), "%s: %u has %u, the second", mode, cpu, nmis[cpu]);
    for (unsigned i = 0; i < 3; i++)
        apic_icr(cpu, ICR_NMI);
    wait_us(1000);
    check(nmis[cpu] == 2, "%s: %u takes one before IRET", mode, cpu);
    hold = 0;
    check(wait_for(nmis[cpu] == 3, 1000), "%s: %u has %u: none waited", mode, cpu, nmis[cpu]);
    wait_us(1000);
    check(nmis[cpu] == 3 && deepest == 1, "%s: %u has %u of three that were one, %u deep", mode,
          cpu, nmis[cpu], deepest);
    go = 1;
    cpu_wait(cpu);
}

static void halted(const char *mode, unsigned cpu)
{
    begin(cpu, sleep);
    wait_us(500);
    check(!ended, "%s: %u comes out of HLT by itself", mode, cpu);
    apic_icr(cpu, ICR_NMI);
    check(wait_for(ended, 1000), "%s: %u sleeps on, NMIs %u", mode, cpu, nmis[cpu]);
    cpu_wait(cpu);
}

static void all(const char *mode)
{
    total = smp_start();
    trap_on(NMI, on_nmi);
    for (unsigned cpu = 1; cpu < total; cpu++) {
        running(mode, cpu);
        halted(mode, cpu);
    }
    for (unsigned cpu = 0; cpu < total; cpu++)
        nmis[cpu] = 0;
    apic_icr(0, ICR_OTHERS | ICR_NMI);
    for (unsigned cpu = 1; cpu < total; cpu++)
        check(wait_for(nmis[cpu] == 1, 1000), "%s: %u has %u of the broadcast", mode, cpu,
              nmis[cpu]);
    check(nmis[0] == 0, "%s: the sender has it too", mode);
}

TINY(smp_nmi)
{
    apic_both(all);
}
