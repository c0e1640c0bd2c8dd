/* SPDX-License-Identifier: MIT */
/*
 * What travels between local APICs, I/O APICs and (later) devices that send MSIs: SDM 3, 11.6.1,
 * 11.11. The sender has brought the destination into the one form that is here.
 */
#ifndef DRIVERS_EMU_APIC_MESSAGE_H
#define DRIVERS_EMU_APIC_MESSAGE_H

#include "lib/types.h"

/* Delivery modes as ICR, LVT, redirection entries and MSI data number them, bits 10:8. */
enum apic_mode {
    APIC_FIXED,
    APIC_LOWEST,
    APIC_SMI,
    APIC_NMI = 4,
    APIC_INIT,
    APIC_STARTUP, /* `vector` is the page where the processor begins */
    APIC_EXTINT,  /* the processor asks the PIC for the vector */
};

/* ICR bits 19:18; what is no IPI has APIC_BY_DEST. */
enum apic_shorthand { APIC_BY_DEST, APIC_SELF, APIC_ALL, APIC_OTHERS };

/* A destination for all, in both destination modes (11.12.9). Whoever makes a physical message from
 * eight bits of destination makes this of 0xff; a logical 0xff stays what it is. */
#define APIC_EVERYONE (~0u)

static inline u32 apic_dest_from8(u8 dest, bool logical)
{
    return dest == 0xff && !logical ? APIC_EVERYONE : dest;
}

struct lapic_message {
    u32 dest;
    u8 vector;
    u8 mode;      /* enum apic_mode, or 3, which is reserved */
    u8 shorthand; /* enum apic_shorthand */
    bool logical; /* `dest` is a set (LDR), not an id */
    bool level;   /* triggered by level: the receiver's TMR bit, and an EOI broadcast later */
};

#endif
