/* SPDX-License-Identifier: MIT */
/*
 * The TSC's frequency, found out once. Only at boot.
 */
#include "arch/x86/clock.h"

#include "arch/x86/cpu.h"
#include "lib/log.h"

#define WINDOW_US 10000 /* at most */
#define EXACT     50000 /* a sample's bracket and a tick of the reference are a part in so many */

u64 tsc_hz_by_cpuid(void)
{
    struct cpuid crystal = cpuid_or_zero(0x15, 0);
    struct cpuid frequency = cpuid_or_zero(0x16, 0);

    if (crystal.eax && crystal.ebx && crystal.ecx)
        return (u64)crystal.ecx * crystal.ebx / crystal.eax;
    return (u64)(frequency.eax & 0xffff) * 1000000;
}

struct clock_sample clock_sample(const struct ref_clock *clock)
{
    struct clock_sample best = {.width = ~0ull};

    for (int i = 0; i < 4; i++) {
        u64 before = tsc_read();
        u64 value = clock->read();
        u64 width = tsc_read() - before;
        if (width < best.width)
            best = (struct clock_sample){before, width, value};
    }
    best.tsc += best.width / 2;
    return best;
}

u64 tsc_hz_by_reference(const struct ref_clock *reference)
{
    u64 longest = reference->hz * WINDOW_US / 1000000;
    struct clock_sample start = clock_sample(reference), end;
    u64 passed = 0, last = start.value, exact = start.tsc + start.width * EXACT;
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
    end = clock_sample(reference);
    passed += (end.value - last) & reference->mask;
    return mul_div(end.tsc - start.tsc, reference->hz, passed);
}

u64 tsc_hz_choose(u64 by_cpuid, u64 measured, bool *from_cpuid)
{
    u64 distance = by_cpuid > measured ? by_cpuid - measured : measured - by_cpuid;

    *from_cpuid = by_cpuid && (!measured || distance < measured / 200);
    return *from_cpuid ? by_cpuid : measured;
}

const char *clock_init(const struct ref_clock *references, unsigned count)
{
    u64 measured = 0, by_cpuid = tsc_hz_by_cpuid();
    const char *name = "nothing";
    bool from_cpuid;

    for (unsigned i = 0; i < count && !measured; i++) {
        measured = tsc_hz_by_reference(&references[i]);
        if (measured)
            name = references[i].name;
        else
            log_warn("clock: the %s stands still", references[i].name);
    }
    u64 tsc_hz = tsc_hz_choose(by_cpuid, measured, &from_cpuid);
    if (!tsc_hz)
        return "no clock to measure the TSC against: no HPET, ACPI timer or PIT runs, and CPUID is silent";
    clock_begin(tsc_hz);
    log_info("clock: TSC at %lu kHz by %s (%s %lu kHz, CPUID %lu kHz)", tsc_hz / 1000,
             from_cpuid ? "CPUID" : name, name, measured / 1000, by_cpuid / 1000);
    if (!(cpuid_or_zero(0x80000007, 0).edx & BIT(8)))
        log_info(
            "clock: the processor does not promise a TSC that runs evenly in every power state");
    if (by_cpuid && !from_cpuid)
        log_warn("clock: CPUID's frequency is not the one that the TSC runs at; not believed");
    return NULL;
}
