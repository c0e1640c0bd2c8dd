/* SPDX-License-Identifier: MIT */
/*
 * The state of x87, SSE, AVX and what else XSAVE knows. Trivet's own code has none of it, so what
 * is in the registers is always a guest's, and it is exchanged eagerly with the vCPU: nothing of
 * one is ever seen by another.
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include "lib/types.h"

/* Each core, once. */
void fpu_enable(void);

/* The user states of XCR0 that this processor has and that Trivet switches. */
u64 fpu_xcr0_max(void);

/* A block's size for everything that may be on, a power of two from 4K; and the reset state in it.
 */
u64 fpu_area_size(void);
void fpu_area_reset(void *area);

/* All of the area's state into the registers, XCR0 and XSS then as the guest has them; and all of
 * it out. */
void fpu_load(void *area, u64 xcr0, u64 xss);
void fpu_save(void *area);

#endif
