/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables, walked as its processor does (SDM volume 3, chapter 4; APM volume 2,
 * chapter 5): guest-linear to guest-physical, or the page fault that the guest is to get. Pure and
 * bounded: at most five entries are read, whatever the tables hold.
 */
#ifndef ARCH_X86_GUEST_WALK_H
#define ARCH_X86_GUEST_WALK_H

#include "arch/x86/guest_cpu.h"
#include "mm/addr.h"

struct guest_paging {
    u64 cr0, cr3, cr4, efer;
    u32 pkru;
    u8 phys_bits;      /* the guest's MAXPHYADDR */
    bool page_1g;      /* CPUID says that 1G pages exist */
    const u64 *pdptes; /* PAE: the four in registers (Intel); NULL: they are read (AMD) */
};

struct guest_memory {
    void *ctx;
    /* False where there is no RAM. Page-table entries (4 or 8 bytes, aligned) are read in one. */
    bool (*read)(void *ctx, gpa_t at, void *to, size_t size);
    /* NULL: accessed and dirty bits are not set. Else compare and exchange of `size` bytes; false
     * when the entry is no longer `old`. */
    bool (*exchange)(void *ctx, gpa_t at, u64 old, u64 new, unsigned size);
};

enum guest_access {
    ACCESS_READ = 0,
    ACCESS_WRITE = 1,
    ACCESS_FETCH = 2,
    ACCESS_USER = 4, /* CPL is 3 */
    ACCESS_AC = 8,   /* EFLAGS.AC is set: SMAP does not count */
};

enum walk_verdict {
    WALK_OK,
    WALK_FAULT,    /* `fault` is for the guest: #PF, or #GP(0) where not canonical */
    WALK_NO_TABLE, /* a page table, or the code, lies where there is no RAM */
    WALK_AGAIN,    /* the guest changes the entry under us: run it again and see */
};

enum walk_verdict must_check guest_walk(const struct guest_paging *paging,
                                        const struct guest_memory *memory, u64 linear,
                                        unsigned access, gpa_t *at, struct guest_fault *fault);

/*
 * Fetches and decodes the instruction at a linear address. The second page is walked only when the
 * instruction goes on there. WALK_FAULT: a page fault of either page, or #UD, or #GP(0) of too long
 * an instruction. Only ACCESS_USER of `access` counts.
 */
enum walk_verdict must_check guest_fetch(const struct guest_paging *paging,
                                         const struct guest_memory *memory, u64 linear,
                                         unsigned access, struct decode_mode mode,
                                         struct insn *insn, struct guest_fault *fault);

#endif
