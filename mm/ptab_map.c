/* SPDX-License-Identifier: MIT */
/*
 * What changes a map's translations. Each operation first checks all that can be wrong, then does
 * what can fail but changes no translation (cut pages at the ends of the range), then what cannot
 * fail. Only ptab_map needs frames on the way: it undoes what it did.
 */
#include "mm/ptab_private.h"

static const char *expect_hole(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    (void)va, (void)last;
    u64 entry = slot_load(slot);
    bool page = entry_present(w->pt->format, entry) && !entry_is_table(w->pt->format, entry, level);
    return page ? "a page of the range is mapped already" : NULL;
}

static const char *map_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    const struct ptab_format *f = w->pt->format;
    u64 size = level_size(level);
    hpa_t pa = hpa_add(w->pa, va - w->from);

    if (entry_present(f, slot_load(slot)))
        return NULL;
    if (size <= w->page && is_aligned(pa.v, size) && last - va == size - 1) {
        slot_store(slot, entry_to(f, pa, entry_bits(f, w->flags, level)));
    } else {
        hpa_t table = w->pt->frames->alloc(PAGE_4K);
        if (hpa_is_none(table))
            return ptab_no_frame;
        w->pt->tables++;
        slot_store(slot, entry_to(f, table, f->table));
    }
    if (f->caches_absent)
        flush_note(w->flush, va, last);
    return NULL;
}

static const char *unmap_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last);
static void unmap_back(struct walk *w, u64 *slot, unsigned level, u64 va);

const char *ptab_map(struct ptab *pt, u64 va, hpa_t pa, u64 size, u32 flags,
                     struct ptab_flush *flush)
{
    struct walk look = {.pt = pt, .step = expect_hole};
    struct walk fill = {.pt = pt, .step = map_step, .flush = flush, .pa = pa};
    struct walk undo = {.pt = pt, .step = unmap_step, .back = unmap_back, .flush = flush};
    u64 last = va + size - 1;
    const char *error = range_check(pt, va, size);

    if (!error && !is_aligned(pa.v, PAGE_4K))
        error = "a physical address to map must be that of a 4K page";
    if (!error && (pa.v >= pt->pa_limit || size > pt->pa_limit - pa.v))
        error = "a physical range to map is beyond what the processor can reach";
    if (!error)
        error = entry_check(pt->format, flags);
    if (!error)
        error = walk_range(&look, va, last);
    if (error)
        return error;

    fill.flags = flags;
    fill.page = flags & PT_SMALL ? PAGE_4K : pt->page_max;
    error = walk_range(&fill, va, last);
    if (error) /* nothing here was mapped before: leave it so */
        (void)!walk_range(&undo, va, last);
    return error;
}

/* --- unmap --- */

/* A page is unlinked whole (the ends of the range are cut before), and so is a table all of whose
 * range goes. */
static const char *unmap_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    u64 entry = slot_load(slot);
    bool whole = last - va == level_size(level) - 1;

    if (!whole || !entry_present(w->pt->format, entry))
        return NULL;
    slot_store(slot, 0);
    flush_note(w->flush, va, last);
    if (entry_is_table(w->pt->format, entry, level)) {
        table_retire_below(w->pt, w->flush, table_of(w->pt, entry), level - 1);
        table_retire(w->flush, table_of(w->pt, entry));
    }
    return NULL;
}

static void unmap_back(struct walk *w, u64 *slot, unsigned level, u64 va)
{
    hpa_t table = table_of(w->pt, *slot);
    const u64 *entry = hpa_ptr(table);

    for (unsigned i = 0; i < 512; i++)
        if (entry_present(w->pt->format, entry[i]))
            return;
    slot_store(slot, 0);
    flush_entry(w->flush, va, level);
    table_retire(w->flush, table);
}

const char *ptab_unmap(struct ptab *pt, u64 va, u64 size, struct ptab_flush *flush)
{
    struct walk w = {.pt = pt, .step = unmap_step, .back = unmap_back, .flush = flush};
    const char *error = range_check(pt, va, size);
    if (!error)
        error = pages_cut(pt, va, size, flush);
    return error ? error : walk_range(&w, va, va + size - 1);
}

/* --- protect --- */

static const char *expect_mapped(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    (void)level, (void)va, (void)last;
    return entry_present(w->pt->format, slot_load(slot)) ? NULL
                                                         : "a page of the range is not mapped";
}

static const char *protect_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    const struct ptab_format *f = w->pt->format;
    u64 entry = slot_load(slot), changed;

    if (entry_is_table(f, entry, level))
        return NULL;
    do {
        u32 noted = entry_flags(f, entry, level) & entry_noted(f);
        hpa_t pa = entry_address(f, entry, level_size(level));
        changed = entry_to(f, pa, entry_bits(f, w->flags | noted, level));
    } while (!slot_replace(slot, &entry, changed));
    if (changed != entry)
        flush_note(w->flush, va, last);
    return NULL;
}

const char *ptab_protect(struct ptab *pt, u64 va, u64 size, u32 flags, struct ptab_flush *flush)
{
    struct walk look = {.pt = pt, .step = expect_mapped};
    struct walk w = {.pt = pt, .step = protect_step, .flush = flush, .flags = flags};
    const char *error = range_check(pt, va, size);

    if (!error)
        error = entry_check(pt->format, flags);
    if (!error)
        error = walk_range(&look, va, va + size - 1);
    if (!error)
        error = pages_cut(pt, va, size, flush);
    return error ? error : walk_range(&w, va, va + size - 1);
}
