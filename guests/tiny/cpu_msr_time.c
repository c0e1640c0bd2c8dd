/* SPDX-License-Identifier: MIT */
/* The MSRs around time and the APIC base, where CPUID offers them: they agree with RDTSC, with
 * TSC_AUX. */
#include "guests/tiny/rt/tiny.h"

TINY(cpu_msr_time)
{
    for (unsigned i = 0; i < 100; i++) {
        u64 before = rdtsc(), msr = rdmsr(MSR_TSC), after = rdtsc();
        if (!check(before <= msr && msr <= after, "TSC %lu, MSR %lu, TSC %lu", before, msr, after))
            break;
    }
    if (cpuid(1, 0).d >> 9 & 1) {
        u64 base = rdmsr(MSR_APIC_BASE);
        check((base & 0xfffff000) == 0xfee00000, "APIC base %lx", base);
        check(base & BIT(8), "the only processor is the boot processor: %lx", base);
        check(TRY("wrmsr",
                  : "c"(MSR_APIC_BASE), "a"((u32)base | 1), "d"(0)) == GP,
              "APIC base takes reserved bits");
    }
    if (cpuid(0x80000001, 0).d >> 27 & 1) {
        wrmsr(MSR_TSC_AUX, 0x87654321);
        check(rdmsr(MSR_TSC_AUX) == 0x87654321, "TSC_AUX %lx", rdmsr(MSR_TSC_AUX));
    }
}
