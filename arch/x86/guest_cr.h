/* SPDX-License-Identifier: MIT */
/*
 * The rules of MOV to control registers that are the same on both vendors' processors.
 */
#ifndef ARCH_X86_GUEST_CR_H
#define ARCH_X86_GUEST_CR_H

#include "arch/x86/guest.h"

/* Whether the guest may write this to CR4 now; false: #GP(0). PAE's pointers are not looked at. */
must_check bool guest_cr4_fits(struct guest *guest, u64 value);

/* What MOV to a control register from that register writes. */
static inline u64 guest_cr_source(struct guest *guest, unsigned gpr)
{
    u64 value = gpr == GPR_RSP ? guest->ops->get(guest, GUEST_RSP) : guest->gpr[gpr];

    return guest->ops->code_bits(guest) == 64 ? value : (u32)value;
}

#endif
