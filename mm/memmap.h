/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory map: what firmware reports, made fit to use. Pure.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "lib/types.h"

/* The numbers are multiboot2's (and e820's). MEM_TAKEN is ours: the image, modules, what we
 * reserve. */
enum mem_type { MEM_RAM = 1, MEM_RESERVED, MEM_ACPI, MEM_NVS, MEM_BAD, MEM_TAKEN };

struct mem_range {
    u64 base, size;
    enum mem_type type;
};

#define MEMMAP_MAX 256

struct memmap {
    struct mem_range range[MEMMAP_MAX];
    unsigned count;
};

/*
 * Adds a range as firmware says it: zero-length, overlapping, wrapping past 2^64 and unsorted ones
 * are all fine. False if the map is full.
 */
bool memmap_add(struct memmap *map, u64 base, u64 size, enum mem_type type);

/*
 * Sorts, resolves overlaps (the more restrictive type wins), shrinks RAM to whole 4K pages, grows
 * everything else to whole pages, joins neighbours of one type. After it ranges are sorted,
 * disjoint, page-aligned and never empty. False if the result does not fit.
 */
bool memmap_normalize(struct memmap *map);

/* Bytes of RAM. */
u64 memmap_ram(const struct memmap *map);

const char *mem_type_name(enum mem_type type);

#endif
