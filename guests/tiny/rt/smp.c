/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/smp.h"

#include "guests/tiny/rt/apic.h"

#define STACK 16384

extern const u8 rt_trampoline[], rt_trampoline_end[];
u64 rt_ap_stack;
void rt_ap_main(void);

static u8 stacks[CPUS_MAX][STACK] aligned(16), stacks_df[CPUS_MAX][4096] aligned(16);
static u32 tss[CPUS_MAX][26] aligned(8);
static volatile u32 up[CPUS_MAX], starting;
static void (*volatile work[CPUS_MAX])(unsigned cpu);
static unsigned running = 1;
static bool want_x2;
volatile u32 smp_wakes[CPUS_MAX];

unsigned cpu_count(void)
{
    struct cpuid leaf = cpuid(1, 0);
    return leaf.d >> 28 & 1 ? leaf.b >> 16 & 0xff : 1;
}

/* The GDT is one; each processor has a TSS in it, which LTR marks busy. */
static void tss_load(unsigned cpu)
{
    unsigned selector = SEL_TSS64 + 16 * cpu;
    u64 ist = (u64)(stacks_df[cpu] + sizeof(stacks_df[cpu]));

    memset(tss[cpu], 0, sizeof(tss[cpu]));
    tss[cpu][25] = sizeof(tss[cpu]) << 16;
    tss[cpu][9] = (u32)ist;
    tss[cpu][10] = (u32)(ist >> 32);
    gdt_set(selector, (u32)(u64)tss[cpu], sizeof(tss[cpu]) - 1, 0x89, 0);
    rt_gdt[selector / 8 + 1] = 0;
    __asm__ volatile("ltr %w0" ::"r"(selector) : "memory");
}

static void idle(unsigned cpu)
{
    void (*fn)(unsigned) = work[cpu];

    if (fn) {
        fn(cpu);
        irq_disable();
        __atomic_store_n(&work[cpu], NULL, __ATOMIC_SEQ_CST);
        return;
    }
    irq_wait();
    smp_wakes[cpu]++;
}

/* On its own stack, interrupts off, the runtime's page tables, GDT and IDT. */
void rt_ap_main(void)
{
    unsigned cpu = starting;

    tss_load(cpu);
    apic_find_mode(); /* INIT keeps it: SDM 3, 11.12.5.1 */
    if (want_x2 != apic_x2())
        want_x2 ? apic_to_x2() : apic_to_page();
    apic_on();
    __atomic_store_n(&up[cpu], 1, __ATOMIC_SEQ_CST);
    for (;;)
        idle(cpu);
}

void cpu_init(unsigned cpu)
{
    up[cpu] = 0;
    work[cpu] = NULL;
    apic_icr(cpu, ICR_INIT | ICR_LEVEL | ICR_ASSERT);
}

bool cpu_start(unsigned cpu, u32 page)
{
    memcpy((void *)(u64)page, rt_trampoline, (size_t)(rt_trampoline_end - rt_trampoline));
    starting = cpu;
    rt_ap_stack = (u64)(stacks[cpu] + STACK);
    apic_icr(cpu, ICR_STARTUP | page >> 12);
    return wait_for(up[cpu], 1000);
}

unsigned smp_start(void)
{
    unsigned count = cpu_count();

    tsc_hz();
    apic_on();
    apic_count(VECTOR_WORK);
    want_x2 = apic_x2();
    if (!check(count <= CPUS_MAX, "%u processors", count))
        done();
    for (unsigned cpu = 1; cpu < count; cpu++) {
        cpu_init(cpu);
        if (!check(cpu_start(cpu, TRAMPOLINE), "processor %u does not start (x2APIC %u)", cpu,
                   want_x2))
            done();
    }
    return running = count;
}

void cpu_run(unsigned cpu, void (*fn)(unsigned cpu))
{
    __atomic_store_n(&work[cpu], fn, __ATOMIC_SEQ_CST);
    apic_icr(cpu, ICR_ASSERT | VECTOR_WORK);
}

bool cpu_done(unsigned cpu)
{
    return !work[cpu];
}

void cpu_wait(unsigned cpu)
{
    while (!cpu_done(cpu))
        pause();
}

void smp_run(void (*fn)(unsigned cpu))
{
    for (unsigned cpu = 0; cpu < running; cpu++)
        if (cpu != cpu_self())
            cpu_run(cpu, fn);
    fn(cpu_self());
    for (unsigned cpu = 0; cpu < running; cpu++)
        if (cpu != cpu_self())
            cpu_wait(cpu);
}

void smp_barrier(void)
{
    static volatile u32 here, round;
    u32 now = round;

    if (__atomic_add_fetch(&here, 1, __ATOMIC_SEQ_CST) == running) {
        here = 0;
        __atomic_store_n(&round, now + 1, __ATOMIC_SEQ_CST);
        return;
    }
    while (__atomic_load_n(&round, __ATOMIC_SEQ_CST) == now)
        pause();
}
