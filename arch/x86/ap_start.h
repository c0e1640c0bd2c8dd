/* SPDX-License-Identifier: MIT */
/*
 * The code that a core finds at its start-up vector, copied to a page below 1 MiB, and what it is
 * told there.
 */
#ifndef ARCH_X86_AP_START_H
#define ARCH_X86_AP_START_H

#include "lib/types.h"

extern const char ap_start[], ap_start_end[], ap_start_params[], ap_start_32[], ap_start_64[];
extern const char ap_start_gdt[];
extern char boot_pml4[];

/* Laid out as ap_start.S reads it; the descriptor pointer and the far pointers are six bytes each.
 */
struct ap_params {
    u64 cpu, cr3, stack, entry, work;
    u32 boot_cr3; /* identity-mapped tables, below 4 GiB */
    u16 pad0, gdt_limit;
    u32 gdt_base;
    u32 entry_32;
    u16 code_32, pad1;
    u32 entry_64;
    u16 code_64;
    u16 unhide_nx; /* 1: clear IA32_MISC_ENABLE[34] first, as the boot core had to */
};
_Static_assert(offsetof(struct ap_params, gdt_base) == 48, "ap_start.S has these offsets");
_Static_assert(offsetof(struct ap_params, entry_64) == 60, "ap_start.S has these offsets");
_Static_assert(offsetof(struct ap_params, unhide_nx) == 66, "ap_start.S has these offsets");

#endif
