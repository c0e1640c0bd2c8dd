/* SPDX-License-Identifier: MIT */
/*
 * While a processor has IF = 0 it takes nothing, however much others send to it: neither what it
 * has sent to itself nor what waits behind another's end.
 */
#include "guests/tiny/rt/apic.h"

#define OWN    0x55
#define LOWER  0x45
#define OTHERS 0x65
#define ROUNDS 200
#define SPINS  3000

static volatile u32 stop, at_work, taken, taken_inside, early;

static void spin(void)
{
    for (volatile u32 i = 0; i < SPINS; i++)
        ;
}

static void on_lower(struct frame *frame)
{
    (void)frame;
    taken_inside++;
    apic_eoi();
}

/* After its end the lower one might come, were IF not 0. */
static void on_own(struct frame *frame)
{
    u32 before = taken_inside;

    (void)frame;
    taken++;
    apic_eoi();
    spin();
    early += taken_inside != before;
}

static void disturb(unsigned cpu)
{
    (void)cpu;
    at_work = 1;
    while (!stop) {
        apic_icr(0, ICR_ASSERT | OTHERS);
        spin();
    }
}

static void hold(const char *mode, u32 round)
{
    u32 before = taken;

    irq_enable();
    __asm__ volatile(
        "nop"); /* and since then no exit, with luck: the most that a processor may keep */
    irq_disable();
    apic_self(OWN);
    apic_self(LOWER);
    spin();
    check(taken == before, "%s: taken with IF = 0, in round %u", mode, round);
    irq_window();
    irq_window();
    check(taken == before + 1, "%s: %u times in round %u", mode, taken - before, round);
    check(!early, "%s: the lower one within the other's handler, in round %u", mode, round);
}

static void all(const char *mode)
{
    unsigned total = smp_start();

    stop = at_work = early = taken_inside = taken = 0;
    trap_on(OWN, on_own);
    trap_on(LOWER, on_lower);
    apic_count(OTHERS);
    cpu_run(total - 1, disturb);
    spin_until_set(&at_work);
    for (u32 round = 0; round < ROUNDS && !early && taken == round; round++)
        hold(mode, round);
    irq_window();
    check(taken_inside == ROUNDS, "%s: %u of %u", mode, taken_inside, ROUNDS);
    check(apic_seen_here(OTHERS), "%s: nothing from the other", mode);
    stop = 1;
    cpu_wait(total - 1);
}

TINY(smp_masked)
{
    apic_both(all);
}
