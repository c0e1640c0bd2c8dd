/* SPDX-License-Identifier: MIT */
/* clang-format off */
/*
 *            47     39 38     30 29     21 20     12 11           0
 *     va    | index 3 | index 2 | index 1 | index 0 |   offset    |    (4 levels; above 9 bits the
 *                |         |         |         |                        root alone is larger)
 *     root -> [table] -> [table] -> [table] -> [page]  4K, level 0
 *                           |          `-----> [page]  2M, level 1
 *                           `----------------> [page]  1G, level 2
 *
 * walk() goes through all entries of a range in order. At each it first asks the operation's step,
 * which may fill, change or clear the entry; then it descends if the entry leads to a table, and
 * tells the operation when it comes back. All that reads or changes a range is such a step.
 */
/* clang-format on */
#include "mm/ptab.h"

#include "mm/frame.h"
#include "mm/ptab_private.h"

const struct ptab_frames ptab_frames = {frame_alloc, frame_free};
const char ptab_no_frame[] = "no memory is left for a page table";

static const char *walk(struct walk *w, hpa_t table, unsigned level, u64 va, u64 last)
{
    const char *error = NULL;
    for (u64 end;; va = end + 1) {
        u64 *slot = slot_of(w->pt, table, level, va);
        end = min_u64(last, va | (level_size(level) - 1));
        error = w->step(w, slot, level, va, end);
        u64 entry = slot_load(slot);
        if (!error && entry_is_table(w->pt->format, entry, level)) {
            error = walk(w, table_of(w->pt, entry), level - 1, va, end);
            if (!error && w->back)
                w->back(w, slot, level, va);
        }
        if (error || end == last)
            return error;
    }
}

const char *walk_range(struct walk *w, u64 va, u64 last)
{
    w->from = va;
    return walk(w, w->pt->root, w->pt->format->levels - 1u, va, last);
}

/* `va` and the last byte of the range lie in one and the same half, or in the only one. */
const char *range_check(const struct ptab *pt, u64 va, u64 size)
{
    const struct ptab_format *f = pt->format;
    unsigned top = f->canonical ? f->va_bits - 1 : f->va_bits;
    u64 last = va + size - 1;

    if (!size || !is_aligned(va | size, PAGE_4K))
        return "a range of pages must be whole 4K pages, at least one";
    if (last < va)
        return "a range of pages wraps around the end of the address space";
    if (va >> top != last >> top || (va >> top && (!f->canonical || va >> top != ~0ull >> top)))
        return "a range of pages lies outside of what the page tables can map";
    return NULL;
}

/* --- a map begins and ends --- */

static u64 root_size(const struct ptab_format *f)
{
    return root_entries(f) * sizeof(u64);
}

/* The first address that an entry has no bits for. */
static u64 frame_limit(const struct ptab_format *f)
{
    return ((f->frame_mask >> f->frame_shift) + 1) << 12;
}

const char *ptab_init(struct ptab *pt, const struct ptab_format *format,
                      const struct ptab_frames *frames, u64 page_max, u64 pa_limit)
{
    if (page_max != PAGE_4K && page_max != PAGE_2M && page_max != PAGE_1G)
        return "the largest page of a processor must be 4K, 2M or 1G";
    *pt = (struct ptab){
        .format = format,
        .frames = frames,
        .root = frames->alloc(root_size(format)),
        .page_max = page_max,
        .pa_limit = min_u64(pa_limit, frame_limit(format)),
    };
    if (hpa_is_none(pt->root))
        return ptab_no_frame;
    pt->tables = root_size(format) / PAGE_4K;
    return NULL;
}

/*
 * Tables that fell out hang on a chain through their first entries. A frame's address has no low
 * bits, so to a core that still walks there the link is an entry without anything.
 */
void table_retire(struct ptab_flush *flush, hpa_t table)
{
    slot_store(hpa_ptr(table), flush->retired.v);
    flush->retired = table;
}

void table_retire_below(struct ptab *pt, struct ptab_flush *flush, hpa_t table, unsigned level)
{
    u64 entries = level == pt->format->levels - 1u ? root_entries(pt->format) : 512;
    const u64 *slot = hpa_ptr(table);

    for (u64 i = 0; level && i < entries; i++)
        if (entry_is_table(pt->format, slot[i], level)) {
            table_retire_below(pt, flush, table_of(pt, slot[i]), level - 1);
            table_retire(flush, table_of(pt, slot[i]));
        }
}

const char *ptab_release(struct ptab *pt, struct ptab_flush *flush)
{
    const char *error = NULL;
    if (flush->merged.v)
        table_retire(flush, flush->merged);
    for (hpa_t table = flush->retired, next; table.v; table = next) {
        next = hpa(*(u64 *)hpa_ptr(table));
        const char *said = pt->frames->free(table, PAGE_4K);
        error = error ? error : said;
        pt->tables--;
    }
    *flush = (struct ptab_flush){0};
    return error;
}

const char *ptab_destroy(struct ptab *pt)
{
    struct ptab_flush flush = {0};
    table_retire_below(pt, &flush, pt->root, pt->format->levels - 1u);
    const char *error = ptab_release(pt, &flush);
    const char *said = pt->frames->free(pt->root, root_size(pt->format));
    pt->root = HPA_NONE;
    pt->tables = 0;
    return error ? error : said;
}

/* --- reading --- */

static struct ptab_leaf leaf_of(const struct ptab *pt, u64 entry, unsigned level, u64 va)
{
    const struct ptab_format *f = pt->format;
    u64 size = level_size(level);
    struct ptab_leaf leaf = {.va = align_down(va, size), .size = size, .pa = HPA_NONE};

    if (entry_present(f, entry)) {
        leaf.pa = entry_address(f, entry, size);
        leaf.flags = entry_flags(f, entry, level);
    }
    return leaf;
}

bool ptab_lookup(const struct ptab *pt, u64 va, struct ptab_leaf *leaf)
{
    hpa_t table = pt->root;
    *leaf = (struct ptab_leaf){.va = align_down(va, PAGE_4K), .size = PAGE_4K, .pa = HPA_NONE};
    if (range_check(pt, leaf->va, PAGE_4K))
        return false;
    for (unsigned level = pt->format->levels - 1u;; level--) {
        u64 entry = slot_load(slot_of(pt, table, level, va));
        if (!entry_is_table(pt->format, entry, level)) {
            *leaf = leaf_of(pt, entry, level, va);
            return entry_present(pt->format, entry);
        }
        table = table_of(pt, entry);
    }
}

static const char *visit_step(struct walk *w, u64 *slot, unsigned level, u64 va, u64 last)
{
    (void)last;
    u64 entry = slot_load(slot);
    if (!entry_present(w->pt->format, entry) || entry_is_table(w->pt->format, entry, level))
        return NULL;
    struct ptab_leaf leaf = leaf_of(w->pt, entry, level, va);
    return w->visit(w->context, &leaf);
}

const char *ptab_visit(const struct ptab *pt,
                       const char *(*visit)(void *context, const struct ptab_leaf *leaf),
                       void *context)
{
    struct walk w = {.step = visit_step, .visit = visit, .context = context};
    w.pt = (struct ptab *)pt; /* this step changes nothing */
    unsigned bits = pt->format->va_bits;

    if (!pt->format->canonical)
        return walk_range(&w, 0, BIT(bits) - 1);
    const char *said = walk_range(&w, 0, BIT(bits - 1) - 1);
    return said ? said : walk_range(&w, ~0ull << (bits - 1), ~0ull);
}
