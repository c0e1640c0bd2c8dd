/* SPDX-License-Identifier: MIT */
/*
 * Private to the making of a guest's CPUID: the shape of the policy's tables. They are in
 * guest_cpuid_table.c, guest_cpuid_init.c applies them in the order in which they stand here.
 */
#ifndef ARCH_X86_GUEST_CPUID_POLICY_H
#define ARCH_X86_GUEST_CPUID_POLICY_H

#include "arch/x86/guest_cpuid.h"

enum cpuid_reg { EAX, EBX, ECX, EDX };
enum cpuid_vendor { VENDOR_INTEL = 1, VENDOR_AMD = 2, VENDOR_BOTH = 3 };

/* Of the host's leaf passes what is in `pass`; a leaf without a row is zero. */
struct cpuid_rule {
    u32 leaf, last; /* a run of leaves, both included */
    u8 sub, vendor;
    u32 pass[4];
    u32 set[4]; /* and this is there in any case */
};

/* Bits that need a trait: kept only with it, or, if they are Trivet's work, set just by it. */
struct cpuid_trait {
    u32 trait;
    bool ours;
    u8 vendor;
    u32 leaf;
    u8 sub, reg;
    u32 bits;
};

/* Instructions that need a state component of XSAVE, to go when a guest cannot have it. */
struct cpuid_state {
    u64 xcr0;
    u32 leaf;
    u8 sub, reg;
    u32 bits;
};

/* What a feature opens in a control register. */
struct cpuid_control {
    u32 leaf;
    u8 sub, reg;
    u32 bit;
    u64 cr4, efer;
};

extern const struct cpuid_rule cpuid_rules[];
extern const struct cpuid_trait cpuid_traits[];
extern const struct cpuid_state cpuid_states[];
extern const struct cpuid_control cpuid_controls[];
extern const unsigned cpuid_rule_count, cpuid_trait_count, cpuid_state_count, cpuid_control_count;

#endif
