/* SPDX-License-Identifier: MIT */
/*
 * The CPUID that a machine's guests see. It is computed once, when the machine is made, from the
 * host's CPUID by the const tables of guest_cpuid_table.c, and then it is only looked up. Pure: the
 * host's CPUID comes through a pointer.
 *
 * One package, a core a vCPU, one thread a core; a vCPU's APIC id is its index. What depends on the
 * vCPU (APIC id, CR4, XCR0) is put in at the lookup, so one struct serves all vCPUs of a machine.
 */
#ifndef ARCH_X86_GUEST_CPUID_H
#define ARCH_X86_GUEST_CPUID_H

#include "arch/x86/cpu.h"

#define GUEST_CPUID_ROWS      (0x22 * 4) /* leaves N000'0000 to N000'0021 of four ranges */
#define GUEST_CACHES_MAX      8
#define GUEST_XSTATES         10 /* state components 0 to 9: PKRU is the last that guests get */
#define GUEST_HYPERVISOR_LEAF 0x40000000u
#define GUEST_HYPERVISOR_LAST 0x40000010u
#define GUEST_HYPERVISOR_OWN  0x40000100u /* Trivet's name, where the first range is another's */
#define GUEST_APIC_TIMER_KHZ  1000000u

/* What a machine has, or the engine lets guests execute. */
enum guest_trait {
    /* What the engine's controls open, if the host has it. */
    TRAIT_RDTSCP = 1 << 0, /* RDPID and TSC_AUX as well */
    TRAIT_INVPCID = 1 << 1,
    TRAIT_XSAVES = 1 << 2,
    TRAIT_USER_WAIT = 1 << 3, /* UMONITOR, UMWAIT, TPAUSE */
    /* What Trivet supplies, whatever the host has. */
    TRAIT_APIC = 1 << 4,
    TRAIT_X2APIC = 1 << 5,
    TRAIT_TSC_DEADLINE = 1 << 6,
    TRAIT_PV = 1 << 7,   /* guest_pv.h */
    TRAIT_SMP = 1 << 8,  /* set by guest_cpuid_init itself */
    TRAIT_WEAK = 1 << 9, /* guest_weak.h */
};

/* What guest_cpuid_init makes a table of. */
struct guest_traits {
    u32 have; /* enum guest_trait */
    u32 vcpus;
    u64 tsc_khz; /* as the guest's TSC runs */
    struct cpuid (*host)(u32 leaf, u32 sub);
    u64 weak; /* guest_weak_told's, for TRAIT_WEAK */
};

struct guest_cpuid {
    struct cpuid row[GUEST_CPUID_ROWS]; /* by guest_cpuid_row */
    bool special[GUEST_CPUID_ROWS];     /* the row depends on the subleaf or the vCPU */
    struct cpuid cache[GUEST_CACHES_MAX], cache_amd[GUEST_CACHES_MAX]; /* 4; 8000001D */
    struct cpuid feature[2];                                           /* 7 */
    struct cpuid level[2];                                             /* B, 1F */
    struct cpuid own;                                                  /* GUEST_HYPERVISOR_OWN */
    struct cpuid xstate[GUEST_XSTATES];                                /* D */

    /* What follows from it for the control registers, and for MSRs. */
    u64 cr4_allowed, efer_allowed;
    u64 xcr0_allowed, xss_allowed;
    u64 weak;         /* IA32_ARCH_CAPABILITIES */
    u32 have;         /* enum guest_trait: what is really shown */
    u8 physical_bits; /* of the guest's addresses */
    bool amd;         /* an AMD processor, or one after its pattern; else Intel's MSRs */
};

/* A leaf's range (bits 31:30) rotated to the bottom: one index, too high where there is no row. */
static inline u32 guest_cpuid_row(u32 leaf)
{
    return leaf << 2 | leaf >> 30;
}

void guest_cpuid_init(struct guest_cpuid *table, const struct guest_traits *traits);

#endif
