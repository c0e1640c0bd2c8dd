/* SPDX-License-Identifier: MIT */
/*
 * The local APIC in both of its modes, and the I/O APIC (SDM 3, chapter 11; 82093AA data sheet).
 * Registers are named by their offset in the page; in x2APIC mode that is MSR 0x800 + offset / 16.
 */
#ifndef TINY_APIC_H
#define TINY_APIC_H

#include "lib/fmt.h"
#include "guests/tiny/rt/smp.h"
#include "guests/tiny/rt/tiny.h"

enum {
    APIC_ID = 0x20,
    APIC_VERSION = 0x30,
    APIC_TPR = 0x80,
    APIC_PPR = 0xa0,
    APIC_EOI = 0xb0,
    APIC_LDR = 0xd0,
    APIC_DFR = 0xe0,
    APIC_SVR = 0xf0,
    APIC_ISR = 0x100,
    APIC_TMR = 0x180,
    APIC_IRR = 0x200,
    APIC_ESR = 0x280,
    APIC_ICR = 0x300,
    APIC_ICR_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_INITIAL = 0x380,
    APIC_CURRENT = 0x390,
    APIC_DIVIDE = 0x3e0,
    APIC_SELF = 0x3f0, /* x2APIC */
};

/* ICR. */
#define ICR_LOWEST  0x100u
#define ICR_NMI     0x400u
#define ICR_INIT    0x500u
#define ICR_STARTUP 0x600u
#define ICR_LOGICAL 0x800u
#define ICR_ASSERT  0x4000u
#define ICR_LEVEL   0x8000u
#define ICR_SELF    0x40000u
#define ICR_ALL     0x80000u
#define ICR_OTHERS  0xc0000u

#define LVT_MASKED      0x10000u
#define LVT_PERIODIC    0x20000u
#define LVT_TSC         0x40000u
#define LVT_EXTINT      0x700u
#define TIMER_BY_1      0xb
#define VECTOR_SPURIOUS 0xff

#define BASE_ENABLE 0x800u
#define BASE_X2     0x400u
#define BASE_BSP    0x100u

#define APIC_PAGE ((volatile u8 *)0xfee00000)

/* This processor's. */
bool apic_x2(void);
void apic_to_x2(void);
void apic_find_mode(void); /* the one that it is in */
void apic_to_page(void);   /* xAPIC mode, by way of off: the registers are as after a reset */
u32 apic_read(u32 offset);
void apic_write(u32 offset, u32 value);
void apic_eoi(void);
bool apic_bit(u32 set, u8 vector); /* APIC_ISR, _TMR or _IRR */

/* Sends; x2APIC's destination is the whole word, xAPIC's its low eight bits. */
void apic_icr(u32 dest, u32 low);
void apic_self(u8 vector);

/* Enabled by software, spurious vector 0xff; nothing else is changed. */
void apic_on(void);

/* Runs fn in xAPIC mode and then in x2APIC mode, each from a fresh APIC, enabled. */
void apic_both(void (*fn)(const char *mode));

/* A vector that is counted on each processor, with an EOI behind. */
void apic_count(u8 vector);
extern volatile u32 apic_seen[CPUS_MAX][256];
u32 apic_seen_here(u8 vector);

/* The timer's handler, which counts and says when the last one came; and the time from the initial
 * count's write until the nth. */
void apic_on_tick(struct frame *frame);
extern volatile u32 apic_ticks;
extern volatile u64 apic_stamp;
struct took apic_took(u32 initial, u32 n);

/* Lets in what waits, now: two instructions with IF = 1. On AMD a few exits more: QEMU's TCG loses
 * STI's shadow where an exit falls into it, and Trivet then looks again at the next one. */
void irq_window(void);

/* The timer's ticks a second, divided by one. */
u64 apic_hz(void);

/* --- the I/O APIC --- */

#define IOAPIC_PAGE       ((volatile u8 *)0xfec00000)
#define IOAPIC_MASKED     BIT(16)
#define IOAPIC_LEVEL      BIT(15)
#define IOAPIC_REMOTE_IRR BIT(14)
#define IOAPIC_LOGICAL    BIT(11)
#define IOAPIC_TO(id)     ((u64)(id) << 56)
#define PIN_PIT           2
#define PIN_UART          4

u32 ioapic_read(u8 index);
void ioapic_write(u8 index, u32 value);
u64 ioapic_entry(unsigned pin);
void ioapic_set(unsigned pin, u64 entry);

#endif
