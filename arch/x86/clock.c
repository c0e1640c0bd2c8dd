/* SPDX-License-Identifier: MIT */
#include "arch/x86/clock.h"

#include "arch/arch.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "lib/lock.h"

static u64 tsc_start, tsc_hz;
static struct clock_scale tsc_to_ns, ns_to_tsc;

void clock_begin(u64 hz)
{
    tsc_hz = hz;
    tsc_to_ns = clock_scale(hz, NS_PER_S);
    ns_to_tsc = clock_scale(NS_PER_S, hz);
    tsc_start = tsc_read();
}

u64 clock_tsc_hz(void)
{
    return tsc_hz;
}

u64 clock_ns_of(u64 tsc)
{
    return clock_convert(tsc_to_ns, tsc + this_cpu()->tsc_adjust - tsc_start);
}

u64 clock_tsc_of(u64 ns)
{
    return tsc_start + clock_convert(ns_to_tsc, ns) - this_cpu()->tsc_adjust;
}

/* 0 until the frequency is known: so is the scale. */
u64 arch_now(void)
{
    return clock_ns_of(tsc_read());
}

void arch_timer_arm(u64 ns)
{
    apic_timer_arm(ns == ~0ull ? ~0ull : clock_tsc_of(ns));
}

void clock_wait_us(u64 us)
{
    u64 start = tsc_read();
    while (tsc_read() - start < tsc_hz / 1000000 * us)
        spin_pause();
}
