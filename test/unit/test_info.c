/* SPDX-License-Identifier: MIT */
/* boot/info*.c: multiboot2 tags, good ones and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/info.h"
#include "boot/memory.h"

/* A tag list under construction: the multiboot2 specification, 3.6. */
static u8 list[65536];
static u32 used;
static struct boot_info info;

static void put(const void *bytes, u32 size)
{
    assert_true(used + size <= sizeof list);
    memcpy(list + used, bytes, size);
    used += size;
}

static void put32(u32 value)
{
    put(&value, 4);
}

static void put64(u64 value)
{
    put(&value, 8);
}

static void pad(void)
{
    while (used % 8)
        put("", 1);
}

static void start(void)
{
    used = 0;
    put32(0);
    put32(0);
}

static void head(u32 type, u32 content)
{
    pad();
    put32(type);
    put32(8 + content);
}

static void tag(u32 type, const void *content, u32 size)
{
    head(type, size);
    put(content, size);
}

static void tag_ram(void)
{
    head(6, 8 + 24);
    put32(24);
    put32(0);
    put64(0x100000);
    put64(0x4000000);
    put32(1);
    put32(0);
}

static void tag_module(u32 from, u32 to, const char *string)
{
    head(3, 8 + (u32)strlen(string) + 1);
    put32(from);
    put32(to);
    put(string, (u32)strlen(string) + 1);
}

/* Parses an exact-size copy, so that the address sanitizer sees any read beyond it. */
static const char *parse_bytes(const void *bytes, u32 size)
{
    u8 *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    const char *error = boot_info_parse(copy, size, &info);
    free(copy);
    return error;
}

static const char *finish(void)
{
    head(0, 0);
    memcpy(list, &used, 4);
    return parse_bytes(list, used);
}

static void check_error(const char *error, const char *part)
{
    assert_non_null(error);
    if (!strstr(error, part))
        fail_msg("\"%s\" does not say \"%s\"", error, part);
    assert_true(strlen(error) < sizeof info.error - 1);
}

static void test_all_good(void **state)
{
    (void)state;
    u32 base = 0x200000;
    start();
    tag(1, "console=com1 maxcpus=2", 23);
    tag(2, "GRUB 2.06", 10);
    tag_module(0x300000, 0x300123, "  vmlinuz   quiet  root=/dev/sda ");
    tag_module(0x400000, 0x400000, "empty");
    tag(99, "unknown", 8);
    tag_ram();
    tag(21, &base, 4);
    assert_null(finish());

    assert_string_equal(info.cmdline, "console=com1 maxcpus=2");
    assert_string_equal(info.loader, "GRUB 2.06");
    assert_int_equal(info.module_count, 2);
    assert_int_equal(info.module[0].base.v, 0x300000);
    assert_int_equal(info.module[0].size, 0x123);
    assert_string_equal(info.module[0].name, "vmlinuz");
    assert_string_equal(info.module[0].args, "quiet  root=/dev/sda ");
    assert_int_equal(info.module[1].size, 0);
    assert_string_equal(info.module[1].name, "empty");
    assert_string_equal(info.module[1].args, "");
    assert_int_equal(info.memmap.count, 1);
    assert_false(info.efi);
    assert_int_equal(info.rsdp_size, 0);
    assert_int_equal(info.fb.kind, BOOT_FB_NONE);
    assert_string_equal(info.note, "");
}

/* What is kept of the modules hangs on nothing of the rest, and takes what it says. */
static void test_modules_outlive_it(void **state)
{
    (void)state;
    start();
    tag_ram();
    tag_module(0x300000, 0x300123, "vmlinuz quiet");
    tag_module(0x400000, 0x400000, "empty");
    assert_null(finish());
    u64 size = boot_modules_size(&info);
    struct boot_modules *modules = malloc(size);
    boot_modules_copy(&info, modules);
    memset(&info, 0xcc, sizeof info);
    assert_int_equal(modules->count, 2);
    assert_int_equal(modules->module[0].base.v, 0x300000);
    assert_int_equal(modules->module[0].size, 0x123);
    assert_string_equal(modules->module[0].name, "vmlinuz");
    assert_string_equal(modules->module[0].args, "quiet");
    assert_string_equal(modules->module[1].name, "empty");
    assert_string_equal(modules->module[1].args, "");
    assert_ptr_equal(modules->module[1].args + 1, (char *)modules + size);
    free(modules);
}

static void test_nothing_points_into_the_tags(void **state)
{
    (void)state;
    start();
    tag_ram();
    assert_null(finish());
    assert_string_equal(info.cmdline, "");
    assert_string_equal(info.loader, "");

    start();
    tag_ram();
    tag(1, "abc", 4);
    assert_null(finish());
    assert_true(info.cmdline >= info.text && info.cmdline < info.text + sizeof info.text);
}

static void test_memory_types(void **state)
{
    (void)state;
    static const enum mem_type expected[] = {MEM_RESERVED, MEM_RAM, MEM_RESERVED, MEM_ACPI,
                                             MEM_NVS,      MEM_BAD, MEM_RESERVED, MEM_RESERVED};
    start();
    head(6, 8 + 8 * 32); /* entries may be larger than what is known of them */
    put32(32);
    put32(0);
    for (u32 type = 0; type < 8; type++) {
        put64(0x10000ull * type);
        put64(type ? 0x1000 : ~0ull);
        put32(type);
        put32(0);
        put64(0x5555);
    }
    assert_null(finish());
    assert_int_equal(info.memmap.count, 8);
    for (u32 type = 0; type < 8; type++) {
        assert_int_equal(info.memmap.range[type].base, 0x10000ull * type);
        assert_int_equal(info.memmap.range[type].type, expected[type]);
    }
    assert_int_equal(info.memmap.range[0].size, ~0ull);
}

static void put_efi(u32 type, u64 base, u64 pages)
{
    put32(type);
    put32(0);
    put64(base);
    put64(0);
    put64(pages);
    put64(0xf);
    put64(0); /* firmware's descriptors are usually 48 bytes, 8 more than named */
}

static void tag_efi_map(void)
{
    /* UEFI 2.x table 7.10: what is free after ExitBootServices is 1 to 4 and 7. */
    head(17, 8 + 16 * 48);
    put32(48);
    put32(1);
    for (u32 type = 0; type < 15; type++)
        put_efi(type, 0x100000ull * type, type + 1);
    put_efi(0x80000000, 0xf0000000, ~0ull);
}

static void test_efi_map(void **state)
{
    (void)state;
    static const enum mem_type expected[16] = {
        MEM_RESERVED, MEM_RAM,      MEM_RAM,      MEM_RAM,     MEM_RAM, MEM_RESERVED,
        MEM_RESERVED, MEM_RAM,      MEM_BAD,      MEM_ACPI,    MEM_NVS, MEM_RESERVED,
        MEM_RESERVED, MEM_RESERVED, MEM_RESERVED, MEM_RESERVED};
    start();
    tag_efi_map();
    assert_null(finish());
    assert_true(info.efi);
    assert_int_equal(info.memmap.count, 16);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(info.memmap.range[i].type, expected[i]);
    assert_int_equal(info.memmap.range[2].size, 3 * 4096);
    assert_true(info.memmap.range[15].size >= ~0ull - 4096);

    start();
    tag_efi_map();
    tag_ram();
    assert_null(finish());
    assert_int_equal(info.memmap.count, 1);
}

static void test_basic_memory_is_the_last_resort(void **state)
{
    (void)state;
    u32 basic[2] = {639, 64512}, wild[2] = {~0u, ~0u};
    start();
    tag(4, basic, 8);
    assert_null(finish());
    assert_int_equal(info.memmap.count, 2);
    assert_int_equal(info.memmap.range[0].size, 639 * 1024);
    assert_int_equal(info.memmap.range[1].base, 0x100000);
    assert_int_equal(info.memmap.range[1].size, 64512ull * 1024);

    start();
    tag(4, basic, 8);
    tag_ram();
    assert_null(finish());
    assert_int_equal(info.memmap.count, 1);

    start();
    tag(4, wild, 8);
    assert_null(finish());
    assert_int_equal(info.memmap.range[0].size, 640 * 1024);
    assert_int_equal(info.memmap.range[1].size, 0xffffffffull * 1024);

    start();
    check_error(finish(), "no memory");
}

static void test_rsdp(void **state)
{
    (void)state;
    u8 rsdp[36];
    for (u8 i = 0; i < 36; i++)
        rsdp[i] = i;
    for (int new_first = 0; new_first < 2; new_first++) {
        start();
        tag_ram();
        tag(new_first ? 15 : 14, rsdp, new_first ? 36 : 20);
        tag(new_first ? 14 : 15, rsdp, new_first ? 20 : 36);
        assert_null(finish());
        assert_int_equal(info.rsdp_size, 36);
        assert_memory_equal(info.rsdp, rsdp, 36);
    }
    start();
    tag_ram();
    tag(14, rsdp, 20);
    assert_null(finish());
    assert_int_equal(info.rsdp_size, 20);

    start();
    tag(14, rsdp, 19);
    check_error(finish(), "ACPI 1.0 RSDP tag is 27 bytes");
    start();
    tag(15, rsdp, 35);
    check_error(finish(), "ACPI 2.0 RSDP tag is 43 bytes");
}

/* 3.6.12: u64 address, u32 pitch, width, height, u8 depth, type, u16 reserved, then the colours. */
static void tag_fb(u32 pitch, u32 width, u32 height, u8 depth, u8 type)
{
    const u8 rest[10] = {depth, type, 0, 0, 16, 8, 8, 8, 0, 8};
    head(8, 20 + 10);
    put64(0xe0000000);
    put32(pitch);
    put32(width);
    put32(height);
    put(rest, 10);
}

static void check_fb(u32 pitch, u32 width, u32 height, u8 depth, u8 type, enum boot_fb_kind kind)
{
    start();
    tag_ram();
    tag_fb(pitch, width, height, depth, type);
    assert_null(finish());
    assert_int_equal(info.fb.kind, kind);
    assert_int_equal(strlen(info.note) == 0, kind != BOOT_FB_NONE);
    assert_true(strlen(info.note) < sizeof info.note - 1);
}

static void test_framebuffer(void **state)
{
    (void)state;
    check_fb(4096, 1024, 768, 32, 1, BOOT_FB_RGB);
    assert_int_equal(info.fb.base.v, 0xe0000000);
    assert_int_equal(info.fb.pitch, 4096);
    assert_int_equal(info.fb.width, 1024);
    assert_int_equal(info.fb.height, 768);
    assert_int_equal(info.fb.depth, 32);
    assert_int_equal(info.fb.red_at, 16);
    assert_int_equal(info.fb.green_at, 8);
    assert_int_equal(info.fb.green_bits, 8);
    assert_int_equal(info.fb.blue_at, 0);
    check_fb(160, 80, 25, 16, 2, BOOT_FB_TEXT);
    check_fb(3072, 1024, 768, 24, 1, BOOT_FB_RGB);

    check_fb(3071, 1024, 768, 24, 1, BOOT_FB_NONE);
    check_fb(1024, 1024, 768, 8, 0, BOOT_FB_NONE);
    check_fb(4096, 1024, 768, 32, 7, BOOT_FB_NONE);
    check_fb(4096, 1024, 768, 12, 1, BOOT_FB_NONE);
    check_fb(4096, 1024, 768, 16, 1, BOOT_FB_NONE); /* red is at bit 16 */
    check_fb(4096, 0, 768, 32, 1, BOOT_FB_NONE);
    check_fb(4096, 1024, 0, 32, 1, BOOT_FB_NONE);
    check_fb(159, 80, 25, 16, 2, BOOT_FB_NONE);
    check_fb(~0u, ~0u, ~0u, 32, 1, BOOT_FB_NONE);
    check_fb(4096, 0x40000001, 768, 32, 1, BOOT_FB_NONE); /* times 4 is 4 in 32 bits */

    start();
    tag_ram();
    tag_fb(4096, 1024, 768, 32, 1);
    const u64 top = (1ull << 52) - 4096; /* its first line alone fits below 2^52 */
    memcpy(list + used - 30, &top, 8);
    assert_null(finish());
    assert_int_equal(info.fb.kind, BOOT_FB_NONE);

    u8 few[29] = {[21] = 1};
    start();
    tag(8, few, 29);
    check_error(finish(), "before its colours");
    start();
    tag(8, few, 22);
    check_error(finish(), "framebuffer tag is 30 bytes");
}

static void test_bad_sizes(void **state)
{
    (void)state;
    u32 small[2] = {16, 0}, tiny[2] = {7, 0};
    check_error(parse_bytes(list, 0), "less than its header");
    check_error(parse_bytes(list, 7), "less than its header");
    check_error(parse_bytes(small, 8), "says it is 16 bytes long; 8 to 8");
    check_error(parse_bytes(tiny, 8), "says it is 7 bytes");

    start();
    put32(1);
    put32(7);
    check_error(finish(), "tag type 1 at byte 8 of the boot information says it is 7 bytes");
    start();
    put32(77);
    put32(0);
    check_error(finish(), "says it is 0 bytes");
    start();
    put32(77);
    put32(~0u);
    check_error(finish(), "says it is 4294967295 bytes");
    start();
    put32(77);
    put32(17); /* one byte over the end, its own header and the closing tag's counted */
    check_error(finish(), "17 bytes long; 8 to 16 can be");
}

/* Cut anywhere, a list is refused: only the closing tag says that nothing is missing. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    start();
    tag_ram();
    tag(1, "words", 6);
    tag_module(0x1000, 0x2000, "name args");
    tag_efi_map();
    assert_null(finish());
    for (u32 cut = 0; cut < used; cut++) {
        memcpy(list, &cut, 4);
        assert_non_null(parse_bytes(list, cut));
        memcpy(list, &used, 4);
        assert_non_null(parse_bytes(list, cut));
    }
    u32 cut = used - 8;
    memcpy(list, &cut, 4);
    check_error(parse_bytes(list, cut), "no closing tag");
}

static void test_bad_strings(void **state)
{
    (void)state;
    start();
    tag_ram();
    tag(1, "abcd", 4); /* the 0 is left out; the padding does not count */
    check_error(finish(), "command line tag's string has no end");
    start();
    tag(2, "abcd", 4);
    check_error(finish(), "boot loader name tag's string has no end");
    start();
    head(3, 12);
    put64(0);
    put("abcd", 4);
    check_error(finish(), "string of module 1 has no end");
    start();
    tag_module(0x2000, 0x1fff, "x");
    check_error(finish(), "module 1 says it ends at 0x1fff");
    start();
    head(3, 8);
    put64(0);
    check_error(finish(), "module tag is 16 bytes");
}

static void test_bad_maps(void **state)
{
    (void)state;
    for (u32 size = 0; size < 24; size++) {
        start();
        head(6, 8 + 24);
        put32(size);
        for (int i = 0; i < 7; i++)
            put32(0);
        check_error(finish(), "memory map tag's entries are");
    }
    start();
    head(6, 8 + 23);
    put32(24);
    put("                           ", 27);
    check_error(finish(), "end inside an entry");
    start();
    head(17, 8 + 40);
    put32(39);
    for (int i = 0; i < 11; i++)
        put32(0);
    check_error(finish(), "descriptors are 39 bytes");
    start();
    head(17, 8 + 41);
    put32(40);
    for (int i = 0; i < 12; i++)
        put32(0);
    check_error(finish(), "end inside a descriptor");
    start();
    tag_ram();
    head(18, 0);
    check_error(finish(), "ExitBootServices");
}

static void test_too_many(void **state)
{
    (void)state;
    static char text[BOOT_TEXT_MAX];
    start();
    tag_ram();
    for (int i = 0; i < BOOT_MODULES_MAX; i++)
        tag_module(0x1000, 0x2000, "m");
    assert_null(finish());
    used -= 8;
    tag_module(0x1000, 0x2000, "m");
    check_error(finish(), "more modules than Trivet's limit, 64");

    memset(text, 'x', sizeof text - 1);
    start();
    tag_ram();
    tag(1, text, sizeof text);
    assert_null(finish());
    assert_int_equal(strlen(info.cmdline), BOOT_TEXT_MAX - 1);
    used -= 8;
    tag(2, "", 1);
    check_error(finish(), "strings together are longer than Trivet's limit, 12288");

    start();
    head(6, 8 + 24 * (MEMMAP_MAX + 1));
    put32(24);
    put32(0);
    for (u32 i = 0; i <= MEMMAP_MAX; i++) {
        put64(i * 0x10000);
        put64(0x1000);
        put64(1 + i % 2);
    }
    check_error(finish(), "more ranges than Trivet's limit, 256");
}

/* What may be touched by the boot tables: 4 GiB, to its last byte and no further. */
static void test_boot_reach(void **state)
{
    (void)state;
    assert_true(boot_reaches(hpa(0xb8000), 8192));
    assert_true(boot_reaches(hpa(0xfffff000), 4096));
    assert_false(boot_reaches(hpa(0xfffff000), 4097));
    assert_false(boot_reaches(hpa(4 * GiB), 1));
    assert_false(boot_reaches(hpa(0x4000000000), 0x300000));
    assert_false(boot_reaches(hpa(0xc0000000), ~0ull));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_good),
        cmocka_unit_test(test_modules_outlive_it),
        cmocka_unit_test(test_boot_reach),
        cmocka_unit_test(test_nothing_points_into_the_tags),
        cmocka_unit_test(test_memory_types),
        cmocka_unit_test(test_efi_map),
        cmocka_unit_test(test_basic_memory_is_the_last_resort),
        cmocka_unit_test(test_rsdp),
        cmocka_unit_test(test_framebuffer),
        cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_bad_strings),
        cmocka_unit_test(test_bad_maps),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
