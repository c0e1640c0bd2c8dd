/* SPDX-License-Identifier: MIT */
/*
 * RAM comes in: which spans there are, where their tables go, and what becomes free. The tables of
 * a window are one piece at the end of the smallest range of RAM that can hold them, which leaves
 * the large ranges whole.
 */
#include "mm/frame.h"

#include "lib/string.h"
#include "mm/frame_private.h"

struct window {
    u64 from, to; /* whole gigabytes */
};

/* The part of a range that is memory (ours or free) and lies in the window; size 0 if none is. */
static struct mem_range memory_in(struct window window, unsigned i)
{
    struct mem_range r = frames.map->range[i];
    u64 from = max_u64(max_u64(r.base, window.from), PAGE_4K);
    u64 to = min_u64(r.base + r.size, window.to);
    bool memory = r.type == MEM_RAM || r.type == MEM_TAKEN;

    return (struct mem_range){from, memory && from < to ? to - from : 0, r.type};
}

static u64 giga_after(const struct span *span)
{
    return span->first + align_up(span->count, GIGA_FRAMES);
}

/* The spans of the window, appended to those there are; more than we can note are left out. */
static void plan_spans(struct window window)
{
    unsigned first = frames.span_count;
    for (unsigned i = 0; i < frames.map->count; i++) {
        struct mem_range r = memory_in(window, i);
        u64 giga = align_down(r.base >> FRAME_NUMBER, GIGA_FRAMES);
        u64 end = (r.base + r.size) >> FRAME_NUMBER;
        struct span *last = frames.span_count > first ? &frames.span[frames.span_count - 1] : NULL;

        if (!r.size)
            continue;
        if (last && giga <= giga_after(last))
            last->count = end - last->first;
        else if (frames.span_count < FRAME_SPANS)
            frames.span[frames.span_count++] = (struct span){.first = giga, .count = end - giga};
    }
}

static u64 tables_size(unsigned first)
{
    u64 size = 0;
    for (unsigned i = first; i < frames.span_count; i++)
        size += span_table_size(&frames.span[i]);
    return align_up(size, PAGE_4K);
}

/* Where the tables of the window go, or 0. Real-mode memory is too scarce for them. */
static u64 find_room(struct window window, u64 size)
{
    struct mem_range best = {0, ~0ull, MEM_RAM};
    for (unsigned i = 0; i < frames.map->count; i++) {
        struct mem_range r = memory_in(window, i);
        if (r.type == MEM_RAM && r.size >= size && r.size < best.size &&
            r.base + r.size - size >= MiB)
            best = r;
    }
    return best.base ? best.base + best.size - size : 0;
}

/* A map so scattered that its tables have no room loses its highest spans. */
static u64 place_tables(struct window window, unsigned first)
{
    u64 at = 0;
    while (frames.span_count > first && !(at = find_room(window, tables_size(first))))
        frames.span_count--;
    frames.stats.tables += tables_size(first);

    u8 *tables = hpa_ptr(hpa(at));
    for (unsigned i = first; i < frames.span_count; i++) {
        span_start(&frames.span[i], tables);
        tables += span_table_size(&frames.span[i]);
    }
    return at;
}

static void take_in_range(struct mem_range r, u64 tables)
{
    struct span *span = span_of(r.base >> FRAME_NUMBER);
    u64 end = r.base + r.size;

    if (tables >= r.base && tables < end)
        end = tables;
    if (span)
        frames_take_in(span, r.base >> FRAME_NUMBER, end >> FRAME_NUMBER, false);
    else
        frames.stats.lost += r.size;
}

static void add_window(struct window window)
{
    unsigned first = frames.span_count;
    lock_take(&frames.lock);
    plan_spans(window);
    u64 tables = place_tables(window, first);
    for (unsigned i = 0; i < frames.map->count; i++) {
        struct mem_range r = memory_in(window, i);
        if (r.size && r.type == MEM_RAM)
            take_in_range(r, tables);
    }
    lock_drop(&frames.lock);
}

const char *frame_init(const struct memmap *map, u64 reach)
{
    memset(&frames, 0, sizeof frames);
    for (unsigned zone = 0; zone < ZONES; zone++)
        for (unsigned order = 0; order < FRAME_ORDERS; order++)
            list_init(&frames.free[zone][order]);
    frames.map = map;
    frames.reach = align_down(reach, PAGE_1G);
    add_window((struct window){0, frames.reach});
    return frames.stats.free ? NULL : "the memory map has no usable RAM that boot can reach";
}

const char *frame_add_rest(u64 limit)
{
    if (!frames.map)
        return "the rest of the RAM cannot come before its beginning";
    struct window window = {frames.reach, align_down(limit, PAGE_1G)};
    if (window.to > window.from) {
        frames.reach = window.to;
        add_window(window);
    }
    return NULL;
}

static bool is_taken_in_map(u64 base, u64 end)
{
    for (unsigned i = 0; i < frames.map->count; i++) {
        const struct mem_range *r = &frames.map->range[i];
        if (r->type == MEM_TAKEN && base >= r->base && end <= r->base + r->size)
            return true;
    }
    return false;
}

const char *frame_leave(hpa_t base, u64 size)
{
    if (base.v + size < base.v || !is_taken_in_map(base.v, base.v + size))
        return "it is not memory that boot has taken";
    frames.may_give = base.v;
    frames.may_give_to = base.v + size;
    frames.map = NULL;
    return NULL;
}
