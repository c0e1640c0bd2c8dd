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

    unsigned levels, entry_size, index_bits;
    u64 rights; /* P, W and U that all entries so far grant, NX that any asks for */
    u64 leaf;
    unsigned leaf_level;
    struct {
        gpa_t at;
        u64 entry;
    } seen[5]; /* by level - 1, for the accessed bits */
};

static void choose_format(struct walk *w)
{
    const struct guest_paging *p = w->paging;
    bool wide = p->cr4 & CR4_PAE || p->efer & EFER_LMA;
    w->levels = p->efer & EFER_LMA ? (p->cr4 & CR4_LA57 ? 5 : 4) : wide ? 3 : 2;
    w->entry_size = wide ? 8 : 4;
    w->index_bits = wide ? 9 : 10;
    w->rights = PTE_P | PTE_W | PTE_U;
}

static bool long_mode(const struct walk *w)
{
    return w->levels > 3;
}

static unsigned level_shift(const struct walk *w, unsigned level)
{
    return 12 + w->index_bits * (level - 1);
}

static bool is_leaf(const struct walk *w, u64 entry, unsigned level)
{
    if (level == 1)
        return true;
    if (w->levels == 2)
        return entry & PTE_PS && w->paging->cr4 & CR4_PSE;
    return entry & PTE_PS && (level == 2 || (level == 3 && long_mode(w)));
}

/* SDM table 4-4: a 4M page keeps address bits 39:32 in 20:13, as many of them as there are. */
static u64 reserved_4m(const struct guest_paging *p)
{
    unsigned bits = p->phys_bits < 32 ? 32 : p->phys_bits > 40 ? 40 : p->phys_bits;
    return MASK(21, 13 + bits - 32);
}

/* The bits of a present entry that must be 0. */
static u64 reserved_bits(const struct walk *w, u64 entry, unsigned level)
{
    const struct guest_paging *p = w->paging;
    bool leaf = is_leaf(w, entry, level);
    if (w->levels == 2)
        return leaf && level == 2 ? reserved_4m(p) : 0;
    u64 reserved = MASK(51, 0) & ~MASK(p->phys_bits - 1, 0);
    if (w->levels == 3 && level == 3) /* PDPTE: SDM table 4-8 */
        return reserved | MASK(63, 52) | MASK(8, 5) | MASK(2, 1);
    if (!long_mode(w))
        reserved |= MASK(62, 52);
    if (!(p->efer & EFER_NXE))
        reserved |= PTE_NX;
    if (level > 3 || (level == 3 && !p->page_1g))
        reserved |= PTE_PS;
    if (leaf && level > 1)
        reserved |= MASK(level_shift(w, level) - 1, 13);
    return reserved;
}

static enum walk_verdict page_fault(const struct walk *w, u64 why, struct guest_fault *fault)
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

static bool read_entry(struct walk *w, gpa_t at, unsigned level, u64 *entry)
{
    if (w->levels == 3 && level == 3 && w->paging->pdptes) {
        *entry = w->paging->pdptes[w->linear >> 30 & 3];
        return true;
    }
    u32 narrow;
    if (w->entry_size == 8)
        return w->memory->read(w->memory->ctx, at, entry, 8);
    if (!w->memory->read(w->memory->ctx, at, &narrow, 4))
        return false;
    *entry = narrow;
    return true;
}

static u64 root(const struct walk *w)
{
    u64 cr3 = w->paging->cr3;
    if (long_mode(w))
        return cr3 & MASK(51, 12);
    return cr3 & (w->levels == 3 ? MASK(31, 5) : MASK(31, 12));
}

/* From the root to the leaf: presence and reserved bits, level by level. */
static enum walk_verdict descend(struct walk *w, struct guest_fault *fault)
{
    u64 table = root(w);
    for (unsigned level = w->levels; level > 0; level--) {
        u64 index = w->linear >> level_shift(w, level) & (BIT(w->index_bits) - 1), entry;
        gpa_t at = gpa(table + index * w->entry_size);
        if (!read_entry(w, at, level, &entry))
            return WALK_NO_TABLE;
        if (!(entry & PTE_P))
            return page_fault(w, 0, fault);
        if (entry & reserved_bits(w, entry, level))
            return page_fault(w, PF_P | PF_RSVD, fault);
        w->seen[level - 1].at = at;
        w->seen[level - 1].entry = entry;
        if (w->levels != 3 || level != 3) /* a PDPTE grants and forbids nothing */
            w->rights = (w->rights & (entry | PTE_NX)) | (w->entry_size == 8 ? entry & PTE_NX : 0);
        if (is_leaf(w, entry, level)) {
            w->leaf = entry;
            w->leaf_level = level;
            return WALK_OK;
        }
        table = entry & MASK(51, 12);
    }
    return WALK_NO_TABLE; /* not reached: level 1 is a leaf */
}

/* SDM 4.6.2: the key of a user page may forbid data accesses, and writes. */
static bool key_forbids(const struct walk *w)
{
    const struct guest_paging *p = w->paging;
    if (!(p->cr4 & CR4_PKE) || !long_mode(w) || !(w->rights & PTE_U) || w->access & ACCESS_FETCH)
        return false;
    u32 rule = p->pkru >> (2 * bits_get(w->leaf, 62, 59));
    bool write_counts = w->access & ACCESS_WRITE && (w->access & ACCESS_USER || p->cr0 & CR0_WP);
    return rule & 1 || (rule & 2 && write_counts);
}

/* SDM 4.6.1. */
static bool rights_forbid(const struct walk *w)
{
    const struct guest_paging *p = w->paging;
    bool user = w->access & ACCESS_USER, user_page = w->rights & PTE_U;
    if (user && !user_page)
        return true;
    if (w->access & ACCESS_FETCH)
        return w->rights & PTE_NX || (!user && user_page && p->cr4 & CR4_SMEP);
    if (!user && user_page && p->cr4 & CR4_SMAP && !(w->access & ACCESS_AC))
        return true;
    return w->access & ACCESS_WRITE && !(w->rights & PTE_W) && (user || p->cr0 & CR0_WP);
}

/* Accessed in every entry, dirty in the leaf: SDM 4.8. PDPTEs of PAE have neither. */
static bool mark(struct walk *w)
{
    unsigned top = w->levels == 3 ? 2 : w->levels;
    for (unsigned level = top; level >= w->leaf_level; level--) {
        u64 old = w->seen[level - 1].entry, new = old | PTE_A;
        if (level == w->leaf_level && w->access & ACCESS_WRITE)
            new |= PTE_D;
        if (new != old &&
            !w->memory->exchange(w->memory->ctx, w->seen[level - 1].at, old, new, w->entry_size))
            return false;
    }
    return true;
}

static gpa_t leaf_address(const struct walk *w)
{
    unsigned shift = level_shift(w, w->leaf_level);
    u64 offset = w->linear & (BIT(shift) - 1);
    u64 base = w->leaf & MASK(51, 0) & ~(BIT(shift) - 1);
    if (w->levels == 2 && w->leaf_level == 2)
        base |= bits_get(w->leaf, 20, 13) << 32;
    return gpa(base | offset);
}

static bool not_canonical(const struct walk *w)
{
    s64 high = (s64)w->linear >> (w->levels * 9 + 11);
    return long_mode(w) && high != 0 && high != -1;
}

enum walk_verdict guest_walk(const struct guest_paging *paging, const struct guest_memory *memory,
                             u64 linear, unsigned access, gpa_t *at, struct guest_fault *fault)
{
    struct walk w = {.paging = paging, .memory = memory, .linear = linear, .access = access};
    if (!(paging->cr0 & CR0_PG)) {
        *at = gpa(linear & MASK(31, 0));
        return WALK_OK;
    }
    choose_format(&w);
    if (!long_mode(&w))
        w.linear &= MASK(31, 0);
    if (not_canonical(&w)) {
        *fault = (struct guest_fault){.vector = VECTOR_GP, .has_error = true};
        return WALK_FAULT;
    }
    enum walk_verdict verdict = descend(&w, fault);
    if (verdict != WALK_OK)
        return verdict;
    bool key = key_forbids(&w);
    if (key || rights_forbid(&w))
        return page_fault(&w, PF_P | (key ? PF_PK : 0), fault);
    if (memory->exchange && !mark(&w))
        return WALK_AGAIN;
    *at = leaf_address(&w);
    return WALK_OK;
}

/* The bytes of one page, at most `size`. */
static enum walk_verdict fetch_bytes(const struct guest_paging *paging,
                                     const struct guest_memory *memory, u64 linear, unsigned access,
                                     u8 *to, unsigned size, struct guest_fault *fault)
{
    gpa_t at;
    enum walk_verdict verdict = guest_walk(paging, memory, linear, access, &at, fault);
    if (verdict == WALK_OK && !memory->read(memory->ctx, at, to, size))
        return WALK_NO_TABLE;
    return verdict;
}

enum walk_verdict guest_fetch(const struct guest_paging *paging, const struct guest_memory *memory,
                              u64 linear, unsigned access, struct decode_mode mode,
                              struct insn *insn, struct guest_fault *fault)
{
    u8 code[INSN_MAX];
    access = (access & ACCESS_USER) | ACCESS_FETCH;
    unsigned first = (unsigned)min_u64(INSN_MAX, PAGE_4K - (linear & (PAGE_4K - 1)));
    enum walk_verdict verdict = fetch_bytes(paging, memory, linear, access, code, first, fault);
    if (verdict != WALK_OK)
        return verdict;
    enum decode_verdict decoded = decode(code, first, mode, insn);
    if (decoded == DECODE_TRUNCATED && first < INSN_MAX) {
        u64 next = mode.bits == 64 ? linear + first : cut(linear + first, 4);
        verdict = fetch_bytes(paging, memory, next, access, code + first, INSN_MAX - first, fault);
        if (verdict != WALK_OK)
            return verdict;
        decoded = decode(code, INSN_MAX, mode, insn);
    }
    if (decoded == DECODE_OK)
        return WALK_OK;
    bool too_long = decoded == DECODE_TOO_LONG;
    *fault =
        (struct guest_fault){.vector = too_long ? VECTOR_GP : VECTOR_UD, .has_error = too_long};
    return WALK_FAULT;
}
