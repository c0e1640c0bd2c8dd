/* SPDX-License-Identifier: MIT */
/*
 * What a task-state segment holds of its task, and the two formats in which it lies in the guest's
 * memory: `wide` is the 32-bit one. False: an exception is queued, or the machine stops, or the
 * guest's tables change under us; nothing has been written.
 */
#ifndef ARCH_X86_GUEST_TSS_H
#define ARCH_X86_GUEST_TSS_H

#include "arch/x86/guest.h"

struct guest_task_state {
    u32 eip, eflags, gpr[8]; /* in the order of enum gpr */
    u16 segment[SEG_COUNT];
    u16 ldt; /* this and what follows is loaded, and never saved */
    u32 cr3; /* wide only, as is the T flag */
    bool trap;
};

u32 guest_tss_size(bool wide);
u32 guest_tss_saved_end(bool wide); /* behind the last field that a switch saves */

must_check bool guest_tss_reach(struct guest *guest, u64 base, bool wide); /* for a save */
must_check bool guest_tss_save(struct guest *guest, u64 base, bool wide,
                               const struct guest_task_state *state);
must_check bool guest_tss_load(struct guest *guest, u64 base, bool wide,
                               struct guest_task_state *state);

#endif
