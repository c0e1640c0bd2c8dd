/* SPDX-License-Identifier: MIT */
/*
 * Between boot/info.c, which walks the tags, and its two specialists: memory maps and the screen.
 * A handler gets a tag that lies inside the information and has the fewest bytes that
 * its kind can have.
 */
#ifndef BOOT_INFO_PARSE_H
#define BOOT_INFO_PARSE_H

#include "boot/info.h"

/* The walk, and the two maps that only count when there is no better one. */
struct parse {
    struct boot_info *info;
    const u8 *efi_mmap, *meminfo;
};

/* Puts the sentence into info->error; always false, so that a handler can return it. */
bool boot_refuse(struct boot_info *info, const char *format, ...) printf_like(2, 3);

must_check bool boot_read_mmap(struct parse *parse, const u8 *tag, u32 size);
must_check bool boot_keep_efi_mmap(struct parse *parse, const u8 *tag, u32 size);
must_check bool boot_keep_meminfo(struct parse *parse, const u8 *tag, u32 size);

/* After the last tag: the EFI map if the memory map tag gave nothing, then the basic figures. */
must_check bool boot_use_spare_maps(struct parse *parse);

/*
 * A screen is a luxury: one that cannot be right is left out with a sentence in info->note, and the
 * boot goes on. False only if the tag ends before its colours.
 */
must_check bool boot_read_framebuffer(struct parse *parse, const u8 *tag, u32 size);

#endif
