/* SPDX-License-Identifier: MIT */
/* CR8, the task priority: sixteen values, the rest #GP; with a local APIC it is the APIC's TPR. */
#include "guests/tiny/rt/tiny.h"

TINY(cpu_cr8)
{
    for (u64 priority = 0; priority < 16; priority++) {
        write_cr8(priority);
        check(read_cr8() == priority, "cr8 %lu is %lu", priority, read_cr8());
    }
    part("reserved-bits")
    {
        check(TRY("mov %0, %%cr8", : "r"(16ull)) == GP, "cr8 = 16");
        check(TRY("mov %0, %%cr8", : "r"(BIT(63))) == GP, "cr8 bit 63");
        check(read_cr8() == 15, "a refused write changed CR8");
    }
    if (cpuid(1, 0).d >> 9 & 1 && (rdmsr(MSR_APIC_BASE) & 0xc00) == 0x800) {
        volatile u32 *tpr = (volatile u32 *)0xfee00080;
        write_cr8(9);
        check(*tpr == 0x90, "TPR %x", *tpr);
        *tpr = 0x5f;
        check(read_cr8() == 5, "CR8 %lu after TPR = 5f", read_cr8());
    }
    write_cr8(0);
    /* CR1, CR5 to CR7 and CR9 up do not exist. */
    check(TRY(".byte 0x0f, 0x20, 0xc8", ::"rax") == UD, "mov from cr1");
    check(TRY(".byte 0x0f, 0x22, 0xe8", ::"memory") == UD, "mov to cr5");
    check(TRY(".byte 0x44, 0x0f, 0x20, 0xc8", ::"rax") == UD, "mov from cr9");
}
