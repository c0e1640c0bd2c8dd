/* SPDX-License-Identifier: MIT */
/* mm/memmap: maps as firmware should not write them, against a page-by-page model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/bits.h"
#include "mm/memmap.h"

static struct memmap map;

static void start(void)
{
    memset(&map, 0, sizeof map);
}

static void add(u64 base, u64 size, enum mem_type type)
{
    assert_true(memmap_add(&map, base, size, type));
}

static void check_range(unsigned i, u64 base, u64 size, enum mem_type type)
{
    assert_true(i < map.count);
    assert_int_equal(map.range[i].base, base);
    assert_int_equal(map.range[i].size, size);
    assert_int_equal(map.range[i].type, type);
}

static void check_well_formed(void)
{
    u64 end = 0;
    for (unsigned i = 0; i < map.count; i++) {
        const struct mem_range *r = &map.range[i];
        assert_true(r->size && is_aligned(r->base | r->size, 4096));
        assert_true(r->base >= end && r->base + r->size > r->base);
        if (i && r->base == end)
            assert_int_not_equal(r->type, map.range[i - 1].type);
        end = r->base + r->size;
    }
}

static void test_a_pc_keeps_its_shape(void **state)
{
    (void)state;
    start();
    add(0x100000, 0x1fee0000, MEM_RAM);
    add(0, 0x9fc00, MEM_RAM);
    add(0x9fc00, 0x400, MEM_RESERVED);
    add(0xf0000, 0x10000, MEM_RESERVED);
    add(0x1ffe0000, 0x20000, MEM_ACPI);
    add(0x200000, 0x12345, MEM_TAKEN);
    assert_true(memmap_normalize(&map));
    assert_int_equal(map.count, 7);
    check_range(0, 0, 0x9f000, MEM_RAM);
    check_range(1, 0x9f000, 0x1000, MEM_RESERVED);
    check_range(2, 0xf0000, 0x10000, MEM_RESERVED);
    check_range(3, 0x100000, 0x100000, MEM_RAM);
    check_range(4, 0x200000, 0x13000, MEM_TAKEN);
    check_range(5, 0x213000, 0x1fdcd000, MEM_RAM);
    check_range(6, 0x1ffe0000, 0x20000, MEM_ACPI);
    assert_int_equal(memmap_ram(&map), 0x9f000 + 0x100000 + 0x1fdcd000);
}

static void test_wrapping_and_empty(void **state)
{
    (void)state;
    start();
    add(~0ull - 0x1fff, ~0ull, MEM_RAM);
    add(0x5000, 0, MEM_BAD);
    add(0x5800, 0x100, MEM_RAM);
    add(0x7fff, 2, MEM_NVS);
    add(~0ull, 1, MEM_RESERVED);
    assert_true(memmap_normalize(&map));
    assert_int_equal(map.count, 2);
    check_range(0, 0x7000, 0x2000, MEM_NVS);
    check_range(1, 0xffffffffffffe000, 0x1000, MEM_RAM);
}

static void test_all_of_it_and_unknown_types(void **state)
{
    (void)state;
    start();
    add(0, ~0ull, MEM_RAM);
    add(0x3000, 0x1000, (enum mem_type)7);
    add(0x4000, 0x1000, (enum mem_type)0xffffffff);
    assert_true(memmap_normalize(&map));
    assert_int_equal(map.count, 3);
    check_range(1, 0x3000, 0x2000, MEM_RESERVED);
    assert_string_equal(mem_type_name((enum mem_type)7), "unknown");
    assert_string_equal(mem_type_name(MEM_RAM), "RAM");
}

static void test_full(void **state)
{
    (void)state;
    start();
    for (u64 i = 0; i < MEMMAP_MAX - 1; i++)
        add(i * 0x2000, 0x1000, MEM_RAM);
    add(0, MEMMAP_MAX * 0x2000, MEM_RAM);
    assert_false(memmap_add(&map, 0, 1, MEM_RAM));
    assert_true(memmap_normalize(&map)); /* all of one type: joined to one */
    assert_int_equal(map.count, 1);
    start();
    for (u64 i = 0; i < MEMMAP_MAX - 1; i++)
        add(i * 0x2000, 0x1000, MEM_BAD);
    add(0, MEMMAP_MAX * 0x2000, MEM_RAM);
    assert_false(memmap_normalize(&map)); /* twice as many as there is room for */
}

#define PAGES 64

/* The model: each byte-range paints its pages; the strongest paint stays. RAM paints whole pages.
 */
static void paint(u8 *page, u64 base, u64 size, u8 strength, bool whole)
{
    for (u64 p = 0; p < PAGES; p++) {
        u64 low = p * 4096, high = low + 4096;
        bool hit = whole ? base <= low && base + size >= high : base < high && base + size > low;
        if (hit && size && strength > page[p])
            page[p] = strength;
    }
}

static void test_random_against_paint(void **state)
{
    (void)state;
    static const enum mem_type by_strength[] = {0,       MEM_RAM,  MEM_ACPI, MEM_NVS, MEM_RESERVED,
                                                MEM_BAD, MEM_TAKEN};
    srand(1);
    for (int round = 0; round < 3000; round++) {
        u8 page[PAGES] = {0};
        start();
        for (int n = rand() % 14; n >= 0; n--) {
            u64 base = (u64)rand() % (PAGES * 4096), size = (u64)rand() % (PAGES * 2048);
            u8 strength = (u8)(rand() % 6 + 1);
            if (rand() % 2) {
                base &= ~0xfffull;
                size &= ~0xfffull;
            }
            add(base, size, by_strength[strength]);
            paint(page, base, size, strength, strength == 1);
        }
        assert_true(memmap_normalize(&map));
        check_well_formed();
        u8 got[PAGES] = {0};
        for (unsigned i = 0; i < map.count; i++)
            for (u64 p = map.range[i].base / 4096;
                 p < PAGES && p < (map.range[i].base + map.range[i].size) / 4096; p++)
                for (u8 s = 1; s <= 6; s++)
                    if (by_strength[s] == map.range[i].type)
                        got[p] = s;
        assert_memory_equal(got, page, PAGES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pc_keeps_its_shape),
        cmocka_unit_test(test_wrapping_and_empty),
        cmocka_unit_test(test_all_of_it_and_unknown_types),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_random_against_paint),
    };
    return cmocka_run_group_tests_name("memmap", tests, NULL, NULL);
}
