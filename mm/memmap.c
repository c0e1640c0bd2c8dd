/* SPDX-License-Identifier: MIT */
#include "mm/memmap.h"

#include "lib/bits.h"

#define PAGE 4096ull

/* Where two ranges overlap, the greater rank wins: what somebody may write to must not be RAM, what
 * may be a device must not be a firmware table, and what we hold is ours whatever else it is. */
static const u8 rank[] = {
    [MEM_RAM] = 1,      [MEM_ACPI] = 2, [MEM_NVS] = 3,
    [MEM_RESERVED] = 4, [MEM_BAD] = 5,  [MEM_TAKEN] = 6,
};

static bool is_known(enum mem_type type)
{
    return type >= MEM_RAM && type <= MEM_TAKEN;
}

/* The last page of the 64-bit space is given up, so that every end is a number. */
static u64 end_of(const struct mem_range *range)
{
    u64 end;
    if (__builtin_add_overflow(range->base, range->size, &end))
        end = ~0ull;
    return min_u64(end, align_down(~0ull, PAGE));
}

static void round_to_pages(struct mem_range *range)
{
    u64 end = end_of(range);
    bool shrink = range->type == MEM_RAM;
    u64 base = min_u64(range->base, end);
    u64 from = shrink ? align_up(base, PAGE) : align_down(base, PAGE);
    u64 to = shrink ? align_down(end, PAGE) : align_up(end, PAGE);

    range->base = from;
    range->size = range->size && to > from ? to - from : 0;
}

bool memmap_add(struct memmap *map, u64 base, u64 size, enum mem_type type)
{
    if (map->count >= MEMMAP_MAX)
        return false;
    map->range[map->count++] = (struct mem_range){base, size, is_known(type) ? type : MEM_RESERVED};
    return true;
}

/* Of all ranges that hold `at`, the strongest type (0: none holds it); *next is where that changes.
 */
static unsigned type_at(const struct memmap *map, u64 at, u64 *next)
{
    unsigned type = 0;
    *next = ~0ull;
    for (unsigned i = 0; i < map->count; i++) {
        const struct mem_range *r = &map->range[i];
        u64 end = r->base + r->size;
        if (!r->size || at >= end)
            continue;
        *next = min_u64(*next, at < r->base ? r->base : end);
        if (at >= r->base && (!type || rank[r->type] > rank[type]))
            type = r->type;
    }
    return type;
}

static bool append(struct memmap *map, u64 base, u64 end, enum mem_type type)
{
    struct mem_range *last = map->count ? &map->range[map->count - 1] : NULL;
    if (last && last->type == type && last->base + last->size == base) {
        last->size += end - base;
        return true;
    }
    return memmap_add(map, base, end - base, type);
}

/*
 * From edge to edge through the address space, asking at each what holds there. Quadratic in the
 * number of ranges, which is a dozen; and no order of the ranges can make it worse than that.
 */
bool memmap_normalize(struct memmap *map)
{
    struct memmap sorted; /* 6K of boot's 16K stack */
    u64 next;

    map->count = (unsigned)min_u64(map->count, MEMMAP_MAX);
    for (unsigned i = 0; i < map->count; i++) {
        if (!is_known(map->range[i].type))
            map->range[i].type = MEM_RESERVED;
        round_to_pages(&map->range[i]);
    }
    sorted.count = 0;
    for (u64 at = 0; at != ~0ull; at = next) {
        unsigned type = type_at(map, at, &next);
        if (type && !append(&sorted, at, next, type))
            return false;
    }
    *map = sorted;
    return true;
}

u64 memmap_ram(const struct memmap *map)
{
    u64 sum = 0;
    for (unsigned i = 0; i < map->count; i++)
        if (map->range[i].type == MEM_RAM)
            sum += map->range[i].size;
    return sum;
}

const char *mem_type_name(enum mem_type type)
{
    static const char *const name[] = {
        [MEM_RAM] = "RAM",      [MEM_RESERVED] = "reserved", [MEM_ACPI] = "ACPI tables",
        [MEM_NVS] = "ACPI NVS", [MEM_BAD] = "bad RAM",       [MEM_TAKEN] = "taken",
    };
    return is_known(type) ? name[type] : "unknown";
}
