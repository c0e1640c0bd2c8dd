/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer by TSC deadline: setting it, and how late its interrupt is.
 */
#include "guests/tiny/bench/apic.h"
#include "guests/tiny/bench/bench.h"

enum { VECTOR_DEADLINE = 0x94 };

static volatile u64 came;

INTERRUPT(on_deadline)
{
    came = rdtsc();
    lapic_write(APIC_EOI, 0);
}

/* From the deadline to the first reading of the clock in the handler. */
static u64 late(bool halted, u64 wait)
{
    irq_disable();
    came = 0;
    u64 deadline = rdtsc() + wait;
    wrmsr(MSR_TSC_DEADLINE, deadline);
    if (halted) {
        irq_wait();
        irq_enable();
    } else {
        irq_enable();
        while (!came)
            ;
    }
    check(came >= deadline, "%lu ticks too early", deadline - came);
    return came - deadline;
}

static struct spread lateness(bool halted, u64 wait, unsigned n)
{
    struct spread spread = NO_SPREAD;

    for (unsigned i = 0; i < n; i++) {
        SPIN(17 * i + 1);
        spread_add(&spread, late(halted, wait));
    }
    return spread;
}

static void arming(void)
{
    u64 far = rdtsc() + tsc_hz(); /* within what a preemption timer of 32 bits can count */

    LOOPED("tsc-deadline-arm", 10000, "wrmsr",
           : N, "c"(MSR_TSC_DEADLINE), "a"((u32)far), "d"(far >> 32)
           : CLOBBERS);
    wrmsr(MSR_TSC_DEADLINE, 0);
}

void bench_deadline(void)
{
    if (!HAS_APIC || !HAS_TSC_DEADLINE)
        return;
    u64 ms = tsc_hz() / 1000;
    struct spread spread;

    gate_of(VECTOR_DEADLINE, on_deadline_gate);
    lapic_on();
    lapic_write(APIC_LVT_TIMER, APIC_BY_TSC | VECTOR_DEADLINE);
    irq_enable();
    arming();
    spread = lateness(false, ms, 500);
    spread_price(&spread, "tsc-deadline", "tsc-deadline-least", "tsc-deadline-worst");
    spread = lateness(true, ms / 20, 200);
    spread_price(&spread, "tsc-deadline-halted", "tsc-deadline-halted-least",
                 "tsc-deadline-halted-worst");
    spread = lateness(true, ms, 100);
    spread_price(&spread, "tsc-deadline-halted-long", NULL, NULL);
    lapic_write(APIC_LVT_TIMER, APIC_MASKED);
}
