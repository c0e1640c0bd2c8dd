/* SPDX-License-Identifier: MIT */
#include "guests/load_e820.h"

static void insert(struct e820_map *map, unsigned at, struct e820_entry entry)
{
    for (unsigned i = map->count++; i > at; i--)
        map->entry[i] = map->entry[i - 1];
    map->entry[at] = entry;
}

bool e820_add(struct e820_map *map, u64 base, u64 size, enum mem_type type)
{
    unsigned at = 0;
    if (map->count == E820_MAX || !size || base + size < base)
        return false;
    while (at < map->count && map->entry[at].base + map->entry[at].size <= base)
        at++;
    if (at < map->count && map->entry[at].base < base + size)
        return false;
    insert(map, at, (struct e820_entry){base, size, type});
    return true;
}

/* The standing layout: disjoint by construction, so only emptiness is a question. */
static void append(struct e820_map *map, u64 base, u64 end, enum mem_type type)
{
    if (end > base)
        map->entry[map->count++] = (struct e820_entry){base, end - base, type};
}

void e820_make(struct e820_map *map, u64 memory)
{
    u64 low = guest_memory_low(memory);
    map->count = 0;
    append(map, 0, min_u64(low, GUEST_EBDA_BASE), MEM_RAM);
    append(map, GUEST_EBDA_BASE, min_u64(low, GUEST_LOW_END), MEM_RESERVED);
    append(map, GUEST_ROM_BASE, GUEST_ROM_END, MEM_RESERVED);
    append(map, GUEST_ROM_END, low, MEM_RAM);
    append(map, GUEST_HIGH_BASE, GUEST_HIGH_BASE + guest_memory_high(memory), MEM_RAM);
}

bool e820_is_ram(const struct e820_map *map, u64 base, u64 size)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct e820_entry *e = &map->entry[i];
        if (e->type == MEM_RAM && base >= e->base && base - e->base <= e->size &&
            size <= e->size - (base - e->base))
            return true;
    }
    return false;
}

u64 e820_ram(const struct e820_map *map)
{
    u64 sum = 0;
    for (unsigned i = 0; i < map->count; i++)
        if (map->entry[i].type == MEM_RAM)
            sum += map->entry[i].size;
    return sum;
}
