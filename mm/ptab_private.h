/* SPDX-License-Identifier: MIT */
/* What the walker and the operations on top of it share: entries, slots, the walk. */
#ifndef MM_PTAB_PRIVATE_H
#define MM_PTAB_PRIVATE_H

#include "lib/bits.h"
#include "mm/ptab.h"

/* Level 0 holds 4K pages; what one entry of a level covers. */
static inline u64 level_size(unsigned level)
{
    return PAGE_4K << 9 * level;
}

static inline bool entry_present(const struct ptab_format *f, u64 entry)
{
    return entry & f->present;
}

static inline bool entry_is_table(const struct ptab_format *f, u64 entry, unsigned level)
{
    return level && entry_present(f, entry) && !(entry & f->leaf_mask);
}

/* Of a page, with the low bits that its size does not have (some hold flags there) as 0. */
static inline hpa_t entry_address(const struct ptab_format *f, u64 entry, u64 size)
{
    return hpa(align_down(((entry & f->frame_mask) >> f->frame_shift) << 12, size));
}

static inline u64 entry_to(const struct ptab_format *f, hpa_t pa, u64 bits)
{
    return pa.v >> 12 << f->frame_shift | bits;
}

/* The bits of a page's entry that say these flags at that level, and back. */
u64 entry_bits(const struct ptab_format *f, u32 flags, unsigned level);
u32 entry_flags(const struct ptab_format *f, u64 entry, unsigned level);

/* Why the format has no page with these flags, or NULL. */
const char *entry_check(const struct ptab_format *f, u32 flags);

/* The flags of the format that hardware sets. */
u32 entry_noted(const struct ptab_format *f);

static inline u64 root_entries(const struct ptab_format *f)
{
    return BIT(f->va_bits - 12 - 9 * (f->levels - 1));
}

static inline u64 *slot_of(const struct ptab *pt, hpa_t table, unsigned level, u64 va)
{
    u64 entries = level == pt->format->levels - 1u ? root_entries(pt->format) : 512;
    return (u64 *)hpa_ptr(table) + (va / level_size(level) & (entries - 1));
}

static inline u64 slot_load(const u64 *slot)
{
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

/* Release: whoever sees the entry sees the table behind it filled. */
static inline void slot_store(u64 *slot, u64 entry)
{
    __atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

/* False if hardware has meanwhile noted something in it. */
static inline bool slot_replace(u64 *slot, u64 *old, u64 entry)
{
    return __atomic_compare_exchange_n(slot, old, entry, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline hpa_t table_of(const struct ptab *pt, u64 entry)
{
    return entry_address(pt->format, entry, PAGE_4K);
}

static inline void flush_note(struct ptab_flush *flush, u64 from, u64 last)
{
    flush->from = flush->needed ? min_u64(flush->from, from) : from;
    flush->last = flush->needed ? max_u64(flush->last, last) : last;
    flush->needed = true;
}

static inline void flush_entry(struct ptab_flush *flush, u64 va, unsigned level)
{
    u64 from = align_down(va, level_size(level));
    flush_note(flush, from, from + level_size(level) - 1);
}

struct walk {
    struct ptab *pt;
    const char *(*step)(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last);
    void (*back)(struct walk *w, u64 *slot, unsigned level, u64 va); /* NULL: not interested */
    struct ptab_flush *flush;
    u64 from;  /* where the range begins */
    hpa_t pa;  /* map: where that goes */
    u64 page;  /* map, split: the largest page wanted */
    u32 flags; /* map, protect */
    const char *(*visit)(void *context, const struct ptab_leaf *leaf);
    void *context;
};

/* All entries on the way to [va, last], which is checked. */
must_check const char *walk_range(struct walk *w, u64 va, u64 last);
must_check const char *range_check(const struct ptab *pt, u64 va, u64 size);

/* Puts a table (and all below it) aside for ptab_release. */
void table_retire(struct ptab_flush *flush, hpa_t table);
void table_retire_below(struct ptab *pt, struct ptab_flush *flush, hpa_t table, unsigned level);

/* Makes pages begin and end at the ends of the range, where it is mapped at all. */
must_check const char *pages_cut(struct ptab *pt, u64 va, u64 size, struct ptab_flush *flush);

extern const char ptab_no_frame[];

#endif
