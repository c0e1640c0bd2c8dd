/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory for the loaders' tests and fuzzers: it ends the program at the first write
 * outside RAM, by its own idea of where RAM is, not by the loaders' e820 map. The memory is
 * reserved, not touched, so that large guests cost nothing.
 */
#ifndef TEST_GUEST_WINDOW_H
#define TEST_GUEST_WINDOW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guests/load.h"

struct window {
    u8 *memory;
    u64 size; /* of the machine's memory; the part from 3G on stands at 4G */
    struct e820_map map;
    bool refuse; /* like a machine whose memory is not what its map says */
};

static inline void window_open(struct window *w, u64 size)
{
    u64 span = size > 3 * GiB ? size + GiB : size;
    w->size = size;
    w->refuse = false;
    w->memory = mmap(NULL, span, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (w->memory == MAP_FAILED)
        abort();
    e820_make(&w->map, size);
}

static inline void window_close(struct window *w)
{
    munmap(w->memory, w->size > 3 * GiB ? w->size + GiB : w->size);
}

static inline bool window_inside(u64 at, u64 size, u64 base, u64 end)
{
    return end > base && at >= base && at <= end && size <= end - at;
}

static inline bool window_is_ram(const struct window *w, u64 at, u64 size)
{
    u64 low = w->size < 3 * GiB ? w->size : 3 * GiB;
    return window_inside(at, size, 0, low < 0x9fc00 ? low : 0x9fc00) ||
           window_inside(at, size, 0x100000, low) ||
           window_inside(at, size, 4 * GiB, w->size + GiB > 4 * GiB ? w->size + GiB : 0);
}

static inline u8 *window_at(const struct window *w, u64 at, u64 size)
{
    if (!window_is_ram(w, at, size)) {
        fprintf(stderr, "outside RAM: 0x%llx bytes at 0x%llx\n", (unsigned long long)size,
                (unsigned long long)at);
        abort();
    }
    return w->memory + at;
}

static inline bool window_copy(void *ctx, gpa_t to, const void *from, u64 size)
{
    struct window *w = ctx;
    memcpy(window_at(w, to.v, size), from, size);
    return !w->refuse;
}

static inline bool window_zero(void *ctx, gpa_t to, u64 size)
{
    struct window *w = ctx;
    memset(window_at(w, to.v, size), 0, size);
    return !w->refuse;
}

static inline struct guest_load window_order(struct window *w, const void *kernel, u64 size)
{
    return (struct guest_load){
        .kernel = {kernel,       size       },
        .cmdline = "",
        .initrd_string = "",
        .map = &w->map,
        .ram = { w, window_copy, window_zero}
    };
}

static inline u64 window_get(const struct window *w, u64 at, unsigned bytes)
{
    u64 value = 0;
    memcpy(&value, window_at(w, at, bytes), bytes);
    return value;
}

/* Four levels, as SDM 4.5 walks them; ~0: not mapped. */
static inline u64 window_walk(const struct window *w, u64 cr3, u64 address)
{
    u64 table = cr3;
    for (int shift = 39; shift >= 12; shift -= 9) {
        u64 entry = window_get(w, table + ((address >> shift) & 511) * 8, 8);
        u64 mask = (1ull << shift) - 1;
        if ((entry & 3) != 3)
            return ~0ull;
        if (shift == 12 || (shift < 39 && (entry & 0x80)))
            return (entry & 0x000ffffffffff000ull & ~mask) | (address & mask);
        table = entry & 0x000ffffffffff000ull;
    }
    return ~0ull;
}

/* Little-endian fields of a hand-built image. */
static inline void put(u8 *image, u64 at, u64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        image[at + i] = (u8)(value >> 8 * i);
}

#endif
