/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"

#include "arch/x86/trap.h"

struct cpuid cpuid_or_zero(u32 leaf, u32 sub)
{
    if (leaf > cpuid(leaf & 0xffff0000, 0).eax)
        return (struct cpuid){0};
    return cpuid(leaf, sub);
}

/* Label 1 faults, label 2 is past the line that says it worked. */
bool msr_read_safe(u32 msr, u64 *value)
{
    u32 low = 0, high = 0, good = 0;
    __asm__ volatile("1: rdmsr; mov $1, %2\n"
                     "2:\n" FIXUP_1_TO_2
                     : "+a"(low), "+d"(high), "+r"(good)
                     : "c"(msr)
                     : "memory");
    *value = good ? (u64)high << 32 | low : 0;
    return good;
}

bool msr_write_safe(u32 msr, u64 value)
{
    u32 good = 0;
    __asm__ volatile("1: wrmsr; mov $1, %0\n"
                     "2:\n" FIXUP_1_TO_2
                     : "+r"(good)
                     : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
                     : "memory");
    return good;
}

bool probe_write(u32 *at)
{
    bool good = false;
    __asm__ volatile("1: lock orl $0, %1; mov $1, %0\n"
                     "2:\n" FIXUP_1_TO_2
                     : "+r"(good)
                     : "m"(*at)
                     : "cc", "memory");
    return good;
}

bool probe_read(const u32 *at)
{
    bool good = false;
    __asm__ volatile("1: testl $0, %1; mov $1, %0\n"
                     "2:\n" FIXUP_1_TO_2
                     : "+r"(good)
                     : "m"(*at)
                     : "cc", "memory");
    return good;
}
