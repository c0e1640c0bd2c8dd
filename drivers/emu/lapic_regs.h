/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's registers: SDM 3, table 11-1. The offsets are those of the page in memory; in
 * x2APIC mode MSR 0x800 + offset / 16 (table 11-6).
 */
#ifndef DRIVERS_EMU_LAPIC_REGS_H
#define DRIVERS_EMU_LAPIC_REGS_H

#include "lib/types.h"

#define LAPIC_BASE     0xfee00000u
#define LAPIC_MSR      0x800u
#define LAPIC_MSR_LAST 0x8ffu

enum {
    LAPIC_ID = 0x020,
    LAPIC_VERSION = 0x030,
    LAPIC_TPR = 0x080,
    LAPIC_APR = 0x090,
    LAPIC_PPR = 0x0a0,
    LAPIC_EOI = 0x0b0,
    LAPIC_RRD = 0x0c0,
    LAPIC_LDR = 0x0d0,
    LAPIC_DFR = 0x0e0,
    LAPIC_SVR = 0x0f0,
    LAPIC_ISR = 0x100, /* eight words each, 16 bytes apart */
    LAPIC_TMR = 0x180,
    LAPIC_IRR = 0x200,
    LAPIC_ESR = 0x280,
    LAPIC_ICR = 0x300,      /* x2APIC: 64 bits, in the page at 0x300 to 0x307 as VMX has them */
    LAPIC_ICR_HIGH = 0x310, /* xAPIC only */
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_COUNTERS = 0x340,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
    LAPIC_SELF_IPI = 0x3f0, /* x2APIC only */
    LAPIC_END = 0x400,      /* all is reserved from here on */
};

/*
 * Version 0x14 is an integrated APIC (11.4.8). Six LVT entries, so the greatest is 5: there is no
 * CMCI entry, since guests see no machine checks. Bit 24 is clear: no suppression of the EOI
 * broadcast, SVR bit 12 is reserved.
 */
#define LAPIC_VERSION_VALUE 0x00050014u

/* IA32_APIC_BASE: 11.4.4. */
#define LAPIC_BASE_BSP    (1u << 8)
#define LAPIC_BASE_X2APIC (1u << 10)
#define LAPIC_BASE_ENABLE (1u << 11)

/* SVR: 11.9. */
#define LAPIC_SVR_ENABLE (1u << 8)

/* LVT entries: 11.5.1. */
#define LAPIC_LVT_MODE_SHIFT 8
#define LAPIC_LVT_STATUS     (1u << 12) /* read-only, here always idle */
#define LAPIC_LVT_POLARITY   (1u << 13)
#define LAPIC_LVT_REMOTE_IRR (1u << 14) /* read-only */
#define LAPIC_LVT_LEVEL      (1u << 15)
#define LAPIC_LVT_MASKED     (1u << 16)
#define LAPIC_TIMER_MODE     (3u << 17)
#define LAPIC_TIMER_ONCE     (0u << 17)
#define LAPIC_TIMER_PERIODIC (1u << 17)
#define LAPIC_TIMER_TSC      (2u << 17)

/* ICR: 11.6.1. */
#define LAPIC_ICR_LOGICAL   (1u << 11)
#define LAPIC_ICR_STATUS    (1u << 12)
#define LAPIC_ICR_ASSERT    (1u << 14)
#define LAPIC_ICR_LEVEL     (1u << 15)
#define LAPIC_ICR_SHORTHAND 18

/* ESR: 11.5.3. */
#define LAPIC_ESR_SEND_VECTOR    (1u << 5)
#define LAPIC_ESR_RECEIVE_VECTOR (1u << 6)
#define LAPIC_ESR_REGISTER       (1u << 7)

#endif
