/* SPDX-License-Identifier: MIT */
/*
 * Small good images, built field by field from the specifications, for tests and fuzzers to break.
 */
#ifndef TEST_GUEST_IMAGES_H
#define TEST_GUEST_IMAGES_H

#include <elf.h>

#include "test/guest_window.h"

#define ELF_BYTES   0x1000u
#define ELF_PHDRS   0x100u
#define ELF_NOTES   0x300u
#define ELF_TEXT    0x800u
#define LINUX_BYTES (0x400u + 0x2000u)
#define MB_BYTES    0x1800u
#define MB_HEADER   0x20u

/* Three program headers: text of 0x400 bytes with 0x200 of bss at 1M, data of 0x10 at 2M - 0x10,
 * and a note. */
static inline void elf64_image(u8 *image)
{
    Elf64_Ehdr h = {.e_type = ET_EXEC,
                    .e_machine = EM_X86_64,
                    .e_version = 1,
                    .e_entry = 0xffffffff80100010,
                    .e_phoff = ELF_PHDRS,
                    .e_ehsize = sizeof h,
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = 3};
    Elf64_Phdr p[3] = {
        {.p_type = PT_LOAD,
         .p_offset = ELF_TEXT,
         .p_vaddr = 0xffffffff80100000,
         .p_paddr = 0x100000,
         .p_filesz = 0x400,
         .p_memsz = 0x600},
        {.p_type = PT_LOAD,
         .p_offset = ELF_TEXT + 0x400,
         .p_vaddr = 0xffffffff801ffff0,
         .p_paddr = 0x1ffff0,
         .p_filesz = 0x10,
         .p_memsz = 0x10},
        {.p_type = PT_NOTE, .p_offset = ELF_NOTES,     .p_filesz = 0x40,                      .p_align = 4           },
    };
    memset(image, 0, ELF_BYTES);
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(image, &h, sizeof h);
    memcpy(image + ELF_PHDRS, p, sizeof p);
    memset(image + ELF_TEXT, 0xcc, 0x400);
    memset(image + ELF_TEXT + 0x400, 0xdd, 0x10);
}

static inline void elf32_image(u8 *image)
{
    Elf32_Ehdr h = {.e_type = ET_EXEC,
                    .e_machine = EM_386,
                    .e_version = 1,
                    .e_entry = 0x100010,
                    .e_phoff = ELF_PHDRS,
                    .e_ehsize = sizeof h,
                    .e_phentsize = sizeof(Elf32_Phdr),
                    .e_phnum = 2};
    Elf32_Phdr p[2] = {
        {.p_type = PT_LOAD,
         .p_offset = ELF_TEXT,
         .p_vaddr = 0x100000,
         .p_paddr = 0x100000,
         .p_filesz = 0x400,
         .p_memsz = 0x600},
        {.p_type = PT_NOTE,  .p_offset = ELF_NOTES,   .p_filesz = 0x40, .p_align = 4},
    };
    memset(image, 0, ELF_BYTES);
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS32;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(image, &h, sizeof h);
    memcpy(image + ELF_PHDRS, p, sizeof p);
    memset(image + ELF_TEXT, 0xcc, 0x400);
}

/* A GNU build id, then Xen's note 18 with a 4- or 8-byte entry. */
static inline void elf_add_pvh(u8 *image, u64 entry, unsigned bytes)
{
    u8 *n = image + ELF_NOTES;
    put(n, 0, 4, 4), put(n, 4, 5, 4), put(n, 8, 3, 4);
    memcpy(n + 12, "GNU", 4);
    put(n, 24, 4, 4), put(n, 28, bytes, 4), put(n, 32, 18, 4);
    memcpy(n + 36, "Xen", 4);
    put(n, 40, entry, bytes);
}

/* A header at 0x20 by addresses: the file's 0x20.. at 2M, 0x1000 bytes, then bss up to 2M + 0x3000.
 */
static inline void multiboot_image(u8 *image)
{
    u32 flags = 0x10003;
    memset(image, 0xab, MB_BYTES);
    put(image, MB_HEADER, 0x1badb002, 4);
    put(image, MB_HEADER + 4, flags, 4);
    put(image, MB_HEADER + 8, 0u - 0x1badb002u - flags, 4);
    put(image, MB_HEADER + 12, 0x200010, 4); /* header_addr */
    put(image, MB_HEADER + 16, 0x200000, 4); /* load_addr: 0x10 bytes before the header */
    put(image, MB_HEADER + 20, 0x201000, 4); /* load_end_addr */
    put(image, MB_HEADER + 24, 0x203000, 4); /* bss_end_addr */
    put(image, MB_HEADER + 28, 0x200040, 4); /* entry_addr */
}

/* Protocol 2.15, one setup sector, 0x2000 bytes of payload, 16M preferred, 1M of room. */
static inline void linux_image(u8 *image)
{
    memset(image, 0x77, LINUX_BYTES);
    memset(image + 0x1f1, 0, 0x27c - 0x1f1);
    put(image, 0x1ef, 0xff, 1); /* the sentinel */
    put(image, 0x1f1, 1, 1);    /* setup_sects */
    put(image, 0x1f4, 0x2000 / 16, 4);
    put(image, 0x1fe, 0xaa55, 2);
    put(image, 0x200, 0x6aeb, 2); /* the header ends at 0x26c */
    memcpy(image + 0x202, "HdrS", 4);
    put(image, 0x206, 0x20f, 2);
    put(image, 0x211, 1, 1);
    put(image, 0x22c, 0x7fffffff, 4);
    put(image, 0x230, 0x200000, 4);
    put(image, 0x234, 1, 1);
    put(image, 0x236, 0x7f, 2);
    put(image, 0x238, 2047, 4);
    put(image, 0x258, 0x1000000, 8);
    put(image, 0x260, 0x100000, 4);
}

#endif
