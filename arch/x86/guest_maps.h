/* SPDX-License-Identifier: MIT */
/*
 * The maps of ports and of MSRs by which both vendors' processors know what exits: a 1 does (SDM 3,
 * 25.6.4 and 25.6.9; APM 2, 15.10.1 and 15.11). One set for all machines: what a guest may touch by
 * itself is the same for all.
 */
#ifndef ARCH_X86_GUEST_MAPS_H
#define ARCH_X86_GUEST_MAPS_H

#include "mm/addr.h"

#define GUEST_PORTS_SIZE (3 * PAGE_4K) /* past port FFFFh all ones: AMD's reads on from there */
#define GUEST_MSRS_SIZE  (2 * PAGE_4K)
#define GUEST_MSR_RANGE  0x2000u /* registers */

/* Where an MSR's bits are: ranges of registers, the bits of one behind those of the other. */
struct guest_msr_layout {
    u32 first[3]; /* a range's first register; the first range begins with 0 */
    u32 ranges;
    u32 step;  /* bits from one register to the next */
    u32 write; /* bits from a register's read to its write */
};

/* Pure. False: the number is in no range, so it always exits. */
bool guest_map_msr(const struct guest_msr_layout *layout, u8 *msrs, u32 msr, bool read_exits,
                   bool write_exits);

/* Pure: the policy into maps of those sizes. `switched`: the control block has a place for it, so
 * that what a guest may have is its own. */
void guest_maps_fill(const struct guest_msr_layout *layout, bool (*switched)(u32 msr), u8 *ports,
                     u8 *msrs);

/* Trivet's own, each on pages: guest_maps_make has made them when the first core is switched on,
 * and each core fills them: always the same. */
struct guest_maps {
    u8 ports[GUEST_PORTS_SIZE];
    u8 msrs[GUEST_MSRS_SIZE], x2_msrs[GUEST_MSRS_SIZE]; /* the latter for VMX's APIC */
};

extern struct guest_maps *guest_maps;

/* False for want of memory. */
must_check bool guest_maps_make(void);

#endif
