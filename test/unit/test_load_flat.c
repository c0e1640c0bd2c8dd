/* SPDX-License-Identifier: MIT */
/* guests/load_flat, load_start, load_e820: addresses and modes, registers, GDT, page tables, map.
 */
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
static u8 image[2048];

static bool load(struct guest_load order)
{
    return guest_load(&order, &start, &error);
}

static struct guest_load flat(u64 size)
{
    return window_order(&w, image, size);
}

static int open_16m(void **state)
{
    (void)state;
    window_open(&w, 16 * MiB);
    memset(image, 0x90, sizeof image);
    return 0;
}

static int close_window(void **state)
{
    (void)state;
    window_close(&w);
    return 0;
}

static void test_boot_sector(void **state)
{
    (void)state;
    put(image, 510, 0xaa55, 2);
    assert_true(load(flat(512)));
    assert_int_equal(start.kind, GUEST_FLAT);
    assert_int_equal(start.mode, GUEST_REAL16);
    assert_int_equal(start.rip, 0x7c00);
    assert_int_equal(start.cs.base, 0);
    assert_int_equal(start.cs.limit, 0xffff);
    assert_int_equal(start.rsp, 0x7c00);
    assert_int_equal(start.cr0, 0x10);
    assert_int_equal(start.cr3 | start.cr4 | start.efer, 0);
    assert_int_equal(start.idt_limit, 0x3ff);
    assert_memory_equal(w.memory + 0x7c00, image, 512);
    assert_true(load(flat(511))); /* too short to be one */
    assert_int_equal(start.mode, GUEST_LONG64);
}

static void test_real_mode_elsewhere(void **state)
{
    struct guest_load order = flat(100);
    (void)state;
    order.mode = GUEST_FLAT_REAL;
    order.has_load = true;
    order.load = 0x12345;
    assert_true(load(order));
    assert_int_equal(start.cs.base, 0x12340);
    assert_int_equal(start.cs.selector, 0x1234);
    assert_int_equal(start.rip, 5);
    assert_int_equal(start.rsp, 0x7c00);
    assert_memory_equal(w.memory + 0x12345, image, 100);
    order.load = 0x90000; /* Trivet's area is free in real mode */
    assert_true(load(order));
    order.load = 0x9fc00 - 99;
    assert_false(load(order));
    assert_string_equal(error.text, "flat: 100 bytes at 0x9fb9d: expected all of it in the guest's "
                                    "RAM below 640K");
    order.load = 0x100000;
    assert_false(load(order));
    assert_string_equal(error.text,
                        "flat: load = 0x100000: expected an address below 1M in real mode");
    order.load = 0x7c00;
    order.initrd = (struct guest_image){image, 1};
    assert_false(load(order));
}

static void test_long_mode(void **state)
{
    struct guest_load order = flat(sizeof image);
    (void)state;
    order.cmdline = "tiny";
    assert_true(load(order));
    assert_int_equal(start.mode, GUEST_LONG64);
    assert_int_equal(start.rip, 0x100000);
    assert_int_equal(start.rdi, GUEST_BOOT_INFO);
    assert_int_equal(start.rsp, GUEST_BOOT_STACK);
    assert_int_equal(window_get(&w, start.rdi, 4), 0x336ec578);
    assert_string_equal((char *)w.memory + window_get(&w, start.rdi + 24, 8), "tiny");
    assert_memory_equal(w.memory + 0x100000, image, sizeof image);
    order.has_load = true;
    order.load = 0x8f800;
    assert_true(load(order)); /* ends where Trivet's area begins */
    assert_int_equal(start.rip, 0x8f800);
    order.load++;
    assert_false(load(order));
    order.load = 4 * GiB;
    assert_false(load(order));
    assert_string_equal(error.text, "flat: load = 0x100000000: expected an address below 4G");
    order.load = ~0ull;
    assert_false(load(order));
}

/* SDM 3.4.5's bits, as every 64-bit kernel's own GDT has them. */
static void test_descriptors(void **state)
{
    (void)state;
    assert_true(load(flat(100)));
    assert_int_equal(start.gdt_limit, 47);
    assert_int_equal(window_get(&w, start.gdt_base, 8), 0);
    assert_int_equal(window_get(&w, start.gdt_base + start.cs.selector, 8), 0x00af9b000000ffff);
    assert_int_equal(window_get(&w, start.gdt_base + start.data.selector, 8), 0x00cf93000000ffff);
    assert_int_equal(window_get(&w, start.gdt_base + start.tr.selector, 8), 0x00008b0000000067);
    assert_int_equal(start.cr0, 0x80000011);
    assert_int_equal(start.cr4, 0x20);
    assert_int_equal(start.efer, 0x500);
}

static void test_identity_map(void **state)
{
    (void)state;
    memset(w.memory + GUEST_BOOT_TABLES, 0xff, 6 * 4096); /* a former guest's */
    assert_true(load(flat(100)));
    for (u64 at = 0; at < 4 * GiB; at += 2 * MiB)
        assert_int_equal(window_walk(&w, start.cr3, at + 0x12345), at + 0x12345);
    assert_int_equal(window_walk(&w, start.cr3, 4 * GiB), ~0ull);
    assert_int_equal(window_walk(&w, start.cr3, 0xffffffff80000000), ~0ull);
}

static void test_small_guest(void **state)
{
    struct guest_load order = flat(100);
    (void)state;
    window_close(&w);
    window_open(&w, 512 * KiB);
    order.has_load = true;
    order.load = 0x1000;
    assert_false(load(order));
    assert_string_equal(error.text, "flat: the guest has 512K of RAM: expected memory = 640K or "
                                    "more, for its page tables and boot information");
    order.mode = GUEST_FLAT_REAL;
    assert_true(load(order));
    assert_int_equal(start.rsp, 0x1000);
    assert_false(load(flat(0)));
    assert_string_equal(error.text, "flat: the file is empty: expected a kernel");
}

static void check_map(u64 memory, const u64 (*expected)[3], unsigned count)
{
    struct e820_map map;
    e820_make(&map, memory);
    assert_int_equal(map.count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(map.entry[i].base, expected[i][0]);
        assert_int_equal(map.entry[i].base + map.entry[i].size, expected[i][1]);
        assert_int_equal(map.entry[i].type, expected[i][2]);
    }
}

static void test_memory_map(void **state)
{
    (void)state;
    check_map(64 * KiB,
              (const u64[][3]){
                  {0,       0x10000,  1},
                  {0xe0000, 0x100000, 2}
    },
              2);
    check_map(1 * MiB,
              (const u64[][3]){
                  {0,       0x9fc00,  1},
                  {0x9fc00, 0xa0000,  2},
                  {0xe0000, 0x100000, 2}
    },
              3);
    check_map(128 * MiB,
              (const u64[][3]){
                  {0,        0x9fc00,   1},
                  {0x9fc00,  0xa0000,   2},
                  {0xe0000,  0x100000,  2},
                  {0x100000, 0x8000000, 1}
    },
              4);
    check_map(3 * GiB + 4096,
              (const u64[][3]){
                  {0,           0x9fc00,     1},
                  {0x9fc00,     0xa0000,     2},
                  {0xe0000,     0x100000,    2},
                  {0x100000,    0xc0000000,  1},
                  {0x100000000, 0x100001000, 1}
    },
              5);
    assert_int_equal(guest_memory_low(5 * GiB), 3 * GiB);
    assert_int_equal(guest_memory_high(5 * GiB), 2 * GiB);
    assert_int_equal(guest_memory_high(1 * GiB), 0);
}

static void test_memory_map_additions(void **state)
{
    struct e820_map map;
    (void)state;
    e820_make(&map, 6 * GiB);
    assert_true(e820_add(&map, 0xe0000000, 0x100000, MEM_RESERVED));
    assert_int_equal(map.entry[4].base, 0xe0000000);
    assert_int_equal(map.entry[5].base, 4 * GiB);
    assert_false(e820_add(&map, 0xe00fffff, 2, MEM_RESERVED));
    assert_false(e820_add(&map, 0xbfffffff, 2, MEM_RESERVED));
    assert_false(e820_add(&map, 0xd0000000, 0, MEM_RESERVED));
    assert_false(e820_add(&map, ~0ull, 2, MEM_RESERVED));
    assert_true(e820_add(&map, 0xc0000000, 1, MEM_RESERVED));
    while (map.count < E820_MAX)
        assert_true(e820_add(&map, 0xd0000000 + map.count, 1, MEM_RESERVED));
    assert_false(e820_add(&map, 0xd1000000, 1, MEM_RESERVED));
    assert_true(e820_is_ram(&map, 0x100000, 0xbff00000));
    assert_false(e820_is_ram(&map, 0x100000, 0xbff00001));
    assert_false(e820_is_ram(&map, 0xe0000, 1));
    assert_false(e820_is_ram(&map, ~0ull, ~0ull));
    assert_int_equal(e820_ram(&map), 6 * GiB - MiB + 0x9fc00);
}

int main(void)
{
#define with_window(t) cmocka_unit_test_setup_teardown(t, open_16m, close_window)
    const struct CMUnitTest tests[] = {
        with_window(test_boot_sector),     with_window(test_real_mode_elsewhere),
        with_window(test_long_mode),       with_window(test_descriptors),
        with_window(test_identity_map),    with_window(test_small_guest),
        cmocka_unit_test(test_memory_map), cmocka_unit_test(test_memory_map_additions),
    };
    return cmocka_run_group_tests_name("load_flat", tests, NULL, NULL);
}
