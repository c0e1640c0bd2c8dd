/* SPDX-License-Identifier: MIT */
#include "arch/x86/clock.h"

#include "arch/arch.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "lib/lock.h"
#include "lib/log.h"

#define WINDOW_US 10000 /* at most */
#define EXACT     50000 /* a sample's bracket and a tick of the reference are a part in so many */

static u64 tsc_start, tsc_hz;
static struct clock_scale tsc_to_ns, ns_to_tsc;

u64 tsc_hz_by_cpuid(void)
{
    struct cpuid crystal = cpuid_or_zero(0x15, 0);
    struct cpuid frequency = cpuid_or_zero(0x16, 0);

    if (crystal.eax && crystal.ebx && crystal.ecx)
        return (u64)crystal.ecx * crystal.ebx / crystal.eax;
    return (u64)(frequency.eax & 0xffff) * 1000000;
}

struct sample {
    u64 tsc, reference;
    u64 width; /* of the bracket */
};

/* Both clocks at one moment: of several tries the one with the shortest bracket, so that an SMI
 * does not count. */
static struct sample sample_both(const struct ref_clock *reference)
{
    struct sample best = {0};
    u64 best_width = ~0ull;

    for (int i = 0; i < 4; i++) {
        u64 before = tsc_read();
        u64 value = reference->read();
        u64 width = tsc_read() - before;
        if (width < best_width) {
            best = (struct sample){before + width / 2, value, width};
            best_width = width;
        }
    }
    return best;
}

u64 tsc_hz_by_reference(const struct ref_clock *reference)
{
    u64 longest = reference->hz * WINDOW_US / 1000000;
    struct sample start = sample_both(reference), end;
    u64 passed = 0, last = start.reference, exact = start.tsc + start.width * EXACT;
    bool enough = false;

    for (u32 still = 0; !enough && still < 1000000; still++) {
        u64 now = reference->read();
        if (now != last)
            still = 0;
        passed += (now - last) & reference->mask;
        last = now;
        enough = passed >= longest || (passed >= EXACT && tsc_read() >= exact);
    }
    if (!enough)
        return 0;
    end = sample_both(reference);
    passed += (end.reference - last) & reference->mask;
    return mul_div(end.tsc - start.tsc, reference->hz, passed);
}

u64 tsc_hz_choose(u64 by_cpuid, u64 measured, bool *from_cpuid)
{
    u64 distance = by_cpuid > measured ? by_cpuid - measured : measured - by_cpuid;

    *from_cpuid = by_cpuid && (!measured || distance < measured / 200);
    return *from_cpuid ? by_cpuid : measured;
}

const char *clock_init(const struct ref_clock *const *references, unsigned count)
{
    u64 measured = 0, by_cpuid = tsc_hz_by_cpuid();
    const char *name = "nothing";
    bool from_cpuid;

    for (unsigned i = 0; i < count && !measured; i++) {
        measured = tsc_hz_by_reference(references[i]);
        if (measured)
            name = references[i]->name;
        else
            log_warn("clock: the %s stands still", references[i]->name);
    }
    tsc_hz = tsc_hz_choose(by_cpuid, measured, &from_cpuid);
    if (!tsc_hz)
        return "no clock to measure the TSC against: no HPET, ACPI timer or PIT runs, and CPUID is silent";
    tsc_to_ns = clock_scale(tsc_hz, NS_PER_S);
    ns_to_tsc = clock_scale(NS_PER_S, tsc_hz);
    tsc_start = tsc_read();
    log_info("clock: TSC at %lu kHz by %s (%s %lu kHz, CPUID %lu kHz)", tsc_hz / 1000,
             from_cpuid ? "CPUID" : name, name, measured / 1000, by_cpuid / 1000);
    if (!(cpuid_or_zero(0x80000007, 0).edx & BIT(8)))
        log_info(
            "clock: the processor does not promise a TSC that runs evenly in every power state");
    if (by_cpuid && !from_cpuid)
        log_warn("clock: CPUID's frequency is not the one that the TSC runs at; not believed");
    return NULL;
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
