/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables, walked as its processor does (SDM volume 3, chapter 4; APM volume 2,
 * chapter 5): guest-linear to guest-physical, or the page fault that the guest is to get. Pure and
 * bounded: at most five entries are read, whatever the tables hold.
 */
#ifndef ARCH_X86_GUEST_WALK_H
#define ARCH_X86_GUEST_WALK_H

#include "arch/x86/guest_cpu.h"
#include "core/pieces.h"

struct guest_paging {
    u64 cr0, cr3, cr4, efer;
    u32 pkru;
    u8 phys_bits;      /* the guest's MAXPHYADDR */
    bool page_1g;      /* CPUID says that 1G pages exist */
    const u64 *pdptes; /* PAE: the four in registers (Intel); NULL: they are read (AMD) */
};

struct guest_memory {
    const struct vm_piece *piece, *end;
    /* NULL: accessed and dirty bits are not set. Else compare and exchange of `size` bytes; false
     * when the entry is no longer `old`. */
    bool (*exchange)(void *entry, u64 old, u64 new, unsigned size);
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

/*
 * The way that a walk took: with the same registers, and as long as each entry reads as it did, it
 * leads there again. Only walks with entries of 8 bytes, and nothing to be marked, are noted.
 */
struct guest_path {
    u64 cr0, cr3, cr4, efer, page;
    unsigned access, steps; /* 0: none is noted */
    struct {
        const u64 *at;
        u64 entry;
    } step[5];
    gpa_t to; /* that page */
};

/* `note` may be NULL. */
enum walk_verdict must_check guest_walk(const struct guest_paging *paging,
                                        const struct guest_memory *memory, u64 linear,
                                        unsigned access, gpa_t *at, struct guest_path *note,
                                        struct guest_fault *fault);

static always_inline bool guest_path_holds(const struct guest_path *path,
                                           const struct guest_paging *paging, u64 linear,
                                           unsigned access)
{
    if (path->page != (linear & ~(PAGE_4K - 1)) || path->cr3 != paging->cr3 ||
        path->cr0 != paging->cr0 || path->cr4 != paging->cr4 || path->efer != paging->efer ||
        path->access != access || !path->steps)
        return false;
    for (unsigned i = 0; i < path->steps; i++)
        if (__atomic_load_n(path->step[i].at, __ATOMIC_RELAXED) != path->step[i].entry)
            return false;
    return true;
}

#endif
