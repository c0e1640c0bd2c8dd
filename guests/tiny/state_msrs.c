/* SPDX-License-Identifier: MIT */
/*
 * For two machines side by side: the syscall MSRs, FS, GS and KERNEL_GS bases, SYSENTER's, PAT,
 * TSC_AUX, CR2, CR8 and the debug registers keep this guest's own values (from the TSC) over exits,
 * halts and ticks.
 */
#include "guests/tiny/rt/tiny.h"

static const u32 msrs[] = {MSR_STAR,         MSR_LSTAR,        MSR_CSTAR,   MSR_FMASK,
                           MSR_KERNEL_GS,    MSR_FS_BASE,      MSR_GS_BASE, MSR_SYSENTER_CS,
                           MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_TSC_AUX};
static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static bool all_kept(const u64 *values, u64 seed)
{
    bool good = true;
    for (unsigned i = 0; i < array_size(msrs); i++)
        if (values[i])
            good &= check(rdmsr(msrs[i]) == values[i], "msr %x: %lx, not %lx", msrs[i],
                          rdmsr(msrs[i]), values[i]);
    good &=
        check(read_dr0() == seed && read_dr3() == ~seed, "DR0 %lx DR3 %lx", read_dr0(), read_dr3());
    good &= check(read_cr2() == seed, "CR2 %lx", read_cr2());
    good &= check(read_cr8() == (seed & 3), "CR8 %lx", read_cr8());
    good &= check(read_dr7() == 0x401, "DR7 %lx", read_dr7());
    return good;
}

TINY(state_msrs)
{
    u64 seed = (rdtsc() * 0x9e3779b97f4a7c15) >> 20, values[array_size(msrs)];
    bool rdtscp = cpuid(0x80000001, 0).d >> 27 & 1;
    for (unsigned i = 0; i < array_size(msrs); i++) {
        values[i] = (seed + i * 4096) & 0x7ffffffffff0;
        if (msrs[i] == MSR_TSC_AUX || msrs[i] == MSR_FMASK || msrs[i] == MSR_SYSENTER_CS)
            values[i] &= 0xffff;
        if (msrs[i] == MSR_TSC_AUX && !rdtscp)
            values[i] = 0;
        else
            wrmsr(msrs[i], values[i]);
    }
    write_dr0(seed);
    write_dr3(~seed);
    write_dr7(0x401); /* an instruction breakpoint that is never met */
    write_cr2(seed);
    write_cr8(seed & 3);
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    while (ticks < 200) {
        irq_wait();
        if (!all_kept(values, seed))
            break;
    }
    write_dr7(0x400);
}
