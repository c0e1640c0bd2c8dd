/* SPDX-License-Identifier: MIT */
/*
 * Segment registers loaded from the guest's descriptor tables, with the checks and the faults of a
 * task switch (SDM 3, table 8-1; protected mode outside IA-32e).
 *
 * `external` is 1 if no instruction has asked for it: the EXT bit of error codes (6.13). False: an
 * exception is queued, or without one the machine stops; the register is as it was.
 */
#ifndef ARCH_X86_GUEST_LOAD_H
#define ARCH_X86_GUEST_LOAD_H

#include "arch/x86/guest.h"

struct guest_descriptor {
    u64 at; /* linear */
    u64 raw;
    u16 selector;
};

/* Queues an exception whose error code names a selector, and is false. */
bool guest_selector_fault(struct guest *guest, u8 vector, u16 selector, u32 external);

/* Reads what a selector names; `vector` is raised where it is null or beyond its table's end. */
must_check bool guest_descriptor_read(struct guest *guest, u16 selector, u8 vector, u32 external,
                                      struct guest_descriptor *out);

/* A descriptor as a register holds it. */
struct guest_segment guest_descriptor_segment(u64 raw);

/* The selector alone, nothing behind it; CS and SS such that the CPL is right and entry succeeds.
 */
void guest_load_selector(struct guest *guest, enum seg_reg which, u16 selector, u8 cpl);

/* In virtual-8086 mode: nothing is checked. */
void guest_load_v86(struct guest *guest, enum seg_reg which, u16 selector);

must_check bool guest_load_ldtr(struct guest *guest, u16 selector, u32 external);

/* One of the six, at the CPL that guest_load_selector has given to SS. */
must_check bool guest_load_segment(struct guest *guest, enum seg_reg which, u16 selector,
                                   u32 external);

#endif
