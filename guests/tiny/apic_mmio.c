/* SPDX-License-Identifier: MIT */
/*
 * The page of registers: one every 16 bytes, read and written by 32 bits, by every form of MOV and
 * others; what is read otherwise is the register's bytes or 0, what is written otherwise does no
 * harm.
 */
#include "guests/tiny/rt/apic.h"

#define AT(type, offset) (*(volatile type *)(APIC_PAGE + (offset)))

static void layout(void)
{
    check(AT(u32, APIC_ID) >> 24 == cpuid(1, 0).b >> 24, "the id is %x", AT(u32, APIC_ID));
    check((AT(u32, APIC_VERSION) & 0xf0) == 0x10, "the version is %x", AT(u32, APIC_VERSION));
    check((AT(u32, APIC_VERSION) >> 16 & 0xff) >= 5, "%x: too few LVT entries",
          AT(u32, APIC_VERSION));
    check(AT(u32, APIC_DFR) == ~0u, "DFR is %x", AT(u32, APIC_DFR));
    AT(u32, APIC_DFR) = 0;
    check(AT(u32, APIC_DFR) == 0x0fffffff, "DFR is %x", AT(u32, APIC_DFR));
    AT(u32, APIC_DFR) = ~0u;
    AT(u32, APIC_LDR) = ~0u;
    check(AT(u32, APIC_LDR) == 0xff000000, "LDR is %x", AT(u32, APIC_LDR));
    AT(u32, APIC_ICR_HIGH) = ~0u;
    check((AT(u32, APIC_ICR_HIGH) & 0xff000000) == 0xff000000, "ICR is %x", AT(u32, APIC_ICR_HIGH));
}

/* Of 8, 16 and 64 bits, and beside the register: the SDM leaves the value open, but no harm. */
static void reads(void)
{
    for (u32 at = 0; at < 0x1000; at++) {
        (void)AT(u8, at);
        if (at + 2 <= 0x1000)
            (void)AT(u16, at);
        if (at + 4 <= 0x1000)
            (void)AT(u32, at);
        if (at + 8 <= 0x1000)
            (void)AT(u64, at);
    }
    check((u32)AT(u64, APIC_VERSION) == AT(u32, APIC_VERSION), "64 bits of the version");
}

/* Narrow writes and those beside a register change nothing, where they are emulated: the manual
 * leaves them undefined (11.4.1). */
static void narrow(void)
{
    u32 before[0x400 / 16];

    AT(u32, APIC_LVT_LINT1) = LVT_MASKED | 0x42;
    for (u32 i = 0; i < array_size(before); i++)
        before[i] = AT(u32, i * 16);
    for (u32 at = 0x20; at < 0x400; at++) {
        AT(u8, at) = 0xee;
        if (at % 16 < 15)
            AT(u16, at) = 0xeeee;
        if (at % 16 && at % 16 <= 12)
            AT(u32, at) = 0xeeeeeeee;
        if (at % 16 && at % 16 <= 8)
            AT(u64, at) = 0xeeeeeeeeeeeeeeeeull;
    }
    for (u32 i = 2; i < array_size(before); i++)
        check(AT(u32, i * 16) == before[i], "%x is %x, not %x", i * 16, AT(u32, i * 16), before[i]);
}

/* Reserved and read-only places. */
static void reserved(void)
{
    u32 id = AT(u32, APIC_ID), version = AT(u32, APIC_VERSION);

    for (u32 at = 0x400; at < 0x1000; at += 16)
        AT(u32, at) = ~0u;
    AT(u32, APIC_ID) = ~0u;
    AT(u32, APIC_VERSION) = ~0u;
    AT(u32, APIC_PPR) = ~0u;
    AT(u32, APIC_CURRENT) = ~0u;
    for (u32 at = 0; at < 0x180; at += 16)
        AT(u32, APIC_ISR + at) = ~0u;
    check(AT(u32, APIC_ID) == id && AT(u32, APIC_VERSION) == version && !AT(u32, APIC_PPR) &&
              !AT(u32, APIC_CURRENT),
          "a read-only register was written");
    for (u32 at = 0; at < 0x180; at += 16)
        check(!AT(u32, APIC_ISR + at), "%x is %x", APIC_ISR + at, AT(u32, APIC_ISR + at));
}

/* Compilers and assembler writers use more than MOV of a register. */
static void forms(void)
{
    u32 from[2] = {0x30, 0x40}, to[2] = {0, 0};
    volatile u8 *tpr = APIC_PAGE + APIC_TPR;

    __asm__ volatile("movl $0x20, (%0)" ::"r"(tpr) : "memory");
    check(AT(u32, APIC_TPR) == 0x20, "MOV of an immediate: %x", AT(u32, APIC_TPR));
    __asm__ volatile("movl (%1), %%eax; movl %%eax, %0" : "=m"(to[0]) : "r"(tpr) : "eax", "memory");
    check(to[0] == 0x20, "MOV: %x", to[0]);
    __asm__ volatile("orl $0x40, (%0)" ::"r"(tpr) : "memory");
    check(AT(u32, APIC_TPR) == 0x60, "OR: %x", AT(u32, APIC_TPR));
    __asm__ volatile("andl $0x4f, (%0)" ::"r"(tpr) : "memory");
    check(AT(u32, APIC_TPR) == 0x40, "AND: %x", AT(u32, APIC_TPR));
    u32 x = 0x50;
    __asm__ volatile("xchgl %0, (%1)" : "+r"(x) : "r"(tpr) : "memory");
    check(x == 0x40 && AT(u32, APIC_TPR) == 0x50, "XCHG: %x, %x", x, AT(u32, APIC_TPR));
    const u32 *source = from;
    volatile u8 *target = tpr;
    __asm__ volatile("cld; movsl" : "+S"(source), "+D"(target)::"memory");
    check(AT(u32, APIC_TPR) == 0x30 && target == tpr + 4, "MOVS: %x", AT(u32, APIC_TPR));
    __asm__ volatile("pushq (%0); popq %%rax; movl %%eax, %1"
                     :
                     : "r"(tpr), "m"(to[1])
                     : "rax", "memory");
    check(to[1] == 0x30, "PUSH: %x", to[1]);
    AT(u32, APIC_TPR) = 0;
}

TINY(apic_mmio)
{
    apic_to_page();
    apic_on();
    layout();
    reads();
    part("narrow") narrow();
    reserved();
    forms();
    apic_write(APIC_ESR, 0);
    apic_count(0x61);
    apic_self(0x61);
    irq_window();
    check(apic_seen_here(0x61) == 1, "it still works");
}
