/* SPDX-License-Identifier: MIT */
/*
 * What an architecture supplies to core/ and to main: this core, the other cores,
 * time, and interrupts. One screen; x86 implements it in arch/x86/.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "lib/types.h"

/* Index of this core, 0 the boot core; dense below arch_core_count(). */
u32 arch_core(void);
u32 arch_core_count(void);

/* By core: where core/ keeps what it has of it, so many bytes, zeroes at first. */
#define ARCH_CORE_OWN 64
extern void *arch_core_own[];

/* Nanoseconds since the boot core read its clock first; in step on all cores, never backward. */
u64 arch_now(void);

/* One interrupt on this core at `ns` (at once if that is past); replaces the one armed before. ~0:
 * none. */
void arch_timer_arm(u64 ns);

/* Makes another core leave its guest or its sleep; cheap, and harmless if it does neither. */
void arch_kick(u32 core);

/* Sleeps until an interrupt has been taken. */
void arch_idle(void);

#endif
