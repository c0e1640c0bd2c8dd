/* SPDX-License-Identifier: MIT */
/*
 * The code that a core finds at its start-up vector, copied to a page below 1 MiB, and what it is
 * told there.
 */
#ifndef ARCH_X86_AP_START_H
#define ARCH_X86_AP_START_H

#include "mm/addr.h"
#include "mm/hostmap.h"

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
    u16 code_64, pad2;
};
_Static_assert(offsetof(struct ap_params, gdt_base) == 48, "ap_start.S has these offsets");
_Static_assert(offsetof(struct ap_params, entry_64) == 60, "ap_start.S has these offsets");

static inline void ap_params_fill(struct ap_params *p, hpa_t page, void *cpu, u64 stack, u64 entry,
                                  u64 work)
{
    u64 cr3;
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    p->gdt_limit = 31;
    p->gdt_base = (u32)(page.v + (u64)(ap_start_gdt - ap_start));
    p->entry_32 = (u32)(page.v + (u64)(ap_start_32 - ap_start));
    p->code_32 = 24;
    p->entry_64 = (u32)(page.v + (u64)(ap_start_64 - ap_start));
    p->code_64 = 8;
    p->boot_cr3 = (u32)hostmap_image_hpa(boot_pml4).v;
    p->cr3 = cr3;
    p->stack = stack;
    p->entry = entry;
    p->work = work;
    __atomic_store_n(&p->cpu, (u64)cpu, __ATOMIC_RELEASE);
}

#endif
