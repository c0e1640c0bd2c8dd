/* SPDX-License-Identifier: MIT */
/*
 * ELF executables: PT_LOAD segments by their physical address, entered in 32- or 64-bit mode by the
 * file's class, or by the PVH note's 32-bit entry where there is one. Offsets are those of the
 * System V ABI's chapter 4 (32-bit) and of ELF-64 Object File Format 1.5.
 */
#include "guests/load_parts.h"

#define ELFCLASS32 1
#define ELFCLASS64 2
#define ET_EXEC    2
#define EM_386     3
#define EM_X86_64  62
#define PT_LOAD    1
#define PT_NOTE    4

#define SEGMENTS_MAX 128 /* kernels have fewer than ten */

#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY, owner "Xen" */

struct elf {
    struct guest_image file;
    bool is64;
    u64 entry, table;
    u32 step, count; /* the program headers' size and number */
};

struct segment {
    u32 type;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

bool is_elf(struct guest_image image)
{
    return image.size >= 20 && !memcmp(image.data, "\177ELF", 4);
}

static bool check_ident(struct loader *l, const struct elf *elf)
{
    const u8 *h = elf->file.data;
    u16 machine = elf->is64 ? EM_X86_64 : EM_386;
    if (h[4] != ELFCLASS32 && h[4] != ELFCLASS64)
        return load_fail(l, "EI_CLASS = %u: expected 1 (32-bit) or 2 (64-bit)", h[4]);
    if (h[5] != 1)
        return load_fail(l, "EI_DATA = %u: expected 1 (little-endian)", h[5]);
    if (get16(h + 16) != ET_EXEC)
        return load_fail(l, "e_type = %u: expected 2 (an executable that needs no relocation)",
                         get16(h + 16));
    if (get16(h + 18) != machine)
        return load_fail(l, "e_machine = %u: expected %u for this class", get16(h + 18), machine);
    return true;
}

static bool read_header(struct loader *l, struct elf *elf)
{
    const u8 *h = elf->file.data;
    u32 header, least;

    elf->is64 = h[4] == ELFCLASS64;
    header = elf->is64 ? 64 : 52;
    least = elf->is64 ? 56 : 32;
    if (!check_ident(l, elf))
        return false;
    if (elf->file.size < header)
        return load_fail(l, "the file has %llu bytes: expected a header of %u", ULL(elf->file.size),
                         header);
    elf->entry = elf->is64 ? get64(h + 24) : get32(h + 24);
    elf->table = elf->is64 ? get64(h + 32) : get32(h + 28);
    elf->step = get16(h + (elf->is64 ? 54 : 42));
    elf->count = get16(h + (elf->is64 ? 56 : 44));
    if (elf->step < least)
        return load_fail(l, "e_phentsize = %u: expected at least %u", elf->step, least);
    if (!elf->count || elf->count > SEGMENTS_MAX)
        return load_fail(l, "e_phnum = %u: expected 1 to %u", elf->count, SEGMENTS_MAX);
    if (!image_has(elf->file, elf->table, (u64)elf->step * elf->count))
        return load_fail(l,
                         "e_phoff = 0x%llx: expected %u program headers of %u bytes in the "
                         "file's %llu bytes",
                         ULL(elf->table), elf->count, elf->step, ULL(elf->file.size));
    return true;
}

static struct segment segment_at(const struct elf *elf, u32 i)
{
    const u8 *p = elf->file.data + elf->table + (u64)elf->step * i;
    if (elf->is64)
        return (struct segment){get32(p),      get64(p + 8),  get64(p + 16), get64(p + 24),
                                get64(p + 32), get64(p + 40), get64(p + 48)};
    return (struct segment){get32(p),      get32(p + 4),  get32(p + 8), get32(p + 12),
                            get32(p + 16), get32(p + 20), get32(p + 28)};
}

static bool check_segment(struct loader *l, const struct elf *elf, u32 i, u64 *total)
{
    struct segment s = segment_at(elf, i);
    if (s.type != PT_LOAD)
        return true;
    if (s.filesz > s.memsz)
        return load_fail(l, "segment %u: p_filesz = 0x%llx: expected at most p_memsz = 0x%llx", i,
                         ULL(s.filesz), ULL(s.memsz));
    if (!image_has(elf->file, s.offset, s.filesz))
        return load_fail(l,
                         "segment %u: p_offset = 0x%llx, p_filesz = 0x%llx: expected them within "
                         "the file's 0x%llx bytes",
                         i, ULL(s.offset), ULL(s.filesz), ULL(elf->file.size));
    if (!s.memsz)
        return true;
    if (!load_check(l, s.paddr, s.memsz, "a segment (p_paddr, p_memsz)"))
        return false;
    *total += s.memsz; /* cannot wrap: each is at most the RAM's size, and there are few */
    load_note(l, s.paddr, s.memsz);
    return true;
}

/* All segments are sound, and together no larger than the RAM: zeroing them is bounded. */
static bool check_segments(struct loader *l, const struct elf *elf)
{
    u64 total = 0, ram = e820_ram(l->order->map);
    for (u32 i = 0; i < elf->count; i++)
        if (!check_segment(l, elf, i, &total))
            return false;
    if (!total)
        return load_fail(l, "no PT_LOAD segment: expected at least one");
    if (total > ram)
        return load_fail(l, "p_memsz of all segments is 0x%llx: expected at most the RAM's 0x%llx",
                         ULL(total), ULL(ram));
    return true;
}

static bool load_segments(struct loader *l, const struct elf *elf)
{
    for (u32 i = 0; i < elf->count; i++) {
        struct segment s = segment_at(elf, i);
        if (s.type != PT_LOAD)
            continue;
        if (!load_copy(l, s.paddr, elf->file.data + s.offset, s.filesz) ||
            !load_zero(l, s.paddr + s.filesz, s.memsz - s.filesz))
            return false;
    }
    return true;
}

/*
 * e_entry is a virtual address, but kernels that run elsewhere than they are loaded often give a
 * physical one: it counts as virtual where that hits a segment.
 */
static u64 find_entry(const struct elf *elf)
{
    u64 entry = ELF_NO_ENTRY;
    for (u32 i = 0; i < elf->count; i++) {
        struct segment s = segment_at(elf, i);
        if (s.type == PT_LOAD && elf->entry - s.vaddr < s.memsz)
            return s.paddr + (elf->entry - s.vaddr);
        if (s.type == PT_LOAD && elf->entry - s.paddr < s.memsz)
            entry = elf->entry;
    }
    return entry;
}

bool elf_check_entry(struct loader *l, const struct elf_entries *entries)
{
    return entries->entry < 4 * GiB ||
           load_fail(l, "e_entry = 0x%llx: expected an address in a segment below 4G",
                     ULL(entries->e_entry));
}

/* Notes: three words (name size, descriptor size, type), then both, each padded to `align`. */
static u64 find_note(const u8 *notes, u64 size, u64 align)
{
    u64 at = 0;
    while (size - at >= 12) {
        u64 name = get32(notes + at), desc = get32(notes + at + 4);
        u32 type = get32(notes + at + 8);
        u64 desc_at = at + align_up(12 + name, align), end = desc_at + desc;
        if (end > size)
            return 0;
        if (type == NOTE_PHYS32_ENTRY && name == 4 && !memcmp(notes + at + 12, "Xen", 4) &&
            (desc == 4 || desc == 8))
            return desc == 4 ? get32(notes + desc_at) : get64(notes + desc_at);
        at = desc_at + align_up(desc, align);
        if (at > size)
            return 0;
    }
    return 0;
}

static u64 find_pvh(const struct elf *elf)
{
    for (u32 i = 0; i < elf->count; i++) {
        struct segment s = segment_at(elf, i);
        u64 entry;
        if (s.type != PT_NOTE || !image_has(elf->file, s.offset, s.filesz))
            continue;
        entry = find_note(elf->file.data + s.offset, s.filesz, s.align == 8 ? 8 : 4);
        if (entry)
            return entry;
    }
    return 0;
}

bool load_elf_file(struct loader *l, struct elf_entries *entries)
{
    struct elf elf = {.file = l->order->kernel};
    if (!read_header(l, &elf) || !check_segments(l, &elf))
        return false;
    entries->is64 = elf.is64;
    entries->e_entry = elf.entry;
    entries->entry = find_entry(&elf);
    entries->pvh = find_pvh(&elf);
    return load_segments(l, &elf);
}

static bool load_pvh(struct loader *l, u64 entry)
{
    if (entry >= 4 * GiB || !e820_is_ram(l->order->map, entry, 1))
        return load_fail(l,
                         "the PVH note's entry is 0x%llx: expected an address in the RAM below 4G",
                         ULL(entry));
    return load_prot32(l, entry);
}

bool load_elf(struct loader *l)
{
    struct elf_entries entries;
    if (!load_elf_file(l, &entries) || !load_start_info(l))
        return false;
    if (entries.pvh)
        return load_pvh(l, entries.pvh);
    if (!elf_check_entry(l, &entries))
        return false;
    if (!entries.is64)
        return load_prot32(l, entries.entry);
    l->start->rdi = GUEST_BOOT_INFO;
    return load_long_mode(l, entries.entry);
}
