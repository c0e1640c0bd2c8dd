/* SPDX-License-Identifier: MIT */
/*
 * The local APIC as the price list uses it: by its page, then by MSRs.
 */
#ifndef TINY_BENCH_APIC_H
#define TINY_BENCH_APIC_H

#include "guests/tiny/rt/tiny.h"

#define APIC_PAGE   0xfee00000ull
#define APIC_MSR    0x800
#define IOAPIC_PAGE 0xfec00000ull

enum {
    APIC_ID = 0x20,
    APIC_EOI = 0xb0,
    APIC_SVR = 0xf0,
    APIC_ICR = 0x300,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_INITIAL = 0x380,
    APIC_CURRENT = 0x390,
    APIC_DIVIDE = 0x3e0,
    APIC_ENABLE = 1 << 8,
    APIC_MODE_EXTINT = 7 << 8,
    APIC_MASKED = 1 << 16,
    APIC_PERIODIC = 1 << 17,
    APIC_BY_TSC = 1 << 18,
    APIC_TO_SELF = 1 << 18,
};
#define MSR_TSC_DEADLINE 0x6e0u

/* CPUID leaf 1. */
#define HAS_APIC         (cpuid(1, 0).d >> 9 & 1)
#define HAS_X2APIC       (cpuid(1, 0).c >> 21 & 1)
#define HAS_TSC_DEADLINE (cpuid(1, 0).c >> 24 & 1)

extern bool lapic_x2;

static inline void lapic_write(u32 reg, u32 value)
{
    if (lapic_x2)
        wrmsr(APIC_MSR + reg / 16, value);
    else
        *(volatile u32 *)(APIC_PAGE + reg) = value;
}

static inline u32 lapic_read(u32 reg)
{
    return lapic_x2 ? (u32)rdmsr(APIC_MSR + reg / 16) : *(volatile u32 *)(APIC_PAGE + reg);
}

/* Software-enabled; the PIC still comes by LINT0. */
void lapic_on(void);

#endif
