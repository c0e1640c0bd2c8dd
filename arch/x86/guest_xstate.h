/* SPDX-License-Identifier: MIT */
/*
 * The guest's extended state: which components it may switch on, and how much memory they take.
 * SDM volume 1, chapter 13.
 */
#ifndef ARCH_X86_GUEST_XSTATE_H
#define ARCH_X86_GUEST_XSTATE_H

#include "lib/bits.h"

struct guest_cpuid;

#define XCR0_X87    BIT(0)
#define XCR0_SSE    BIT(1)
#define XCR0_AVX    BIT(2)
#define XCR0_AVX512 MASK(7, 5) /* masks, upper halves, upper registers: all or none */
#define XCR0_PKRU   BIT(9)

/* Bytes of an XSAVE area that holds these components: as XSAVE writes it; as XSAVEC and XSAVES do.
 */
u32 guest_xstate_size(const struct guest_cpuid *table, u64 components);
u32 guest_xstate_compact_size(const struct guest_cpuid *table, u64 components);

/* Whether XSETBV takes the value, for a guest that may have `allowed`. */
bool guest_xcr0_valid(u64 value, u64 allowed);

/* What of the host's XCR0 components guests get. */
u64 guest_xcr0_of_host(u64 host);

#endif
