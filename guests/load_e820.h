/* SPDX-License-Identifier: MIT */
/*
 * The memory map that a guest sees, in the form that the PC's BIOS call 0xe820 gave it its name
 * for. Pure: a machine's map is a function of its memory's size.
 *
 *   0        - 0x9fc00   RAM: real mode's
 *   0x9fc00  - 0xa0000   reserved: the extended BIOS data area (the MP table's pointer may stand
 * there) 0xa0000  - 0xe0000   nothing: where a PC has its screen and adapters 0xe0000  - 1M
 * reserved: the firmware's tables 1M       - 3G        RAM 3G       - 4G        nothing: devices 4G
 * - ...       RAM: what did not fit below
 *
 * Addresses below 3G and bytes of the machine's `memory` are the same thing: the 384K under 1M
 * count as memory, though not as RAM.
 */
#ifndef GUESTS_LOAD_E820_H
#define GUESTS_LOAD_E820_H

#include "lib/bits.h"
#include "mm/memmap.h"

#define GUEST_EBDA_BASE 0x9fc00ull
#define GUEST_LOW_END   0xa0000ull
#define GUEST_ROM_BASE  0xe0000ull
#define GUEST_ROM_END   0x100000ull
#define GUEST_MMIO_BASE (3 * GiB)
#define GUEST_HIGH_BASE (4 * GiB)

/* As the BIOS, Linux's boot_params and fw_cfg have it. */
struct e820_entry {
    u64 base, size;
    u32 type; /* enum mem_type */
} packed;
_Static_assert(sizeof(struct e820_entry) == 20, "what guests read");

#define E820_MAX 16

struct e820_map {
    struct e820_entry entry[E820_MAX]; /* sorted, disjoint, none empty */
    unsigned count;
};

/* How much of a machine's memory lies from address 0 on, and how much from 4G on. */
static inline u64 guest_memory_low(u64 memory)
{
    return min_u64(memory, GUEST_MMIO_BASE);
}

static inline u64 guest_memory_high(u64 memory)
{
    return memory - guest_memory_low(memory);
}

void e820_make(struct e820_map *map, u64 memory);

/* For what the machine adds (ECAM, say). False: the map is full, or something is there already. */
bool e820_add(struct e820_map *map, u64 base, u64 size, enum mem_type type) must_check;

/* Whether all of [base, base + size) is RAM; bytes of RAM in all. */
bool e820_is_ram(const struct e820_map *map, u64 base, u64 size);
u64 e820_ram(const struct e820_map *map);

#endif
