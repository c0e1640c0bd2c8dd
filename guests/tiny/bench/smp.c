/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs: interrupts from one to the other, on two cores; and on a shared one, what it costs
 * when the core passes from one to the other.
 */
#include "guests/tiny/bench/bench.h"

#include "guests/tiny/rt/apic.h"

enum { VECTOR_ANSWERED = 0x95, VECTOR_WAKE = 0x96, PING = 1, NOBODY = 2 };
#define HAS_X2APIC (cpuid(1, 0).c >> 21 & 1)
#define PAUSE      2000 /* ticks between two rounds: the other one is back in its loop */

static bool x2;
static volatile bool over;
static volatile u32 answers;

/* Inline, since the runtime's own look up which processor runs. */
static inline void acknowledge(void)
{
    if (x2)
        wrmsr(0x800 + APIC_EOI / 16, 0);
    else
        *(volatile u32 *)(APIC_PAGE + APIC_EOI) = 0;
}

static inline void interrupt(u32 dest, u8 vector)
{
    if (x2) {
        wrmsr(0x800 + APIC_ICR / 16, (u64)dest << 32 | ICR_ASSERT | vector);
    } else {
        *(volatile u32 *)(APIC_PAGE + APIC_ICR_HIGH) = dest << 24;
        *(volatile u32 *)(APIC_PAGE + APIC_ICR) = ICR_ASSERT | vector;
    }
}

INTERRUPT(on_answered)
{
    acknowledge();
    answers++;
}

INTERRUPT(on_wake)
{
    acknowledge();
}

static void spin(unsigned cpu)
{
    (void)cpu;
    irq_enable();
    while (!over)
        ;
}

static void halt(unsigned cpu)
{
    (void)cpu;
    while (!over)
        irq_wait();
}

static u64 one_round(void)
{
    u32 before = answers;
    u64 start = rdtsc();

    interrupt(PING, VECTOR_ANSWERED);
    while (answers == before)
        ;
    return rdtsc() - start;
}

/* From the ICR's write until the sender sees that the other's handler has run and done its EOI. */
static void rounds(const char *name, void (*other)(unsigned cpu), unsigned n, u64 pause)
{
    struct spread spread = NO_SPREAD;

    over = false;
    cpu_run(PING, other);
    SPIN(100000);
    for (unsigned i = 0; i < n; i++) {
        SPIN(pause / 2 + i % 16);
        spread_add(&spread, one_round());
    }
    over = true;
    interrupt(PING, VECTOR_WAKE);
    cpu_wait(PING);
    spread_price(&spread, name, NULL, NULL);
}

static void all(const char *spinning, const char *halted, const char *longer)
{
    x2 = apic_x2();
    smp_start();
    rounds(spinning, spin, 2000, PAUSE);
    rounds(halted, halt, 2000, PAUSE);
    rounds(longer, halt, 100, tsc_hz() / 1000);
}

static void gates(void)
{
    gate_of(VECTOR_ANSWERED, on_answered_gate);
    gate_of(VECTOR_WAKE, on_wake_gate);
}

void bench_two(void)
{
    if (!check(cpu_count() == 2, "%u processors", cpu_count()))
        return;
    gates();
    LOOPED("two-empty", 100000, "", : N : CLOBBERS);
    all("ipi", "ipi-halt", "ipi-halt-long");
    if (!HAS_X2APIC)
        return;
    apic_to_x2();
    apic_on();
    all("x2apic-ipi", "x2apic-ipi-halt", "x2apic-ipi-halt-long");
}

/* --- one core for both --- */

enum { TURNS = 100 };
static volatile unsigned holder = NOBODY, turns;
static volatile u64 last[2];
static struct spread switches = NO_SPREAD;

/* Whoever finds that the other one ran last has just been given the core. A reading that is older
 * than the other's last was made before the core was taken away. */
static void take_turns(unsigned cpu)
{
    irq_enable();
    while (turns < TURNS) {
        u64 now = rdtsc();
        if (holder != cpu) {
            if (holder != NOBODY && now < last[holder])
                continue;
            if (holder != NOBODY)
                spread_add(&switches, now - last[holder]);
            holder = cpu;
            turns++;
        }
        last[cpu] = now;
    }
}

/* Each halts until the other's interrupt has come. */
static void answer_halted(unsigned cpu)
{
    while (!over) {
        u32 before = answers;
        irq_wait();
        if (answers != before)
            interrupt(cpu ^ 1, VECTOR_WAKE);
    }
}

static void halted_rounds(void)
{
    const unsigned n = 500;

    cpu_run(PING, answer_halted);
    wait_us(20000);
    irq_disable();
    u64 start = rdtsc();
    for (unsigned i = 0; i < n; i++) {
        interrupt(PING, VECTOR_ANSWERED);
        irq_wait();
    }
    price("ipi-shared", rounded(rdtsc() - start, n));
    check(answers == n, "%u answers of %u", answers, n);
    over = true;
    interrupt(PING, VECTOR_WAKE);
    cpu_wait(PING);
}

void bench_shared(void)
{
    if (!check(cpu_count() == 2, "%u processors", cpu_count()))
        return;
    gates();
    if (HAS_X2APIC)
        apic_to_x2();
    x2 = apic_x2();
    smp_start();
    cpu_run(PING, take_turns);
    take_turns(0);
    cpu_wait(PING);
    spread_price(&switches, "vcpu-switch", "vcpu-switch-least", "vcpu-switch-worst");
    halted_rounds();
}
