/* SPDX-License-Identifier: MIT */
/*
 * What changes the size of pages and leaves their translation alone.
 */
#include "mm/ptab_private.h"

/* Fills a table with what the large page at `slot` maps, then puts it in that page's place. */
static const char *split_page(struct ptab *pt, u64 *slot, unsigned level, u64 va,
                              struct ptab_flush *flush)
{
    const struct ptab_format *f = pt->format;
    hpa_t table = pt->frames->alloc(PAGE_4K);
    if (hpa_is_none(table))
        return ptab_no_frame;

    u64 *part = hpa_ptr(table);
    u64 entry = slot_load(slot);
    do {
        hpa_t pa = entry_address(f, entry, level_size(level));
        u64 bits = entry_bits(f, entry_flags(f, entry, level), level - 1);
        for (u64 i = 0; i < 512; i++)
            part[i] = entry_to(f, hpa_add(pa, i * level_size(level - 1)), bits);
    } while (!slot_replace(slot, &entry, entry_to(f, table, f->table)));
    pt->tables++;
    flush_entry(flush, va, level);
    return NULL;
}

/* Splits until a page begins at `va`, if it is mapped at all. */
static const char *cut_at(struct ptab *pt, u64 va, struct ptab_flush *flush)
{
    hpa_t table = pt->root;
    for (unsigned level = pt->format->levels - 1u; !is_aligned(va, level_size(level)); level--) {
        u64 *slot = slot_of(pt, table, level, va);
        if (!entry_present(pt->format, slot_load(slot)))
            return NULL;
        if (!entry_is_table(pt->format, slot_load(slot), level)) {
            const char *error = split_page(pt, slot, level, va, flush);
            if (error)
                return error;
        }
        table = table_of(pt, slot_load(slot));
    }
    return NULL;
}

const char *pages_cut(struct ptab *pt, u64 va, u64 size, struct ptab_flush *flush)
{
    const char *error = cut_at(pt, va, flush);
    return error ? error : cut_at(pt, va + size, flush);
}

static const char *split_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    (void)last;
    u64 entry = slot_load(slot);
    bool page = entry_present(w->pt->format, entry) && !entry_is_table(w->pt->format, entry, level);
    return page && level_size(level) > w->page ? split_page(w->pt, slot, level, va, w->flush)
                                               : NULL;
}

const char *ptab_split(struct ptab *pt, u64 va, u64 size, u64 page, struct ptab_flush *flush)
{
    struct walk w = {.pt = pt, .step = split_step, .flush = flush, .page = page};
    const char *error = range_check(pt, va, size);
    if (!error && page < PAGE_4K)
        error = "pages cannot be cut smaller than 4K";
    return error ? error : walk_range(&w, va, va + size - 1);
}

/* The slot of the given level for va, or NULL where the tables do not go down that far. */
static u64 *find_slot(const struct ptab *pt, unsigned to, u64 va)
{
    hpa_t table = pt->root;
    for (unsigned level = pt->format->levels - 1u;; level--) {
        u64 *slot = slot_of(pt, table, level, va);
        if (level == to)
            return slot;
        if (!entry_is_table(pt->format, slot_load(slot), level))
            return NULL;
        table = table_of(pt, slot_load(slot));
    }
}

/* True if the table's 512 entries are pages in physical order that differ only in what hardware
 * notes. */
static bool are_neighbours(const struct ptab *pt, const u64 *part, unsigned level)
{
    const struct ptab_format *f = pt->format;
    u64 size = level_size(level);
    hpa_t pa = entry_address(f, part[0], size);
    u64 bits = entry_bits(f, entry_flags(f, part[0], level), level);
    u64 noted = entry_bits(f, entry_noted(f), level) ^ entry_bits(f, 0, level);

    for (u64 i = 0; i < 512; i++)
        if (!entry_present(f, part[i]) || entry_is_table(f, part[i], level) ||
            ((part[i] ^ entry_to(f, hpa_add(pa, i * size), bits)) & ~noted))
            return false;
    return is_aligned(pa.v, size * 512);
}

const char *ptab_merge(struct ptab *pt, u64 va, u64 page, struct ptab_flush *flush)
{
    const struct ptab_format *f = pt->format;
    unsigned level = page == PAGE_1G ? 2 : 1;
    const char *error = range_check(pt, va, page);

    if (error || page != level_size(level) || page > pt->page_max || !is_aligned(va, page))
        return error ? error : "pages can be merged only to an aligned size that the processor has";
    if (flush->merged.v)
        return "the flush of an earlier merge must be finished first";
    u64 *slot = find_slot(pt, level, va);
    if (!slot || !entry_is_table(f, slot_load(slot), level))
        return "there are no smaller pages to merge";
    hpa_t table = table_of(pt, slot_load(slot));
    const u64 *part = hpa_ptr(table);
    if (!are_neighbours(pt, part, level - 1))
        return "the pages to merge are not 512 alike in a row";

    u32 flags = entry_flags(f, slot_load(part), level - 1) | entry_noted(f);
    slot_store(slot, entry_to(f, entry_address(f, part[0], page), entry_bits(f, flags, level)));
    flush_entry(flush, va, level);
    flush->merged = table; /* as it is: cores may run through it until they are told */
    return NULL;
}
