/* SPDX-License-Identifier: MIT */
/* guests/load_elf: segments, entries, the PVH note and what it hands over, and every lie named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/guest_images.h"

static struct window w;
static struct guest_start start;
static struct load_error error;
static u8 image[ELF_BYTES];

/* In a block of exactly its size, so that the sanitizer sees each byte read too far. */
static bool load(u64 size)
{
    u8 *exact = malloc(size);
    struct guest_load order = window_order(&w, exact, size);
    bool good;
    memcpy(exact, image, size);
    order.cmdline = "console=ttyS0";
    order.rsdp = 0xe0000;
    good = guest_load(&order, &start, &error);
    free(exact);
    assert_int_equal(good, error.text[0] == 0);
    return good;
}

static void wrong(const char *sentence)
{
    assert_false(load(sizeof image));
    assert_string_equal(error.text, sentence);
}

static int open_16m(void **state)
{
    (void)state;
    window_open(&w, 16 * MiB);
    elf64_image(image);
    return 0;
}

static int close_window(void **state)
{
    (void)state;
    window_close(&w);
    return 0;
}

static void check_bytes(u64 at, u8 byte, u64 count)
{
    for (u64 i = 0; i < count; i++)
        assert_int_equal(w.memory[at + i], byte);
}

static void test_elf64(void **state)
{
    (void)state;
    memset(w.memory + 0x100000, 0xee, 0x1000); /* so that zeroed bss shows */
    assert_true(load(sizeof image));
    assert_int_equal(start.kind, GUEST_ELF);
    assert_int_equal(start.mode, GUEST_LONG64);
    assert_int_equal(start.rip, 0x100010); /* e_entry is virtual here */
    check_bytes(0x100000, 0xcc, 0x400);
    check_bytes(0x100400, 0, 0x200);
    check_bytes(0x100600, 0xee, 0xa00);
    check_bytes(0x1ffff0, 0xdd, 0x10);
    assert_int_equal(start.rdi, GUEST_BOOT_INFO);
    assert_int_equal(start.rbx, GUEST_BOOT_INFO);
}

static void test_elf64_with_physical_entry(void **state)
{
    (void)state;
    put(image, 24, 0x100020, 8);
    assert_true(load(sizeof image));
    assert_int_equal(start.rip, 0x100020);
}

static void test_elf32(void **state)
{
    (void)state;
    elf32_image(image);
    assert_true(load(sizeof image));
    assert_int_equal(start.mode, GUEST_PROT32);
    assert_int_equal(start.rip, 0x100010);
    assert_int_equal(start.rbx, GUEST_BOOT_INFO);
    assert_int_equal(start.cr0, 0x11);
    assert_int_equal(start.efer, 0);
    check_bytes(0x100000, 0xcc, 0x400);
    check_bytes(0x100400, 0, 0x200);
}

static void test_pvh(void **state)
{
    (void)state;
    for (unsigned bytes = 4; bytes <= 8; bytes += 4) {
        elf64_image(image);
        elf_add_pvh(image, 0x100123, bytes);
        put(image, 24, 0, 8); /* e_entry does not matter then */
        assert_true(load(sizeof image));
        assert_int_equal(start.mode, GUEST_PROT32);
        assert_int_equal(start.rip, 0x100123);
        assert_int_equal(start.rbx, GUEST_BOOT_INFO);
        assert_int_equal(start.cr4, 0);
        assert_int_equal(start.tr.limit, 0x67);
        assert_int_equal(start.tr.access & 0xff, 0x8b);
    }
    elf_add_pvh(image, 0xa0000, 4);
    wrong("ELF: the PVH note's entry is 0xa0000: expected an address in the RAM below 4G");
}

static void test_notes_that_are_no_entry(void **state)
{
    (void)state;
    elf_add_pvh(image, 0x100123, 4);
    put(image, ELF_NOTES + 4, 0xffffffff, 4); /* the first note runs past the segment */
    assert_true(load(sizeof image));
    assert_int_equal(start.mode, GUEST_LONG64);
    elf64_image(image);
    elf_add_pvh(image, 0x100123, 4);
    image[ELF_NOTES + 36] = 'x'; /* another owner */
    assert_true(load(sizeof image));
    assert_int_equal(start.mode, GUEST_LONG64);
    elf64_image(image);
    elf_add_pvh(image, 0x100123, 4);
    put(image, ELF_PHDRS + 2 * 56 + 32, 43, 8); /* the segment ends within the entry */
    assert_true(load(sizeof image));
    assert_int_equal(start.mode, GUEST_LONG64);
    elf64_image(image);
    elf_add_pvh(image, 0x100123, 4);
    put(image, ELF_PHDRS + 2 * 56 + 8, 0xfff, 8); /* the notes lie outside the file */
    assert_true(load(sizeof image));
    assert_int_equal(start.mode, GUEST_LONG64);
}

/* Offsets from Xen's public header start_info.h. */
static void test_start_info(void **state)
{
    u64 list;
    (void)state;
    assert_true(load(sizeof image));
    assert_int_equal(window_get(&w, start.rbx, 4), 0x336ec578);
    assert_int_equal(window_get(&w, start.rbx + 4, 4), 1);
    assert_int_equal(window_get(&w, start.rbx + 8, 8), 0); /* no flags, no module */
    assert_string_equal((char *)w.memory + window_get(&w, start.rbx + 24, 8), "console=ttyS0");
    assert_int_equal(window_get(&w, start.rbx + 32, 8), 0xe0000);
    assert_int_equal(window_get(&w, start.rbx + 48, 4), 4);
    list = window_get(&w, start.rbx + 40, 8);
    assert_int_equal(window_get(&w, list, 8), 0);
    assert_int_equal(window_get(&w, list + 8, 8), 0x9fc00);
    assert_int_equal(window_get(&w, list + 16, 8), 1);
    assert_int_equal(window_get(&w, list + 3 * 24, 8), 0x100000);
    assert_int_equal(window_get(&w, list + 3 * 24 + 8, 8), 15 * MiB);
}

static void test_initrd_as_a_module(void **state)
{
    struct guest_load order = window_order(&w, image, sizeof image);
    u8 initrd[5000];
    u64 list;
    (void)state;
    memset(initrd, 0x5a, sizeof initrd);
    order.initrd = (struct guest_image){initrd, sizeof initrd};
    order.initrd_string = "initrd.img quiet";
    assert_true(guest_load(&order, &start, &error));
    assert_int_equal(window_get(&w, start.rbx + 12, 4), 1);
    list = window_get(&w, start.rbx + 16, 8);
    assert_int_equal(window_get(&w, list, 8), 16 * MiB - 8192); /* the highest page it fits in */
    assert_int_equal(window_get(&w, list + 8, 8), 5000);
    assert_string_equal((char *)w.memory + window_get(&w, list + 16, 8), "initrd.img quiet");
    check_bytes(16 * MiB - 8192, 0x5a, 5000);
}

static void test_initrd_below_the_kernel(void **state)
{
    struct guest_load order = window_order(&w, image, sizeof image);
    static u8 initrd[64 * KiB];
    (void)state;
    /* One segment at the very top, the other gone: room is only below. */
    put(image, ELF_PHDRS + 24, 16 * MiB - 0x600, 8);
    put(image, ELF_PHDRS + 56, PT_NULL, 4);
    order.initrd = (struct guest_image){initrd, sizeof initrd};
    assert_true(guest_load(&order, &start, &error));
    assert_int_equal(window_get(&w, window_get(&w, start.rbx + 16, 8), 8), 0xfef000);
    order.initrd.size = 15 * MiB;
    order.initrd.data = calloc(1, 15 * MiB);
    assert_false(guest_load(&order, &start, &error));
    assert_string_equal(error.text, "ELF: the initrd of 15728640 bytes does not fit beside the "
                                    "kernel (0xfffa00 to 0x1000000) in the RAM from 1M to "
                                    "0x100000000: expected more memory");
    free((void *)order.initrd.data);
}

/* A header field, what is put there, and the sentence. */
static void test_lies(void **state)
{
    static const struct {
        u64 at, value;
        unsigned bytes;
        const char *sentence;
    } lies[] = {
        {4,              3,        1, "ELF: EI_CLASS = 3: expected 1 (32-bit) or 2 (64-bit)"                },
        {5,              2,        1, "ELF: EI_DATA = 2: expected 1 (little-endian)"                        },
        {16,             3,        2, "ELF: e_type = 3: expected 2 (an executable that needs no relocation)"},
        {18,             183,      2, "ELF: e_machine = 183: expected 62 for this class"                    },
        {54,             55,       2, "ELF: e_phentsize = 55: expected at least 56"                         },
        {56,             0,        2, "ELF: e_phnum = 0: expected 1 to 128"                                 },
        {56,             129,      2, "ELF: e_phnum = 129: expected 1 to 128"                               },
        {32,             0xf59,    8,
         "ELF: e_phoff = 0xf59: expected 3 program headers of 56 bytes in the file's "
         "4096 bytes"                                                                                       },
        {32,             ~0ull,    8,
         "ELF: e_phoff = 0xffffffffffffffff: expected 3 program headers of 56 bytes "
         "in the file's 4096 bytes"                                                                         },
        {24,             0x1234,   8, "ELF: e_entry = 0x1234: expected an address in a segment below 4G"    },
        {24,             0x100600, 8, "ELF: e_entry = 0x100600: expected an address in a segment below 4G"  },
        {ELF_PHDRS + 8,  0xc01,    8,
         "ELF: segment 0: p_offset = 0xc01, p_filesz = 0x400: expected "
         "them within the file's 0x1000 bytes"                                                              },
        {ELF_PHDRS + 8,  ~0ull,    8,
         "ELF: segment 0: p_offset = 0xffffffffffffffff, p_filesz = 0x400: "
         "expected them within the file's 0x1000 bytes"                                                     },
        {ELF_PHDRS + 40, 0x3ff,    8,
         "ELF: segment 0: p_filesz = 0x400: expected at most p_memsz = "
         "0x3ff"                                                                                            },
        {ELF_PHDRS + 24, 0x9f800,  8,
         "ELF: a segment (p_paddr, p_memsz) takes 0x600 bytes at "
         "0x9f800: expected all of it in the guest's RAM"                                                   },
        {ELF_PHDRS + 24, 0xfffa01, 8,
         "ELF: a segment (p_paddr, p_memsz) takes 0x600 bytes at "
         "0xfffa01: expected all of it in the guest's RAM"                                                  },
        {ELF_PHDRS + 24, ~0ull,    8,
         "ELF: a segment (p_paddr, p_memsz) takes 0x600 bytes at "
         "0xffffffffffffffff: expected all of it in the guest's RAM"                                        },
        {ELF_PHDRS + 40, ~0ull,    8,
         "ELF: a segment (p_paddr, p_memsz) takes 0xffffffffffffffff "
         "bytes at 0x100000: expected all of it in the guest's RAM"                                         },
        {ELF_PHDRS + 24, 0x8fa01,  8,
         "ELF: a segment (p_paddr, p_memsz) takes 0x600 bytes at "
         "0x8fa01: expected it clear of 0x90000 to 0x9f000, where "
         "Trivet puts what the guest starts with"                                                           },
    };
    (void)state;
    for (size_t i = 0; i < array_size(lies); i++) {
        elf64_image(image);
        put(image, lies[i].at, lies[i].value, lies[i].bytes);
        wrong(lies[i].sentence);
    }
}

static void test_no_more_zeroing_than_there_is_ram(void **state)
{
    (void)state;
    put(image, ELF_PHDRS + 40, 15 * MiB, 8);
    put(image, ELF_PHDRS + 56 + 24, 0x100000, 8);
    put(image, ELF_PHDRS + 56 + 40, 15 * MiB, 8);
    wrong("ELF: p_memsz of all segments is 0x1e00000: expected at most the RAM's 0xf9fc00");
    put(image, ELF_PHDRS, PT_NULL, 4);
    put(image, ELF_PHDRS + 56, PT_NULL, 4);
    wrong("ELF: no PT_LOAD segment: expected at least one");
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (u64 size = 20; size < ELF_TEXT + 0x410; size++)
        assert_false(load(size));
    assert_true(load(ELF_TEXT + 0x410));
    elf32_image(image);
    for (u64 size = 20; size < ELF_TEXT + 0x400; size++)
        assert_false(load(size));
    assert_true(load(ELF_TEXT + 0x400));
}

static void test_memory_that_refuses(void **state)
{
    (void)state;
    w.refuse = true;
    wrong("ELF: 0x400 bytes at 0x100000 cannot be written: no memory of the guest");
}

int main(void)
{
#define with_window(t) cmocka_unit_test_setup_teardown(t, open_16m, close_window)
    const struct CMUnitTest tests[] = {
        with_window(test_elf64),
        with_window(test_elf64_with_physical_entry),
        with_window(test_elf32),
        with_window(test_pvh),
        with_window(test_notes_that_are_no_entry),
        with_window(test_start_info),
        with_window(test_initrd_as_a_module),
        with_window(test_initrd_below_the_kernel),
        with_window(test_lies),
        with_window(test_no_more_zeroing_than_there_is_ram),
        with_window(test_every_truncation),
        with_window(test_memory_that_refuses),
    };
    return cmocka_run_group_tests_name("load_elf", tests, NULL, NULL);
}
