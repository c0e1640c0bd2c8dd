/* SPDX-License-Identifier: MIT */
/*
 * The guest's breakpoints on what is emulated. An instruction that exits has not run, so the
 * processor has seen neither its port nor its data: whoever carries it out owes the trap
 * (SDM 3, 18.2.4, 18.3.1.2, 18.3.1.3).
 */
#ifndef ARCH_X86_GUEST_DEBUG_H
#define ARCH_X86_GUEST_DEBUG_H

#include "arch/x86/guest.h"

/* As DR7's R/W fields tell them apart. */
enum breakpoint_kind { BREAK_WRITE = 1, BREAK_PORT = 2, BREAK_READ = 3 };

#define DR7_ENABLES MASK(7, 0) /* L0, G0 to L3, G3 */

/* B0 to B3 of the enabled breakpoints that an access of `size` bytes hits. */
u8 breakpoint_hits(u64 dr7, const u64 dr[4], enum breakpoint_kind kind, u64 at, unsigned size);

/* Notes them in guest->hits; ports only with CR4.DE. For a loaded vCPU. */
void guest_breakpoints(struct guest *guest, enum breakpoint_kind kind, u64 at, unsigned size);

static inline bool guest_has_breakpoints(struct guest *guest)
{
    return unlikely(guest->ops->get(guest, GUEST_DR7) & DR7_ENABLES);
}

#endif
