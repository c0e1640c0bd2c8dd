/* SPDX-License-Identifier: MIT */
/*
 * What the loaders share. Only guests/load_*.c include it.
 */
#ifndef GUESTS_LOAD_PARTS_H
#define GUESTS_LOAD_PARTS_H

#include "guests/load.h"
#include "lib/string.h"

/* One loading on its way. */
struct loader {
    const struct guest_load *order;
    struct guest_start *start;
    struct load_error *error;
    u64 kernel_base, kernel_end; /* what the kernel takes at and above 1M, as one range */
    u64 initrd;                  /* where load_initrd put it */
};

/* The loaders by kind. */
bool load_flat(struct loader *l) must_check;
bool load_elf(struct loader *l) must_check;
bool load_multiboot(struct loader *l) must_check;
bool load_linux(struct loader *l) must_check;

bool is_elf(struct guest_image image);
bool is_linux(struct guest_image image);
bool find_multiboot(struct guest_image image, u64 *offset);

/* Files are little-endian and aligned to nothing. */
static inline u16 get16(const u8 *p)
{
    return (u16)(p[0] | p[1] << 8);
}

static inline u32 get32(const u8 *p)
{
    return get16(p) | (u32)get16(p + 2) << 16;
}

static inline u64 get64(const u8 *p)
{
    return get32(p) | (u64)get32(p + 4) << 32;
}

static inline bool image_has(struct guest_image image, u64 offset, u64 size)
{
    return offset <= image.size && size <= image.size - offset;
}

/* Always false: "return load_fail(...)". For %llx and %llu, ULL() makes the argument fit. */
void load_say(struct loader *l, const char *format, ...) printf_like(2, 3);
#define load_fail(...) (load_say(__VA_ARGS__), false)
#define ULL(x)         ((unsigned long long)(x))

/* Whether a part of the image may lie at [at, at + size): RAM, and clear of Trivet's own area. */
bool load_check(struct loader *l, u64 at, u64 size, const char *what) must_check;

/* Widens the kernel's range; parts below 1M do not count, for nothing is placed there. */
void load_note(struct loader *l, u64 at, u64 size);

/* Copies a part of the image, or zeroes, after load_check. */
bool load_copy(struct loader *l, u64 at, const u8 *data, u64 size) must_check;
bool load_zero(struct loader *l, u64 at, u64 size) must_check;

/* Write what Trivet itself makes, in its area. */
bool load_own(struct loader *l, u64 at, const void *data, u64 size) must_check;
bool load_own_zero(struct loader *l, u64 at, u64 size) must_check;

/* Puts the initrd as high as it goes below `limit` and clear of the kernel: l->initrd (0: none). */
bool load_initrd(struct loader *l, u64 limit) must_check;

/* The command line and the initrd's string, to their places. */
bool load_cmdline(struct loader *l, u64 max) must_check;
bool load_initrd_string(struct loader *l, u64 at) must_check;

/* hvm_start_info, initrd, command line and memory map: at GUEST_BOOT_INFO. */
bool load_start_info(struct loader *l) must_check;

/* Registers for each mode, with GDT and page tables in the guest's memory where it needs them. */
bool load_long_mode(struct loader *l, u64 rip) must_check;
bool load_prot32(struct loader *l, u64 rip) must_check;
void load_real(struct loader *l, u64 rip);

/*
 * An ELF file's segments into memory. `entry` is where e_entry says, as a physical address
 * (ELF_NO_ENTRY: in no segment below 4G, which elf_check_entry tells); `pvh` is what the PVH note
 * says, or 0.
 */
#define ELF_NO_ENTRY (~0ull)
struct elf_entries {
    bool is64;
    u64 e_entry, entry, pvh;
};
bool load_elf_file(struct loader *l, struct elf_entries *entries) must_check;
bool elf_check_entry(struct loader *l, const struct elf_entries *entries) must_check;

#endif
