/* SPDX-License-Identifier: MIT */
/*
 * HLT behind STI, with an interrupt that was requested while IF was 0: it ends the halt at once,
 * since nothing else ever comes. Systems go to sleep like this.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x51

static void sleep_once(const char *mode)
{
    u32 before = apic_seen_here(VECTOR);

    apic_self(VECTOR);
    __asm__ volatile("sti; hlt; cli" ::: "memory");
    check(apic_seen_here(VECTOR) == before + 1, "%s: %u interrupts", mode,
          apic_seen_here(VECTOR) - before);
}

TINY(apic_halt)
{
    apic_count(VECTOR);
    apic_both(sleep_once);
}
