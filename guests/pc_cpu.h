/* SPDX-License-Identifier: MIT */
/*
 * Private to pc_apic.c and pc_signal.c: a processor of the PC's, as its machine sees it.
 */
#ifndef GUESTS_PC_CPU_H
#define GUESTS_PC_CPU_H

#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_start.h"
#include "guests/pc.h"

/* A processor's: its APIC's page of registers, and what goes with it. */
struct pc_cpu {
    u32 page[PAGE_4K / 4];
    struct lapic lapic;
    struct lapic_host host;
    struct pc *pc;
    struct guest *guest;
    u32 signals;   /* written by others */
    bool waits;    /* for a start-up IPI */
    bool changed;  /* more than IRR, by us: a processor that delivers by itself does not know */
    u8 tpr;        /* as last seen */
    u32 *eoi_word; /* the paravirtual EOI's, in the guest's memory; NULL: not in use */
    u64 eoi_msr;
    bool eoi_lent; /* bit 0 of it was set: the guest clears it for the EOI of what is in service */
    struct guest_start start;
};

#define CPU_BLOCK (8 * KiB)
_Static_assert(sizeof(struct pc_cpu) <= CPU_BLOCK, "a processor's block");

static inline struct pc_cpu *cpu_of(const struct guest *guest)
{
    return guest->apic_owner;
}

/* pc_signal.c: an NMI for it, from any core; what the bus between the APICs delivers. */
void pc_signal_nmi(struct pc_cpu *cpu);
void pc_deliver(void *pc, unsigned index, enum apic_mode mode, u8 vector, bool level);

#endif
