/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's registers: found in arch/x86/apic_init.c, used in arch/x86/apic.c.
 */
#ifndef ARCH_X86_APIC_PRIVATE_H
#define ARCH_X86_APIC_PRIVATE_H

#include "arch/x86/cpu.h"
#include "arch/x86/mmio.h"
#include "arch/x86/msr.h"
#include "lib/clock.h"

/* Offsets in the xAPIC page; the x2APIC register is 0x800 + offset / 16. */
#define APIC_ID            0x020
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_LDR           0x0d0
#define APIC_SVR           0x0f0
#define APIC_ESR           0x280
#define APIC_LVT_CMCI      0x2f0
#define APIC_ICR           0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_PMC       0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define SVR_ENABLE       BIT(8)
#define LVT_MASKED       BIT(16)
#define LVT_TSC_DEADLINE BIT(18)
#define DIVIDE_BY_1      0xb

#define ICR_FIXED      0x0000u
#define ICR_NMI        0x0400u
#define ICR_INIT       0x0500u
#define ICR_STARTUP    0x0600u
#define ICR_PENDING    BIT(12)
#define ICR_ASSERT     0x4000u
#define ICR_ALL_OTHERS 0xc0000u

extern struct apic {
    volatile u8 *page; /* NULL: x2APIC, or not yet known */
    bool x2;
    bool has_deadline;
    struct clock_scale tsc_to_timer;
} apic;

static inline u32 apic_read(u32 reg)
{
    return apic.x2 ? (u32)msr_read(MSR_X2APIC + reg / 16) : mmio_read32(apic.page + reg);
}

static inline void apic_write(u32 reg, u32 value)
{
    if (apic.x2)
        msr_write(MSR_X2APIC + reg / 16, value);
    else
        mmio_write32(apic.page + reg, value);
}

#endif
