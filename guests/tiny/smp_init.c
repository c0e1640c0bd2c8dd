/* SPDX-License-Identifier: MIT */
/*
 * INIT to a processor, whatever it does: running, halted, in an NMI's handler, with interrupts
 * waiting; started again at another page by the first start-up IPI, while those to a running one
 * are nothing (SDM 3, 9.4.4.1; table 10-1). An NMI to one that waits for it is taken then.
 */
#include "guests/tiny/rt/apic.h"

#define LOW_PAGE 0x6000
#define WORDS    ((volatile u16 *)(LOW_PAGE + 0xff0))
PART(low, ".code16",
     "movl %edx, %cs:0xff4\n incw %cs:0xff0\n movw %cs, %cs:0xff2\n sti\n cli\n 1: hlt\n jmp 1b\n");
PART(low_nmi, ".code16", "incw %cs:0xff8\n iretw\n");
#define LOW_NMI    0x800 /* in the page */
#define VECTOR_NMI ((volatile u16 *)(2 * 4))

static volatile u32 ready, nmis, count;

static void spin(unsigned cpu)
{
    (void)cpu;
    irq_disable();
    ready = 1;
    for (;;) {
        count++;
        cpuid(0, 0); /* an exit: in Bochs nothing else ends a run that was entered with IF = 0 */
    }
}

static void sleep(unsigned cpu)
{
    (void)cpu;
    irq_disable();
    ready = 1;
    for (;;)
        __asm__ volatile("hlt");
}

static void on_nmi(struct frame *frame)
{
    (void)frame;
    nmis++;
    spin(cpu_self());
}

/* Its NMIs are blocked when INIT comes. */
static void in_handler(unsigned cpu)
{
    apic_icr(cpu, ICR_NMI);
    for (;;)
        pause();
}

/* With a vector in service, others waiting and a timer about to fire. */
static void busy(unsigned cpu)
{
    write_cr8(4);
    apic_write(APIC_DIVIDE, TIMER_BY_1);
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | 0x41);
    apic_write(APIC_INITIAL, 60000);
    apic_self(0x43);
    spin(cpu);
}

static void on_return(struct frame *frame)
{
    (void)frame;
    nmis++;
}

static volatile u32 stale, cr8;

/* In its new life: what INIT has to have cleared. */
static void look(unsigned cpu)
{
    (void)cpu;
    stale = 0;
    cr8 = (u32)read_cr8();
    for (u32 at = 0; at < 0x80; at += 16)
        stale |= apic_read(APIC_ISR + at);
    stale |= apic_read(APIC_LVT_TIMER) != LVT_MASKED;
    stale |= apic_read(APIC_INITIAL);
}

static void again(const char *mode, const char *what, void (*fn)(unsigned cpu), unsigned cpu)
{
    ready = count = nmis = 0;
    trap_on(NMI, on_nmi);
    cpu_run(cpu, fn);
    spin_until_set(&ready);
    cpu_init(cpu);
    wait_us(500);
    u32 before = count;
    wait_us(500);
    check(count == before, "%s: %u runs on after INIT, %s", mode, cpu, what);
    if (!check(cpu_start(cpu, TRAMPOLINE), "%s: %u does not come again, %s", mode, cpu, what))
        done();
    nmis = 0; /* before any IRET */
    trap_on(NMI, on_return);
    part("nmi-after-init")
    {
        apic_icr(cpu, ICR_NMI);
        check(wait_for(nmis == 1, 1000), "%s: %u's NMIs stay blocked, %s", mode, cpu, what);
    }
    cpu_run(cpu, look);
    cpu_wait(cpu);
    check(!stale && !cr8, "%s: %u keeps APIC state, %s: %x, CR8 %u", mode, cpu, what, stale, cr8);
}

/* Table 10-1: EDX is the processor's signature. */
static void signature(const char *mode, unsigned cpu)
{
    u32 edx = WORDS[2] | (u32)WORDS[3] << 16;

    check(edx == cpuid(1, 0).a, "%s: %u has EDX %x after INIT, not %x", mode, cpu, edx,
          cpuid(1, 0).a);
}

/* To a running one, and a second one after INIT. */
static void ignored(const char *mode, unsigned cpu)
{
    memcpy((void *)LOW_PAGE, low, (size_t)(low_end - low));
    WORDS[0] = 0;
    ready = count = 0;
    cpu_run(cpu, spin);
    spin_until_set(&ready);
    apic_icr(cpu, ICR_STARTUP | LOW_PAGE >> 12);
    wait_us(1000);
    u32 before = count;
    check(wait_for(count != before, 1000) && WORDS[0] == 0, "%s: %u, running, takes a start-up IPI",
          mode, cpu);
    cpu_init(cpu);
    apic_icr(cpu, ICR_INIT | ICR_LEVEL); /* the deassert of old: nothing */
    apic_icr(cpu, ICR_STARTUP | LOW_PAGE >> 12);
    apic_icr(cpu, ICR_STARTUP | TRAMPOLINE >> 12);
    check(wait_for(WORDS[0] == 1, 1000), "%s: %u does not start at %x", mode, cpu, LOW_PAGE);
    wait_us(1000);
    check(WORDS[0] == 1 && WORDS[1] == LOW_PAGE >> 4, "%s: %u times, CS %x", mode, WORDS[0],
          WORDS[1]);
    signature(mode, cpu);
    cpu_init(cpu);
    check(cpu_start(cpu, TRAMPOLINE), "%s: %u does not come back", mode, cpu);
}

/* NMIs to one that waits for its start-up IPI: blocked until then, and of several one waits. */
static void nmi_waits(const char *mode, unsigned cpu)
{
    memcpy((void *)LOW_PAGE, low, (size_t)(low_end - low));
    memcpy((void *)(LOW_PAGE + LOW_NMI), low_nmi, (size_t)(low_nmi_end - low_nmi));
    VECTOR_NMI[0] = LOW_NMI;
    VECTOR_NMI[1] = LOW_PAGE >> 4;
    WORDS[0] = WORDS[4] = 0;
    cpu_init(cpu);
    apic_icr(cpu, ICR_NMI);
    wait_us(200);
    apic_icr(cpu, ICR_NMI);
    wait_us(500);
    check(WORDS[0] == 0 && WORDS[4] == 0, "%s: %u runs for an NMI", mode, cpu);
    apic_icr(cpu, ICR_STARTUP | LOW_PAGE >> 12);
    check(wait_for(WORDS[0] == 1, 1000), "%s: %u does not start, an NMI waiting", mode, cpu);
    check(wait_for(WORDS[4] == 1, 1000), "%s: %u has lost an NMI", mode, cpu);
    wait_us(500);
    check(WORDS[4] == 1, "%s: %u has %u NMIs of two that were one", mode, cpu, WORDS[4]);
    cpu_init(cpu);
    check(cpu_start(cpu, TRAMPOLINE), "%s: %u does not come back", mode, cpu);
}

static void all(const char *mode)
{
    unsigned total = smp_start();

    for (unsigned cpu = 1; cpu < total; cpu++) {
        part("nmi-waits")
        {
            nmi_waits(mode, cpu);
        }
        again(mode, "running", spin, cpu);
        again(mode, "halted", sleep, cpu);
        again(mode, "in an NMI's handler", in_handler, cpu);
        again(mode, "with interrupts waiting", busy, cpu);
        ignored(mode, cpu);
    }
}

TINY(smp_init)
{
    apic_both(all);
}
