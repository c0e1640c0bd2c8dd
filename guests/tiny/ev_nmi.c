/* SPDX-License-Identifier: MIT */
/*
 * NMI, sent to itself by the local APIC: vector 2, also in spite of IF = 0; a second one waits for
 * the first's IRET and comes then, once.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned nmis, depth, deepest;

static void icr_write(u32 low)
{
    if (rdmsr(MSR_APIC_BASE) & 0x400) {
        wrmsr(0x830, (u64)rdmsr(0x802) << 32 | low);
    } else {
        *(volatile u32 *)0xfee00310 = *(volatile u32 *)0xfee00020;
        *(volatile u32 *)0xfee00300 = low;
    }
}

static void on_nmi(struct frame *frame)
{
    (void)frame;
    nmis++;
    if (++depth > deepest)
        deepest = depth;
    if (nmis == 1) {
        icr_write(0x4400);
        icr_write(0x4400);
        wait_us(100);
    }
    depth--;
}

/* The first while the guest takes interrupts or does not, the others while the first is served. */
static void nmis_come(void)
{
    nmis = depth = deepest = 0;
    icr_write(0x4400);
    wait_for(nmis >= 2, 100);
    check(nmis == 2, "%u NMIs: one, and one while it was served", nmis);
    check(deepest == 1, "%u deep", deepest);
    wait_us(1000);
    check(nmis == 2, "%u NMIs a millisecond later", nmis);
    nmis = 10;
    icr_write(0x4400);
    __asm__ volatile("nop; nop; nop" ::: "memory");
    check(wait_for(nmis == 11, 100), "after IRET they are open again: %u", nmis);
}

TINY(ev_nmi)
{
    if (!(cpuid(1, 0).d >> 9 & 1) || !(rdmsr(MSR_APIC_BASE) & 0x800))
        skip("no local APIC to send one");
    tsc_hz();
    trap_on(NMI, on_nmi);
    part("interrupts-off") nmis_come();
    __asm__ volatile("sti; nop" ::: "memory");
    nmis_come();
    __asm__ volatile("cli" ::: "memory");
}
