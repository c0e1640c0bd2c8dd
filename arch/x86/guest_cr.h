/* SPDX-License-Identifier: MIT */
/*
 * The rules of MOV to control registers that are the same on both vendors' processors.
 */
#ifndef ARCH_X86_GUEST_CR_H
#define ARCH_X86_GUEST_CR_H

#include "arch/x86/guest.h"

/* Whether the guest may write this to CR4 now; false: #GP(0). PAE's pointers are not looked at. */
must_check bool guest_cr4_fits(struct guest *guest, u64 value);

#endif
