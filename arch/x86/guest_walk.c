/* SPDX-License-Identifier: MIT */
/*
 *   levels   entry   index bits   pages
 *   2        4       10           4K, 4M          CR0.PG            SDM 4.3
 *   3        8       9 (top: 2)   4K, 2M          and CR4.PAE       SDM 4.4
 *   4, 5     8       9            4K, 2M, 1G      and EFER.LMA      SDM 4.5
 */
#include "arch/x86/guest_walk.h"
#include "lib/bits.h"

#define CR0_WP   BIT(16)
#define CR0_PG   BIT(31)
#define CR4_PSE  BIT(4)
#define CR4_PAE  BIT(5)
#define CR4_LA57 BIT(12)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE  BIT(22)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define PTE_P  BIT(0)
#define PTE_W  BIT(1)
#define PTE_U  BIT(2)
#define PTE_A  BIT(5)
#define PTE_D  BIT(6)
#define PTE_PS BIT(7)
#define PTE_NX BIT(63)

/* The error code of a page fault: SDM 4.7. */
#define PF_P    BIT(0)
#define PF_W    BIT(1)
#define PF_U    BIT(2)
#define PF_RSVD BIT(3)
#define PF_I    BIT(4)
#define PF_PK   BIT(5)

/* One walk: what it goes by and what it has gathered. */
struct walk {
    const struct guest_paging *paging;
    const struct guest_memory *memory;
    u64 linear;
    unsigned access;

    u64 granted; /* by all entries: W, U, A, and NX turned round, the right to execute */
    u64 leaf;
    unsigned shift; /* the leaf's page has so many bits of address */
    struct seen {
        void *at;
        u64 entry;
    } seen[5], *last; /* from the root down, for the accessed bits */
};

static no_inline enum walk_verdict page_fault(const struct walk *w, u64 why,
                                              struct guest_fault *fault)
{
    const struct guest_paging *p = w->paging;
    /* Instruction fetches are told apart only where something can forbid them. */
    bool fetch_counts = p->cr4 & CR4_SMEP || (p->cr4 & CR4_PAE && p->efer & EFER_NXE);
    u64 error = why | (w->access & ACCESS_WRITE ? PF_W : 0) | (w->access & ACCESS_USER ? PF_U : 0) |
                (w->access & ACCESS_FETCH && fetch_counts ? PF_I : 0);
    *fault = (struct guest_fault){
        .vector = VECTOR_PF, .has_error = true, .error = (u32)error, .address = w->linear};
    return WALK_FAULT;
}

/* An entry is aligned to its size, so that one byte of RAM is enough of it. */
static always_inline void *entry_at(const struct guest_memory *memory, u64 at)
{
    const struct vm_piece *piece = piece_of(memory->piece, memory->end, gpa(at));
    return likely(piece) ? in_piece(piece, gpa(at)) : NULL;
}

/* The bits that must be 0 in every present entry of 8 bytes, but for PAE's pointers. */
static u64 reserved_bits(const struct guest_paging *p)
{
    u64 high = p->efer & EFER_LMA ? 0 : MASK(62, 52);
    return high | (MASK(51, 0) & ~MASK(p->phys_bits - 1, 0)) | (p->efer & EFER_NXE ? 0 : PTE_NX);
}

/* 2M and 1G: the feature, and the bits between PAT and the address. */
static bool large_page_exists(const struct walk *w, u64 entry, unsigned shift)
{
    return (shift == 21 || (shift == 30 && w->paging->page_1g)) && !(entry & MASK(shift - 1, 13));
}

/* Entries of 8 bytes, the first one for linear bits from `shift` on. */
static no_inline enum walk_verdict descend(struct walk *w, u64 table, unsigned shift,
                                           struct guest_fault *fault)
{
    u64 must_be = reserved_bits(w->paging) | PTE_P, linear = w->linear, granted = ~0ull, entry;
    struct seen *seen = w->seen;
    for (;; shift -= 9, seen++) {
        u64 *at = entry_at(w->memory, table + (linear >> shift & 511) * 8);
        if (unlikely(!at))
            return WALK_NO_TABLE;
        entry = __atomic_load_n(at, __ATOMIC_RELAXED);
        if (unlikely((entry & must_be) != PTE_P))
            return page_fault(w, entry & PTE_P ? PF_P | PF_RSVD : 0, fault);
        *seen = (struct seen){at, entry};
        granted &= entry ^ PTE_NX;
        if (shift == 12 || entry & PTE_PS)
            break;
        table = entry & MASK(51, 12);
    }
    if (shift != 12 && !large_page_exists(w, entry, shift))
        return page_fault(w, PF_P | PF_RSVD, fault);
    w->granted = granted;
    w->leaf = entry;
    w->shift = shift;
    w->last = seen;
    return WALK_OK;
}

static enum walk_verdict descend_long(struct walk *w, struct guest_fault *fault)
{
    unsigned levels = w->paging->cr4 & CR4_LA57 ? 5 : 4, unused = 64 - (12 + 9 * levels);
    if ((s64)(w->linear << unused) >> unused != (s64)w->linear) { /* not canonical */
        *fault = (struct guest_fault){.vector = VECTOR_GP, .has_error = true};
        return WALK_FAULT;
    }
    return descend(w, w->paging->cr3 & MASK(51, 12), 12 + 9 * (levels - 1), fault);
}

/* PAE: the pointers (SDM table 4-8) grant and forbid nothing, and have no accessed bit. */
static enum walk_verdict descend_pae(struct walk *w, struct guest_fault *fault)
{
    const struct guest_paging *p = w->paging;
    u64 index = w->linear >> 30, entry;
    if (p->pdptes) {
        entry = p->pdptes[index];
    } else {
        u64 *at = entry_at(w->memory, (p->cr3 & MASK(31, 5)) + index * 8);
        if (!at)
            return WALK_NO_TABLE;
        entry = __atomic_load_n(at, __ATOMIC_RELAXED);
    }
    if (!(entry & PTE_P))
        return page_fault(w, 0, fault);
    if (entry & ~(MASK(p->phys_bits - 1, 9) | MASK(4, 3) | PTE_P))
        return page_fault(w, PF_P | PF_RSVD, fault);
    return descend(w, entry & MASK(51, 12), 21, fault);
}

/* SDM table 4-4: a 4M page keeps address bits 39:32 in 20:13, as many of them as there are. */
static u64 reserved_4m(const struct guest_paging *p)
{
    unsigned bits = p->phys_bits < 32 ? 32 : p->phys_bits > 40 ? 40 : p->phys_bits;
    return MASK(21, 13 + bits - 32);
}

/* Entries of 4 bytes, in two levels. */
static enum walk_verdict descend_narrow(struct walk *w, struct guest_fault *fault)
{
    u64 table = w->paging->cr3 & MASK(31, 12), entry;
    bool large = false;
    w->granted = ~0ull;
    w->last = w->seen;
    for (w->shift = 22;; w->shift = 12, w->last++) {
        u32 *at = entry_at(w->memory, table + (w->linear >> w->shift & 1023) * 4);
        if (!at)
            return WALK_NO_TABLE;
        entry = __atomic_load_n(at, __ATOMIC_RELAXED);
        if (!(entry & PTE_P))
            return page_fault(w, 0, fault);
        large = w->shift == 22 && entry & PTE_PS && w->paging->cr4 & CR4_PSE;
        if (large && entry & reserved_4m(w->paging))
            return page_fault(w, PF_P | PF_RSVD, fault);
        *w->last = (struct seen){at, entry};
        w->granted &= entry ^ PTE_NX;
        if (large || w->shift == 12)
            break;
        table = entry & MASK(31, 12);
    }
    w->leaf = large ? (entry & ~MASK(21, 13)) | bits_get(entry, 20, 13) << 32 : entry;
    return WALK_OK;
}

/* SDM 4.6.2: the key of a user page may forbid data accesses, and writes. */
static bool key_forbids(const struct walk *w)
{
    const struct guest_paging *p = w->paging;
    if (!(p->cr4 & CR4_PKE) || !(p->efer & EFER_LMA) || !(w->granted & PTE_U) ||
        w->access & ACCESS_FETCH)
        return false;
    u32 rule = p->pkru >> (2 * bits_get(w->leaf, 62, 59));
    bool write_counts = w->access & ACCESS_WRITE && (w->access & ACCESS_USER || p->cr0 & CR0_WP);
    return rule & 1 || (rule & 2 && write_counts);
}

/* SDM 4.6.1. */
static bool rights_forbid(const struct walk *w)
{
    const struct guest_paging *p = w->paging;
    bool user = w->access & ACCESS_USER, user_page = w->granted & PTE_U;
    if (user && !user_page)
        return true;
    if (w->access & ACCESS_FETCH)
        return !(w->granted & PTE_NX) || (!user && user_page && p->cr4 & CR4_SMEP);
    if (!user && user_page && p->cr4 & CR4_SMAP && !(w->access & ACCESS_AC))
        return true;
    return w->access & ACCESS_WRITE && !(w->granted & PTE_W) && (user || p->cr0 & CR0_WP);
}

/* Something is to be marked as accessed or dirty. */
static bool lacks_marks(const struct walk *w)
{
    return !(w->granted & PTE_A) || (w->access & ACCESS_WRITE && !(w->leaf & PTE_D));
}

static bool is_wide(const struct guest_paging *paging)
{
    return paging->efer & EFER_LMA || paging->cr4 & CR4_PAE;
}

/* Accessed in every entry, dirty in the leaf: SDM 4.8. */
static no_inline bool mark(const struct walk *w)
{
    for (const struct seen *seen = w->seen; seen <= w->last; seen++) {
        u64 new = seen->entry | PTE_A;
        if (seen == w->last && w->access & ACCESS_WRITE)
            new |= PTE_D;
        if (new != seen->entry &&
            !w->memory->exchange(seen->at, seen->entry, new, is_wide(w->paging) ? 8 : 4))
            return false;
    }
    return true;
}

/* Of PAE's pointers nobody has looked at the one in memory, so only long mode is noted. */
static no_inline void note_path(const struct walk *w, gpa_t at, struct guest_path *path)
{
    const struct guest_paging *p = w->paging;
    path->steps = 0;
    if (!(p->efer & EFER_LMA) || lacks_marks(w))
        return;
    path->cr0 = p->cr0;
    path->cr3 = p->cr3;
    path->cr4 = p->cr4;
    path->efer = p->efer;
    path->access = w->access;
    path->page = align_down(w->linear, PAGE_4K);
    path->to = gpa(align_down(at.v, PAGE_4K));
    for (const struct seen *seen = w->seen; seen <= w->last; seen++) {
        path->step[path->steps].at = seen->at;
        path->step[path->steps++].entry = seen->entry;
    }
}

enum walk_verdict guest_walk(const struct guest_paging *paging, const struct guest_memory *memory,
                             u64 linear, unsigned access, gpa_t *at, struct guest_path *note,
                             struct guest_fault *fault)
{
    struct walk w; /* not cleared: instructions count here */
    enum walk_verdict verdict;

    if (unlikely(!(paging->cr0 & CR0_PG))) {
        *at = gpa(linear & MASK(31, 0));
        return WALK_OK;
    }
    w.paging = paging;
    w.memory = memory;
    w.linear = paging->efer & EFER_LMA ? linear : linear & MASK(31, 0);
    w.access = access;
    if (likely(paging->efer & EFER_LMA))
        verdict = descend_long(&w, fault);
    else
        verdict = paging->cr4 & CR4_PAE ? descend_pae(&w, fault) : descend_narrow(&w, fault);
    if (unlikely(verdict != WALK_OK))
        return verdict;
    bool key = key_forbids(&w);
    if (unlikely(key || rights_forbid(&w)))
        return page_fault(&w, PF_P | (key ? PF_PK : 0), fault);
    if (unlikely(lacks_marks(&w)) && memory->exchange && !mark(&w))
        return WALK_AGAIN;
    u64 inside = BIT(w.shift) - 1;
    *at = gpa((w.leaf & MASK(51, 0) & ~inside) | (w.linear & inside));
    if (note)
        note_path(&w, *at, note);
    return WALK_OK;
}
