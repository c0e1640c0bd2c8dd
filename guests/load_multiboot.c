/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1 (specification 0.6.96): a header in the first 8 KiB, then either load addresses in
 * that header or an ELF file. Entered in 32-bit mode.
 */
#include "guests/load_parts.h"

#define HEADER_MAGIC 0x1badb002u
#define BOOT_MAGIC   0x2badb002u
#define SEARCH_BYTES 8192u

#define HEADER_PAGE_ALIGN BIT(0) /* modules on page boundaries: ours always are */
#define HEADER_MEMORY     BIT(1) /* memory information: always given */
#define HEADER_VIDEO      BIT(2) /* a video mode: there is no screen */
#define HEADER_ADDRESSES  BIT(16)

#define INFO_MEMORY  BIT(0)
#define INFO_CMDLINE BIT(2)
#define INFO_MODULES BIT(3)
#define INFO_MMAP    BIT(6)
#define INFO_LOADER  BIT(9)

struct mb_info {
    u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
    u32 mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name;
    u32 apm_table, vbe[5];
};
_Static_assert(sizeof(struct mb_info) == 92 && offsetof(struct mb_info, mmap_length) == 44,
               "what guests read");

struct mb_module {
    u32 start, end, string, reserved;
};

struct mb_range {
    u32 size; /* of the rest */
    u64 base, length;
    u32 type;
} packed;
_Static_assert(sizeof(struct mb_range) == 24, "what guests read");

#define MODULES (GUEST_BOOT_LISTS)
#define MMAP    (GUEST_BOOT_LISTS + 0x40)
#define LOADER  (GUEST_BOOT_LISTS + 0x700)
#define STRING  (GUEST_BOOT_LISTS + 0x800)
_Static_assert(0x40 + E820_MAX * sizeof(struct mb_range) <= 0x700, "the lists do not collide");

/* Section 3.1.1: 32-bit aligned, whole in the first 8192 bytes. */
bool find_multiboot(struct guest_image image, u64 *offset)
{
    u64 end = min_u64(image.size, SEARCH_BYTES);
    for (u64 at = 0; at + 12 <= end; at += 4) {
        const u8 *h = image.data + at;
        if (get32(h) == HEADER_MAGIC && get32(h) + get32(h + 4) + get32(h + 8) == 0) {
            *offset = at;
            return true;
        }
    }
    return false;
}

/* Section 3.1.3: what the header's five addresses say, in bytes of file and of memory. */
struct layout {
    u64 offset, at, file_size, size, entry;
};

static bool read_layout(struct loader *l, u64 header, struct layout *to)
{
    struct guest_image file = l->order->kernel;
    const u8 *h = file.data + header;
    u64 header_addr, load, load_end, bss_end;

    if (!image_has(file, header, 32))
        return load_fail(l, "the file ends in the header: expected the five addresses that flags "
                            "bit 16 announces");
    header_addr = get32(h + 12), load = get32(h + 16);
    load_end = get32(h + 20), bss_end = get32(h + 24);
    if (load > header_addr || header_addr - load > header)
        return load_fail(l,
                         "load_addr = 0x%llx, header_addr = 0x%llx: expected the header 0 to "
                         "0x%llx bytes behind load_addr",
                         ULL(load), ULL(header_addr), ULL(header));
    to->offset = header - (header_addr - load);
    to->file_size = load_end ? load_end - load : file.size - to->offset;
    if (load_end && (load_end < load || to->file_size > file.size - to->offset))
        return load_fail(l, "load_end_addr = 0x%llx: expected 0x%llx to 0x%llx, the file's end",
                         ULL(load_end), ULL(load), ULL(load + file.size - to->offset));
    if (bss_end && bss_end < load + to->file_size)
        return load_fail(l, "bss_end_addr = 0x%llx: expected at least 0x%llx, the end of the data",
                         ULL(bss_end), ULL(load + to->file_size));
    to->at = load;
    to->size = bss_end ? bss_end - load : to->file_size;
    to->entry = get32(h + 28);
    if (to->entry - load >= to->size)
        return load_fail(l, "entry_addr = 0x%llx: expected 0x%llx to 0x%llx, within the kernel",
                         ULL(to->entry), ULL(load), ULL(load + to->size));
    return true;
}

static bool load_by_addresses(struct loader *l, u64 header, u64 *entry)
{
    struct layout k;
    if (!read_layout(l, header, &k) ||
        !load_check(l, k.at, k.size, "the kernel (load_addr to bss_end_addr)"))
        return false;
    load_note(l, k.at, k.size);
    *entry = k.entry;
    return load_copy(l, k.at, l->order->kernel.data + k.offset, k.file_size) &&
           load_zero(l, k.at + k.file_size, k.size - k.file_size);
}

static bool load_kernel(struct loader *l, u64 *entry)
{
    struct elf_entries entries;
    u64 header;
    u32 flags, unknown;

    if (!find_multiboot(l->order->kernel, &header))
        return load_fail(l, "no header in the first 8192 bytes");
    flags = get32(l->order->kernel.data + header + 4);
    unknown = flags & 0xffff & ~(u32)(HEADER_PAGE_ALIGN | HEADER_MEMORY);
    if (unknown & HEADER_VIDEO)
        return load_fail(l,
                         "flags = 0x%x: expected bit 2 (a video mode) clear, for there is no "
                         "screen",
                         flags);
    if (unknown)
        return load_fail(
            l, "flags = 0x%x: expected none of bits 3 to 15, which ask for the unknown", flags);
    if (flags & HEADER_ADDRESSES)
        return load_by_addresses(l, header, entry);
    if (!is_elf(l->order->kernel))
        return load_fail(l, "flags = 0x%x: expected bit 16 (load addresses) or an ELF file", flags);
    if (!load_elf_file(l, &entries) || !elf_check_entry(l, &entries))
        return false;
    *entry = entries.entry;
    return true;
}

static bool load_mmap(struct loader *l, struct mb_info *info)
{
    const struct e820_map *map = l->order->map;
    struct mb_range range[E820_MAX];
    for (unsigned i = 0; i < map->count; i++) {
        const struct e820_entry *e = &map->entry[i];
        range[i] = (struct mb_range){20, e->base, e->size, e->type};
        if (e->type == MEM_RAM && e->base == 0)
            info->mem_lower = (u32)(min_u64(e->size, 640 * KiB) / KiB);
        if (e->type == MEM_RAM && e->base == MiB)
            info->mem_upper = (u32)(min_u64(e->size, 4 * GiB) / KiB);
    }
    info->flags |= INFO_MEMORY | INFO_MMAP;
    info->mmap_addr = MMAP;
    info->mmap_length = (u32)(map->count * sizeof range[0]);
    return load_own(l, MMAP, range, info->mmap_length);
}

static bool load_modules(struct loader *l, struct mb_info *info)
{
    struct mb_module module;
    info->flags |= INFO_MODULES;
    if (!load_initrd(l, 4 * GiB))
        return false;
    if (!l->initrd)
        return true;
    module =
        (struct mb_module){(u32)l->initrd, (u32)(l->initrd + l->order->initrd.size), STRING, 0};
    info->mods_count = 1;
    info->mods_addr = MODULES;
    return load_initrd_string(l, STRING) && load_own(l, MODULES, &module, sizeof module);
}

bool load_multiboot(struct loader *l)
{
    static const char name[] = "Trivet";
    struct mb_info info = {.flags = INFO_CMDLINE | INFO_LOADER,
                           .cmdline = GUEST_BOOT_CMDLINE,
                           .boot_loader_name = LOADER};
    u64 entry;
    if (!load_kernel(l, &entry) || !load_mmap(l, &info) || !load_modules(l, &info) ||
        !load_cmdline(l, GUEST_CMDLINE_MAX) || !load_own(l, LOADER, name, sizeof name) ||
        !load_own(l, GUEST_BOOT_INFO, &info, sizeof info))
        return false;
    l->start->rax = BOOT_MAGIC;
    l->start->rbx = GUEST_BOOT_INFO;
    return load_prot32(l, entry);
}
