/* SPDX-License-Identifier: MIT */
/* guests/load_multiboot: both forms of the header, the information structure, every lie named. */
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
static u8 image[MB_BYTES];

static bool load(u64 size)
{
    u8 *exact = malloc(size);
    struct guest_load order = window_order(&w, exact, size);
    bool good;
    memcpy(exact, image, size);
    order.cmdline = "a b";
    good = guest_load(&order, &start, &error);
    free(exact);
    return good;
}

static int open_16m(void **state)
{
    (void)state;
    window_open(&w, 16 * MiB);
    multiboot_image(image);
    return 0;
}

static int close_window(void **state)
{
    (void)state;
    window_close(&w);
    return 0;
}

static void test_by_addresses(void **state)
{
    (void)state;
    memset(w.memory + 0x1ff000, 0xee, 0x6000);
    assert_true(load(sizeof image));
    assert_int_equal(start.kind, GUEST_MULTIBOOT);
    assert_int_equal(start.mode, GUEST_PROT32);
    assert_int_equal(start.rip, 0x200040);
    assert_int_equal(start.rax, 0x2badb002);
    assert_int_equal(start.cr0, 0x11);
    assert_memory_equal(w.memory + 0x200000, image + 0x10, 0x1000);
    assert_int_equal(w.memory[0x1fffff], 0xee);
    assert_int_equal(w.memory[0x201000], 0);
    assert_int_equal(w.memory[0x202fff], 0);
    assert_int_equal(w.memory[0x203000], 0xee);
}

static void test_without_ends(void **state)
{
    (void)state;
    put(image, MB_HEADER + 20, 0, 8); /* load_end_addr and bss_end_addr: the whole file, no bss */
    memset(w.memory + 0x200000, 0xee, 0x3000);
    assert_true(load(sizeof image));
    assert_memory_equal(w.memory + 0x200000, image + 0x10, MB_BYTES - 0x10);
    assert_int_equal(w.memory[0x200000 + MB_BYTES - 0x10], 0xee);
}

/* The text of an ELF file holds the header, with bit 16 clear. */
static void test_elf_form(void **state)
{
    (void)state;
    for (int bits = 32; bits <= 64; bits += 32) {
        memset(image, 0, sizeof image);
        if (bits == 64)
            elf64_image(image);
        else
            elf32_image(image);
        put(image, ELF_TEXT, 0x1badb002, 4);
        put(image, ELF_TEXT + 4, 3, 4);
        put(image, ELF_TEXT + 8, 0u - 0x1badb002u - 3u, 4);
        assert_true(load(ELF_BYTES));
        assert_int_equal(start.kind, GUEST_MULTIBOOT);
        assert_int_equal(start.mode, GUEST_PROT32);
        assert_int_equal(start.rip, 0x100010);
        assert_int_equal(start.rax, 0x2badb002);
        assert_int_equal(window_get(&w, 0x100000, 4), 0x1badb002);
    }
}

/* Offsets from the specification's section 3.3. */
static void test_information(void **state)
{
    u64 i, mmap;
    (void)state;
    assert_true(load(sizeof image));
    i = start.rbx;
    assert_int_equal(window_get(&w, i, 4), 0x24d); /* memory, cmdline, modules, mmap, loader */
    assert_int_equal(window_get(&w, i + 4, 4), 639);
    assert_int_equal(window_get(&w, i + 8, 4), 15 * 1024);
    assert_string_equal((char *)w.memory + window_get(&w, i + 16, 4), "a b");
    assert_int_equal(window_get(&w, i + 20, 4), 0);
    assert_string_equal((char *)w.memory + window_get(&w, i + 64, 4), "Trivet");
    assert_int_equal(window_get(&w, i + 44, 4), 4 * 24);
    mmap = window_get(&w, i + 48, 4);
    assert_int_equal(window_get(&w, mmap, 4), 20);
    assert_int_equal(window_get(&w, mmap + 4, 8), 0);
    assert_int_equal(window_get(&w, mmap + 12, 8), 0x9fc00);
    assert_int_equal(window_get(&w, mmap + 20, 4), 1);
    assert_int_equal(window_get(&w, mmap + 24 + 4, 8), 0x9fc00);
    assert_int_equal(window_get(&w, mmap + 24 + 20, 4), 2);
    assert_int_equal(window_get(&w, mmap + 3 * 24 + 4, 8), 0x100000);
    assert_int_equal(window_get(&w, mmap + 3 * 24 + 12, 8), 15 * MiB);
}

static void test_module(void **state)
{
    struct guest_load order = window_order(&w, image, sizeof image);
    u64 mods;
    (void)state;
    order.initrd = (struct guest_image){(const u8 *)"hello", 5};
    order.initrd_string = "mod x=y";
    assert_true(guest_load(&order, &start, &error));
    assert_int_equal(window_get(&w, start.rbx + 20, 4), 1);
    mods = window_get(&w, start.rbx + 24, 4);
    assert_int_equal(window_get(&w, mods, 4), 0xfff000);
    assert_int_equal(window_get(&w, mods + 4, 4), 0xfff005);
    assert_string_equal((char *)w.memory + window_get(&w, mods + 8, 4), "mod x=y");
    assert_memory_equal(w.memory + 0xfff000, "hello", 5);
}

static void test_header_search(void **state)
{
    static u8 far[8192 + 64];
    struct guest_image file = {far, sizeof far};
    (void)state;
    for (u64 at = 8192 - 12; at <= 8192 - 8; at += 4) {
        memset(far, 0, sizeof far);
        memcpy(far + at, image + MB_HEADER, 12);
        assert_int_equal(guest_kind_of(file), at == 8192 - 12 ? GUEST_MULTIBOOT : GUEST_FLAT);
    }
    memset(far, 0, sizeof far);
    memcpy(far + 6, image + MB_HEADER, 12); /* not aligned */
    assert_int_equal(guest_kind_of(file), GUEST_FLAT);
    memset(far, 0, sizeof far);
    memcpy(far, image + MB_HEADER, 12);
    far[8]++; /* a wrong checksum */
    assert_int_equal(guest_kind_of(file), GUEST_FLAT);
}

static void test_flags(void **state)
{
    static const struct {
        u32 flags;
        const char *sentence;
    } lies[] = {
        {0x10004, "multiboot: flags = 0x10004: expected bit 2 (a video mode) clear, for there is "
                  "no screen"                                             },
        {0x18000, "multiboot: flags = 0x18000: expected none of bits 3 to 15, which ask for the "
                  "unknown"                                               },
        {0x3,     "multiboot: flags = 0x3: expected bit 16 (load addresses) or an ELF file"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(lies); i++) {
        put(image, MB_HEADER + 4, lies[i].flags, 4);
        put(image, MB_HEADER + 8, 0u - 0x1badb002u - lies[i].flags, 4);
        assert_false(load(sizeof image));
        assert_string_equal(error.text, lies[i].sentence);
    }
}

static void test_lies(void **state)
{
    static const struct {
        u64 at, value;
        const char *sentence;
    } lies[] = {
        {16, 0x200011,
         "multiboot: load_addr = 0x200011, header_addr = 0x200010: expected the "
         "header 0 to 0x20 bytes behind load_addr"        },
        {16, 0x1fffef,
         "multiboot: load_addr = 0x1fffef, header_addr = 0x200010: expected the "
         "header 0 to 0x20 bytes behind load_addr"        },
        {20, 0x2017f1,
         "multiboot: load_end_addr = 0x2017f1: expected 0x200000 to 0x2017f0, the "
         "file's end"                                     },
        {20, 0x1fffff,
         "multiboot: load_end_addr = 0x1fffff: expected 0x200000 to 0x2017f0, the "
         "file's end"                                     },
        {24, 0x200fff,
         "multiboot: bss_end_addr = 0x200fff: expected at least 0x201000, the end of "
         "the data"                                       },
        {24, 0x1000001,
         "multiboot: the kernel (load_addr to bss_end_addr) takes 0xe00001 bytes at "
         "0x200000: expected all of it in the guest's RAM"},
        {28, 0x1fffff,
         "multiboot: entry_addr = 0x1fffff: expected 0x200000 to 0x203000, within "
         "the kernel"                                     },
        {28, 0x203000,
         "multiboot: entry_addr = 0x203000: expected 0x200000 to 0x203000, within "
         "the kernel"                                     },
    };
    (void)state;
    for (size_t i = 0; i < array_size(lies); i++) {
        multiboot_image(image);
        put(image, MB_HEADER + lies[i].at, lies[i].value, 4);
        assert_false(load(sizeof image));
        assert_string_equal(error.text, lies[i].sentence);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (u64 size = MB_HEADER + 12; size < 0x1010; size++)
        assert_false(load(size));
    assert_true(load(0x1010));
}

static void test_long_strings(void **state)
{
    struct guest_load order = window_order(&w, image, sizeof image);
    static char text[5000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    order.cmdline = text + sizeof text - 1 - 4096;
    assert_false(guest_load(&order, &start, &error));
    assert_string_equal(error.text, "multiboot: the command line has 4096 characters: expected at "
                                    "most 4095");
    order.cmdline++;
    assert_true(guest_load(&order, &start, &error));
    order.initrd = (struct guest_image){image, 1};
    order.initrd_string = text + sizeof text - 1 - 2048;
    assert_false(guest_load(&order, &start, &error));
    order.initrd_string++;
    assert_true(guest_load(&order, &start, &error));
}

int main(void)
{
#define with_window(t) cmocka_unit_test_setup_teardown(t, open_16m, close_window)
    const struct CMUnitTest tests[] = {
        with_window(test_by_addresses),
        with_window(test_without_ends),
        with_window(test_elf_form),
        with_window(test_information),
        with_window(test_module),
        with_window(test_header_search),
        with_window(test_flags),
        with_window(test_lies),
        with_window(test_every_truncation),
        with_window(test_long_strings),
    };
    return cmocka_run_group_tests_name("load_multiboot", tests, NULL, NULL);
}
