/* SPDX-License-Identifier: MIT */
/*
 * The memory map, from the best of the three places that a boot loader may tell of it.
 */
#include "boot/info_parse.h"

#include "lib/bits.h"
#include "lib/bytes.h"

#define MMAP_ENTRY   24   /* base, length, type, reserved */
#define EFI_ENTRY    40   /* UEFI 7.2.3: type, padding, physical, virtual, pages, attribute */
#define LOW_MEM_MAX  640u /* KiB: above stand the video memory and the ROMs */
#define EFI_PAGE_MAX (~0ull >> 12)

static bool add_range(struct boot_info *info, u64 base, u64 size, enum mem_type type)
{
    if (!memmap_add(&info->memmap, base, size, type))
        return boot_refuse(info, "the memory map has more ranges than Trivet's limit, %d",
                           MEMMAP_MAX);
    return true;
}

/* 3.6.8: what is none of the five types that it names is to be left alone. */
static enum mem_type mmap_type(u32 type)
{
    return type >= MEM_RAM && type <= MEM_BAD ? (enum mem_type)type : MEM_RESERVED;
}

bool boot_read_mmap(struct parse *parse, const u8 *tag, u32 size)
{
    u32 step = bytes_u32(tag + 8);
    if (step < MMAP_ENTRY)
        return boot_refuse(parse->info, "the memory map tag's entries are %u bytes, not %d or more",
                           step, MMAP_ENTRY);
    if ((size - 16) % step)
        return boot_refuse(parse->info, "the memory map tag's %u bytes end inside an entry of %u",
                           size, step);
    for (u32 at = 16; at < size; at += step)
        if (!add_range(parse->info, bytes_u64(tag + at), bytes_u64(tag + at + 8),
                       mmap_type(bytes_u32(tag + at + 16))))
            return false;
    return true;
}

/* UEFI table 7.10, after ExitBootServices: the loader's and the boot services' memory is free. */
static enum mem_type efi_type(u32 type)
{
    static const u8 map[] = {
        [1] = MEM_RAM, [2] = MEM_RAM, [3] = MEM_RAM,  [4] = MEM_RAM,
        [7] = MEM_RAM, [8] = MEM_BAD, [9] = MEM_ACPI, [10] = MEM_NVS,
    };
    return type < array_size(map) && map[type] ? (enum mem_type)map[type] : MEM_RESERVED;
}

bool boot_keep_efi_mmap(struct parse *parse, const u8 *tag, u32 size)
{
    u32 step = bytes_u32(tag + 8);
    if (step < EFI_ENTRY)
        return boot_refuse(parse->info,
                           "the EFI memory map tag's descriptors are %u bytes, not %d or more",
                           step, EFI_ENTRY);
    if ((size - 16) % step)
        return boot_refuse(parse->info,
                           "the EFI memory map tag's %u bytes end inside a descriptor of %u", size,
                           step);
    parse->efi_mmap = tag;
    parse->info->efi = true;
    return true;
}

static bool use_efi_mmap(struct boot_info *info, const u8 *tag)
{
    u32 size = bytes_u32(tag + 4), step = bytes_u32(tag + 8);
    for (u32 at = 16; at < size; at += step) {
        u64 pages = min_u64(bytes_u64(tag + at + 24), EFI_PAGE_MAX);
        if (!add_range(info, bytes_u64(tag + at + 8), pages << 12, efi_type(bytes_u32(tag + at))))
            return false;
    }
    return true;
}

bool boot_keep_meminfo(struct parse *parse, const u8 *tag, u32 size)
{
    (void)size;
    parse->meminfo = tag;
    return true;
}

/* 3.6.3: KiB from 0 and KiB from 1 MiB up to the first hole. */
static bool use_meminfo(struct boot_info *info, const u8 *tag)
{
    u64 lower = min_u64(bytes_u32(tag + 8), LOW_MEM_MAX), upper = bytes_u32(tag + 12);
    return add_range(info, 0, lower * KiB, MEM_RAM) && add_range(info, MiB, upper * KiB, MEM_RAM);
}

bool boot_use_spare_maps(struct parse *parse)
{
    struct boot_info *info = parse->info;
    if (info->memmap.count == 0 && parse->efi_mmap && !use_efi_mmap(info, parse->efi_mmap))
        return false;
    if (info->memmap.count == 0 && parse->meminfo)
        return use_meminfo(info, parse->meminfo);
    return true;
}
