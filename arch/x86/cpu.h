/* SPDX-License-Identifier: MIT */
/*
 * The processor's registers: number, bits, accessor. Model-specific registers may be missing
 * although CPUID promises them: msr_read_safe and msr_write_safe survive that, the plain ones are
 * for those that long mode guarantees.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/x86/flags.h"
#include "lib/bits.h"

#define CONTROL_REGISTER(reg)                                                                      \
    static inline u64 reg##_read(void)                                                             \
    {                                                                                              \
        u64 value;                                                                                 \
        __asm__ volatile("mov %%" #reg ", %0" : "=r"(value) : : "memory");                         \
        return value;                                                                              \
    }                                                                                              \
    static inline void reg##_write(u64 value)                                                      \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #reg : : "r"(value) : "memory");                             \
    }

CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(sub));
    return r;
}

/* All zero for a leaf above the highest of its range. */
struct cpuid cpuid_or_zero(u32 leaf, u32 sub);

static inline u64 msr_read(u32 msr)
{
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (u64)high << 32 | low;
}

static inline void msr_write(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* False if the processor has no such register or refuses the value; *value is then 0. */
bool msr_read_safe(u32 msr, u64 *value) must_check;
bool msr_write_safe(u32 msr, u64 value) must_check;

/* Writes a word back to itself; false if that faults. */
bool probe_write(u32 *at) must_check;

/* False if reading a word faults. */
bool probe_read(const u32 *at) must_check;

static inline u64 tsc_read(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (u64)high << 32 | low;
}

/* For differences below 2^32. */
static inline u32 tsc_read_low(void)
{
    u32 low;
    __asm__ volatile("rdtsc" : "=a"(low) : : "rdx", "memory");
    return low;
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* Sleeps until an interrupt has been taken; interrupts are off before and after (STI's shadow
 * closes the gap). */
static inline void cpu_sleep(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void no_return cpu_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}

static inline void invlpg(u64 address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* Those that have waited; one suffices if the timer's or another core's kick is among them. */
static inline void interrupts_let_in(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

#endif
