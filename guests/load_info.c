/* SPDX-License-Identifier: MIT */
/*
 * hvm_start_info, version 1: what the PVH boot protocol hands over, and what Trivet gives ELF and
 * flat kernels too, so that they find memory map, command line and initrd in one known form.
 */
#include "guests/load_parts.h"

#define START_MAGIC 0x336ec578u

struct start_info {
    u32 magic, version, flags, module_count;
    u64 modules, cmdline, rsdp, memmap;
    u32 memmap_count, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "what guests read");

struct start_module {
    u64 base, size, string, reserved;
};
_Static_assert(sizeof(struct start_module) == 32, "what guests read");

struct start_range {
    u64 base, size;
    u32 type, reserved;
};
_Static_assert(sizeof(struct start_range) == 24, "what guests read");

#define MODULES (GUEST_BOOT_LISTS)
#define MEMMAP  (GUEST_BOOT_LISTS + 0x40)
#define STRING  (GUEST_BOOT_LISTS + 0x800)
_Static_assert(0x40 + E820_MAX * sizeof(struct start_range) <= 0x800, "the lists do not collide");

static bool load_memmap(struct loader *l)
{
    struct start_range range[E820_MAX] = {{0}};
    const struct e820_map *map = l->order->map;
    for (unsigned i = 0; i < map->count; i++) {
        range[i].base = map->entry[i].base;
        range[i].size = map->entry[i].size;
        range[i].type = map->entry[i].type;
    }
    return load_own(l, MEMMAP, range, map->count * sizeof range[0]);
}

static bool load_module(struct loader *l)
{
    struct start_module module = {l->initrd, l->order->initrd.size, STRING, 0};
    return load_initrd_string(l, STRING) && load_own(l, MODULES, &module, sizeof module);
}

bool load_start_info(struct loader *l)
{
    struct start_info info = {.magic = START_MAGIC,
                              .version = 1,
                              .cmdline = GUEST_BOOT_CMDLINE,
                              .rsdp = l->order->rsdp,
                              .memmap = MEMMAP,
                              .memmap_count = l->order->map->count};
    if (!load_cmdline(l, GUEST_CMDLINE_MAX) || !load_memmap(l) || !load_initrd(l, 4 * GiB))
        return false;
    if (l->initrd) {
        if (!load_module(l))
            return false;
        info.module_count = 1;
        info.modules = MODULES;
    }
    l->start->rbx = GUEST_BOOT_INFO;
    return load_own(l, GUEST_BOOT_INFO, &info, sizeof info);
}
