/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader says, as one struct: multiboot2 tags in, nothing left
 * pointing into them. Pure: runs on the host over hostile tags.
 */
#ifndef BOOT_INFO_H
#define BOOT_INFO_H

#include "mm/addr.h"
#include "mm/memmap.h"

#define BOOT_MODULES_MAX 64
#define BOOT_TEXT_MAX    12288 /* all strings together */

struct boot_module {
    hpa_t base;
    u64 size;
    const char *name; /* the first word of its string */
    const char *args; /* the rest, without leading spaces; "" if none */
};

enum boot_fb_kind { BOOT_FB_NONE, BOOT_FB_TEXT, BOOT_FB_RGB };

struct boot_fb {
    enum boot_fb_kind kind;
    hpa_t base;
    u32 pitch, width, height; /* TEXT: width and height in characters */
    u8 depth;
    u8 red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

struct boot_info {
    const char *cmdline; /* "" if none */
    const char *loader;
    struct memmap memmap; /* as reported; normalized by its user */
    struct boot_module module[BOOT_MODULES_MAX];
    unsigned module_count;
    struct boot_fb fb;
    u8 rsdp[36];
    u32 rsdp_size; /* 0: none; else 20 or 36, copied */
    bool efi;
    char text[BOOT_TEXT_MAX];
    u32 text_used;
    char note[200];  /* a sentence on something that was left out, for the log; "" if none */
    char error[200]; /* what boot_info_parse returns */
};

/*
 * Reads the multiboot2 information of at most `size` bytes at `tags`. Returns NULL, or in one
 * sentence what is wrong with it; *info is then to be thrown away. Unknown tags are skipped. The
 * strings lie in *info itself, so it must stay where it is.
 */
const char *boot_info_parse(const void *tags, size_t size, struct boot_info *info);

/* What of it outlives boot: the modules, with their strings. */
struct boot_modules {
    unsigned count;
    struct boot_module module[];
};

/* A copy that hangs on nothing else, in one piece of `size` bytes: boot_modules_size. */
u64 boot_modules_size(const struct boot_info *info);
void boot_modules_copy(const struct boot_info *info, struct boot_modules *modules);

#endif
