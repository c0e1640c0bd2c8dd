/* SPDX-License-Identifier: MIT */
/*
 * The instructions that C has no word for. Written apart from arch/x86/: a tiny guest is no
 * part of the hypervisor that it tests.
 */
#ifndef TINY_CPU_H
#define TINY_CPU_H

#include "lib/bits.h"
#include "lib/types.h"
#include "guests/tiny/rt/desc.h"

#define barrier() __asm__ volatile("" ::: "memory")

enum {
    CR0_PE = 1 << 0,
    CR0_MP = 1 << 1,
    CR0_EM = 1 << 2,
    CR0_TS = 1 << 3,
    CR0_ET = 1 << 4,
    CR0_NE = 1 << 5,
    CR0_WP = 1 << 16,
    CR0_AM = 1 << 18,
    CR0_NW = 1 << 29,
    CR0_CD = 1 << 30,
    CR4_TSD = 1 << 2,
    CR4_DE = 1 << 3,
    CR4_PAE = 1 << 5,
    CR4_PCE = 1 << 8,
    CR4_UMIP = 1 << 11,
    CR4_VMXE = 1 << 13,
    CR4_SMXE = 1 << 14,
    CR4_PCIDE = 1 << 17,
    CR4_OSXSAVE = 1 << 18,
    FLAG_CF = 1 << 0,
    FLAG_ZF = 1 << 6,
    FLAG_TF = 1 << 8,
    FLAG_IF = 1 << 9,
    FLAG_DF = 1 << 10,
    FLAG_RF = 1 << 16,
    FLAG_AC = 1 << 18,
};

enum {
    MSR_TSC = 0x10,
    MSR_APIC_BASE = 0x1b,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_PAT = 0x277,
};
#define MSR_EFER      0xc0000080u
#define MSR_STAR      0xc0000081u
#define MSR_LSTAR     0xc0000082u
#define MSR_CSTAR     0xc0000083u
#define MSR_FMASK     0xc0000084u
#define MSR_FS_BASE   0xc0000100u
#define MSR_GS_BASE   0xc0000101u
#define MSR_KERNEL_GS 0xc0000102u
#define MSR_TSC_AUX   0xc0000103u

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define PORT_READ(name, type, insn)                                                                \
    static inline type name(u16 port)                                                              \
    {                                                                                              \
        type value;                                                                                \
        __asm__ volatile(insn : "=a"(value) : "Nd"(port) : "memory");                              \
        return value;                                                                              \
    }
PORT_READ(inb, u8, "inb %1, %0")
PORT_READ(inw, u16, "inw %1, %0")
PORT_READ(inl, u32, "inl %1, %0")

#define PORT_WRITE(name, type, insn)                                                               \
    static inline void name(u16 port, type value)                                                  \
    {                                                                                              \
        __asm__ volatile(insn ::"a"(value), "Nd"(port) : "memory");                                \
    }
PORT_WRITE(outb, u8, "outb %0, %1")
PORT_WRITE(outw, u16, "outw %0, %1")
PORT_WRITE(outl, u32, "outl %0, %1")

static inline u64 rdmsr(u32 msr)
{
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid {
    u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(sub));
    return r;
}

#define REGISTER(name)                                                                             \
    static inline u64 read_##name(void)                                                            \
    {                                                                                              \
        u64 value;                                                                                 \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value)::"memory");                           \
        return value;                                                                              \
    }                                                                                              \
    static inline void write_##name(u64 value)                                                     \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #name ::"r"(value) : "memory");                              \
    }
REGISTER(cr0)
REGISTER(cr2)
REGISTER(cr3)
REGISTER(cr4)
REGISTER(cr8)
REGISTER(dr0)
REGISTER(dr1)
REGISTER(dr2)
REGISTER(dr3)
REGISTER(dr6)
REGISTER(dr7)

static inline u64 rdtsc(void)
{
    u32 low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (u64)high << 32 | low;
}

static inline u64 flags_read(void)
{
    u64 flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

/* STI's shadow reaches over HLT: no interrupt can slip in between. */
static inline void irq_wait(void)
{
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

static inline void pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

static inline void invlpg(const void *at)
{
    __asm__ volatile("invlpg %0" ::"m"(*(const char *)at) : "memory");
}

#endif
