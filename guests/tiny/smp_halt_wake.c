/* SPDX-License-Identifier: MIT */
/*
 * A halted processor is woken by an IPI, each time, and by nothing else: it takes no exits while it
 * sleeps. And the other way round: it wakes the one that woke it.
 */
#include "guests/tiny/rt/apic.h"

#define PING   0x49
#define PONG   0x4a
#define ROUNDS 100

static volatile u32 stop, at_work;
static volatile u64 exits;

static void on_ping(struct frame *frame)
{
    (void)frame;
    apic_eoi();
    apic_icr(0, ICR_ASSERT | PONG);
}

/* One ping, and its answer is here: none comes late. */
static void ping(unsigned cpu)
{
    u32 before = apic_seen_here(PONG);

    apic_icr(cpu, ICR_ASSERT | PING);
    while (apic_seen_here(PONG) == before)
        irq_wait();
}

static void answer(unsigned cpu)
{
    (void)cpu;
    at_work = 1;
    while (!stop)
        irq_wait();
}

/* A race that would lose a wake-up ends both in HLT for ever; the case's time limit tells. */
static void ping_pong(const char *mode, unsigned cpu)
{
    stop = at_work = 0;
    apic_count(PONG);
    cpu_run(cpu, answer);
    spin_until_set(&at_work);
    for (u32 i = 0; i < ROUNDS; i++)
        ping(cpu);
    check(apic_seen_here(PONG) == ROUNDS, "%s: %u of %u", mode, apic_seen_here(PONG), ROUNDS);
    stop = 1;
    ping(cpu);
    cpu_wait(cpu);
}

/* One HLT of 50 ms, counted by its own processor before and after. */
static void sleep(unsigned cpu)
{
    u64 before = hypercall(HYPER_EXITS);

    (void)cpu;
    at_work = 1;
    irq_wait();
    exits = hypercall(HYPER_EXITS) - before;
}

static void quiet(const char *mode, unsigned cpu)
{
    at_work = 0;
    cpu_run(cpu, sleep);
    spin_until_set(&at_work);
    wait_us(50000);
    check(!cpu_done(cpu), "%s: %u woke by itself", mode, cpu);
    ping(cpu);
    cpu_wait(cpu);
    check(exits < 20, "%s: %u took %lu exits asleep", mode, cpu, exits);
}

static void all(const char *mode)
{
    unsigned total = smp_start();

    trap_on(PING, on_ping);
    apic_count(PONG);
    for (unsigned cpu = 1; cpu < total; cpu++) {
        ping_pong(mode, cpu);
        if (on_trivet())
            quiet(mode, cpu);
    }
}

TINY(smp_halt_wake)
{
    apic_both(all);
}
