/* SPDX-License-Identifier: MIT */
/*
 * What the loaders' fuzzers share. The input is a memory size, then either a whole file or patches
 * (offset, byte) to a good image, which reach deeper; and what must hold of every loaded guest.
 */
#ifndef TEST_FUZZ_GUEST_FUZZ_H
#define TEST_FUZZ_GUEST_FUZZ_H

#include "test/guest_images.h"

#define FUZZ_MEMORY  (4 * MiB)
#define FUZZ_INITRD  5000u
#define FUZZ_CMDLINE "console=ttyS0"

static inline void require(bool good)
{
    if (!good)
        abort();
}

static inline size_t fuzz_word(const u8 *data)
{
    return (size_t)(data[0] | data[1] << 8);
}

/* A file in a block of exactly its size. */
static inline struct guest_image fuzz_file(const u8 *data, size_t size, const u8 *good,
                                           size_t bytes)
{
    bool whole = size && data[0] & 1, cut = size > 2 && (data[0] & 3) == 2;
    u64 length = whole ? size - 1 : cut ? fuzz_word(data + 1) % (bytes + 1) : bytes;
    u8 *file = malloc(length ? length : 1);
    memcpy(file, whole ? data + 1 : good, length);
    for (size_t i = cut ? 3 : 1; !whole && i + 3 <= size; i += 3)
        if (fuzz_word(data + i) < length)
            file[fuzz_word(data + i)] = data[i + 2];
    return (struct guest_image){file, length};
}

static inline u64 fuzz_memory(const u8 *data, size_t size)
{
    static const u64 sizes[] = {FUZZ_MEMORY, FUZZ_MEMORY, 2 * MiB, 640 * KiB};
    return sizes[size ? data[0] >> 6 : 0];
}

/* The registers fit the mode, and what they point to is in memory and in one piece. */
static inline void check_start(const struct window *w, const struct guest_start *s)
{
    require(window_is_ram(w, s->cs.base + s->rip, 1));
    require(s->rip < 4 * GiB && s->rsp <= GUEST_BOOT_END);
    if (s->mode == GUEST_REAL16)
        return;
    require(window_get(w, s->gdt_base + s->data.selector, 8) == 0x00cf93000000ffff);
    require(window_get(w, s->gdt_base + s->cs.selector, 8) ==
            (s->mode == GUEST_LONG64 ? 0x00af9b000000ffff : 0x00cf9b000000ffff));
    for (u64 at = 0; s->mode == GUEST_LONG64 && at < 4 * GiB; at += 2 * MiB)
        require(window_walk(w, s->cr3, at) == at);
}

static inline void check_initrd(const struct window *w, u64 at, const u8 *initrd)
{
    require(!memcmp(window_at(w, at, FUZZ_INITRD), initrd, FUZZ_INITRD));
}

static inline void check_cmdline(const struct window *w, u64 at)
{
    require(!memcmp(window_at(w, at, sizeof FUZZ_CMDLINE), FUZZ_CMDLINE, sizeof FUZZ_CMDLINE));
}

/* hvm_start_info and what it points to. */
static inline void check_start_info(const struct window *w, u64 at, const u8 *initrd)
{
    require(window_get(w, at, 4) == 0x336ec578);
    require(window_get(w, at + 48, 4) == w->map.count);
    require(window_get(w, window_get(w, at + 40, 8) + 8, 8) == w->map.entry[0].size);
    check_cmdline(w, window_get(w, at + 24, 8));
    require(window_get(w, at + 12, 4) == 1);
    check_initrd(w, window_get(w, window_get(w, at + 16, 8), 8), initrd);
}

/* Loads what the input says. False if it was refused, with a sentence. */
static inline bool fuzz_load(const u8 *data, size_t size, const u8 *good, size_t bytes,
                             struct window *w, struct guest_start *start, const u8 *initrd)
{
    struct load_error error;
    struct guest_image file = fuzz_file(data, size, good, bytes);
    struct guest_load order;
    bool loaded;

    window_open(w, fuzz_memory(data, size));
    order = window_order(w, file.data, file.size);
    order.cmdline = FUZZ_CMDLINE;
    order.initrd = (struct guest_image){initrd, FUZZ_INITRD};
    loaded = guest_load(&order, start, &error);
    free((void *)file.data);
    require(loaded == (error.text[0] == 0));
    require(strnlen(error.text, sizeof error.text) < sizeof error.text - 1); /* not cut off */
    if (loaded)
        check_start(w, start);
    return loaded;
}

#endif
