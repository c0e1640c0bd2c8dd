/* SPDX-License-Identifier: MIT */
/* mm/hostmap: the map of an invented PC with an invented image, page by page. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "lib/bits.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

/* Sixteen pages of image: boot's constants, variables and text, each one page; two of text, three
 * of rodata, a gap, data up to the end. */
#define IMAGE_SIZE 0x10000
#define IMAGE_AT   0x234000
#define BOOT_SIZE  0x3000

extern char image_start[], image_text_start[], image_rodata_start[], image_data_start[];
char image_block[IMAGE_SIZE] aligned(4096);
__asm__(".globl image_start, image_text_start, image_text_end, image_rodata_start\n"
        ".globl image_rodata_end, image_data_start, image_data_end\n"
        ".globl image_boot_rodata_start, image_boot_rodata_end, image_boot_bss_start\n"
        ".globl image_boot_bss_end, image_boot_text_start, image_boot_text_end\n"
        ".set image_start, image_block\n"
        ".set image_boot_rodata_start, image_block\n"
        ".set image_boot_rodata_end, image_block + 0x1000\n"
        ".set image_boot_bss_start, image_block + 0x1000\n"
        ".set image_boot_bss_end, image_block + 0x2000\n"
        ".set image_boot_text_start, image_block + 0x2000\n"
        ".set image_boot_text_end, image_block + 0x3000\n"
        ".set image_text_start, image_block + 0x3000\n"
        ".set image_text_end, image_block + 0x5000\n"
        ".set image_rodata_start, image_block + 0x5000\n"
        ".set image_rodata_end, image_block + 0x8000\n"
        ".set image_data_start, image_block + 0x9000\n"
        ".set image_data_end, image_block + 0x10000\n");

static unsigned complaints;

/* Stands in for lib/log.c. */
void log_print(enum log_level level, const char *format, ...)
{
    (void)format;
    complaints += level == LOG_ERROR;
}

#define ARENA (64 * MiB)
#define LIMIT (1ull << 40)

static u8 *arena;
static struct memmap map;
static unsigned flushes;

static void count_flush(const struct ptab_flush *flush)
{
    assert_true(flush->needed && flush->from <= flush->last);
    flushes++;
}

static void add(u64 base, u64 size, enum mem_type type)
{
    assert_true(memmap_add(&map, base, size, type));
}

/* Physical memory is the arena as far as anybody writes to it; the rest is only mapped. */
static void lay_memory(void)
{
    direct_base = (u64)(uintptr_t)arena;
    memset(&map, 0, sizeof map);
    add(0, 0x9fc00, MEM_RAM);
    add(0xe0000, 0x20000, MEM_RESERVED);
    add(MiB, ARENA - MiB, MEM_RAM);
    add(IMAGE_AT, IMAGE_SIZE, MEM_TAKEN);
    add(40 * MiB + 0x3000, 0x1000, MEM_TAKEN); /* a module, amid RAM */
    add(ARENA, 0x20000, MEM_ACPI);
    add(ARENA + 0x20000, 0x10000, MEM_NVS);
    add(0xfeffc000, 0x4000, MEM_RESERVED);
    add(5 * GiB, 2 * GiB + PAGE_2M + PAGE_4K, MEM_RAM);
    assert_true(memmap_normalize(&map));
    assert_null(frame_init(&map, 4 * GiB));
}

static const char *build(u64 page_max)
{
    complaints = flushes = 0;
    return hostmap_init(&map, hpa(IMAGE_AT), page_max, LIMIT, count_flush);
}

static void start(void)
{
    lay_memory();
    assert_null(build(PAGE_1G));
}

static struct ptab live(void)
{
    return (struct ptab){.format = &ptab_x86,
                         .frames = &ptab_frames,
                         .root = hostmap_root(),
                         .page_max = PAGE_1G,
                         .pa_limit = LIMIT};
}

static u64 direct(u64 at)
{
    return (u64)(uintptr_t)arena + at;
}

#define NOTED (PT_ACCESSED | PT_DIRTY)

/* The page at `va` leads to `pa` with these flags (without what hardware notes); 0: nothing there.
 */
static void check_page(u64 va, u64 pa, u32 flags)
{
    struct ptab pt = live();
    struct ptab_leaf leaf;
    bool mapped = ptab_lookup(&pt, va, &leaf);
    assert_int_equal(mapped, flags != 0);
    if (mapped) {
        assert_int_equal(leaf.pa.v + (va - leaf.va), pa);
        assert_int_equal(leaf.flags & ~(u32)NOTED, flags);
    }
}

static u32 expected_direct(u64 at)
{
    if (at < PAGE_4K)
        return 0;
    if (at >= IMAGE_AT && at < IMAGE_AT + 0x8000)
        return at == IMAGE_AT + 0x1000 ? PT_R | PT_W : PT_R;
    for (unsigned i = 0; i < map.count; i++)
        if (at >= map.range[i].base && at - map.range[i].base < map.range[i].size)
            return map.range[i].type == MEM_RESERVED ? 0 : PT_R | PT_W;
    return 0;
}

static void test_direct_map(void **state)
{
    (void)state;
    start();
    for (u64 at = 0; at < ARENA + MiB; at += PAGE_4K)
        check_page(direct(at), at, expected_direct(at));
    for (u64 at = 3 * GiB; at < 8 * GiB; at += 511 * PAGE_4K)
        check_page(direct(at), at, expected_direct(at));
    check_page(direct(7 * GiB + PAGE_2M), 7 * GiB + PAGE_2M, PT_R | PT_W);
    check_page(direct(7 * GiB + PAGE_2M + PAGE_4K), 0, 0);
    assert_null(hostmap_check());
    assert_int_equal(flushes, 0);
}

static u64 page_size(u64 va)
{
    struct ptab pt = live();
    struct ptab_leaf leaf;
    assert_true(ptab_lookup(&pt, va, &leaf));
    return leaf.size;
}

static void test_large_pages(void **state)
{
    (void)state;
    start();
    assert_int_equal(page_size(direct(5 * GiB)), PAGE_1G);
    assert_int_equal(page_size(direct(6 * GiB)), PAGE_1G);
    assert_int_equal(page_size(direct(7 * GiB)), PAGE_2M);
    assert_int_equal(page_size(direct(32 * MiB)), PAGE_2M);
    assert_int_equal(page_size(direct(40 * MiB)), PAGE_2M);
    assert_int_equal(page_size(direct(PAGE_2M)), PAGE_4K); /* holds text */
    start();
    assert_null(build(PAGE_2M));
    assert_int_equal(page_size(direct(5 * GiB)), PAGE_2M);
}

static void test_image(void **state)
{
    (void)state;
    start();
    u64 va = (u64)(uintptr_t)image_block;
    for (u64 at = 0; at < IMAGE_SIZE; at += PAGE_4K)
        check_page(va + at, IMAGE_AT + at,
                   at < 0x1000   ? PT_R
                   : at < 0x2000 ? PT_R | PT_W
                   : at < 0x5000 ? PT_R | PT_X
                   : at < 0x8000 ? PT_R
                   : at < 0x9000 ? 0
                                 : PT_R | PT_W);
    check_page(va - PAGE_4K, 0, 0);
    check_page(va + IMAGE_SIZE, 0, 0);
}

static void test_devices(void **state)
{
    (void)state;
    start();
    assert_ptr_equal(hostmap_device(hpa(0xfee00030), 4, PT_UC), direct(0xfee00030));
    check_page(direct(0xfee00000), 0xfee00000, PT_R | PT_W | PT_UC);
    check_page(direct(0xfee01000), 0, 0);
    u64 tables = frame_stats().free;
    assert_ptr_equal(hostmap_device(hpa(0xfee00000), PAGE_4K, PT_UC), direct(0xfee00000));
    assert_int_equal(frame_stats().free, tables);
    assert_ptr_equal(hostmap_device(hpa(0xfedffff8), 0x2000, PT_UC), direct(0xfedffff8));
    check_page(direct(0xfedff000), 0xfedff000, PT_R | PT_W | PT_UC);
    check_page(direct(0xfee01000), 0xfee01000, PT_R | PT_W | PT_UC);
    assert_ptr_equal(hostmap_device(hpa(0xe0000000), 16 * MiB, PT_WC), direct(0xe0000000));
    check_page(direct(0xe0fff000), 0xe0fff000, PT_R | PT_W | PT_WC);
    assert_int_equal(page_size(direct(0xe0000000)), PAGE_2M);
    assert_ptr_equal(hostmap_device(hpa(0xa0000), 0x20000, PT_UC), direct(0xa0000));
    assert_ptr_equal(hostmap_device(hpa(LIMIT - PAGE_4K), PAGE_4K, PT_UC), direct(LIMIT - PAGE_4K));
    assert_int_equal(complaints, 0);
    assert_null(hostmap_check());
}

static void test_devices_refused(void **state)
{
    (void)state;
    start();
    assert_non_null(hostmap_device(hpa(0xe0000000), MiB, PT_WC));
    u64 before = frame_stats().free;
    static const struct mem_range bad[] = {
        {32 * MiB,     4096,   0}, /* RAM */
        {ARENA,        4096,   0}, /* ACPI tables */
        {0x9e000,      0x3000, 0}, /* the last page of RAM, and what follows */
        {6 * GiB,      4096,   0}, /* in a 1G page */
        {0,            4096,   0}, /* page 0 */
        {0xfff,        2,      0}, /* its last byte */
        {0xe0080000,   4096,   0}, /* a framebuffer */
        {0xfee00000,   0,      0}, /* nothing */
        {LIMIT,        4096,   0}, /* out of reach */
        {LIMIT - 4096, 8192,   0}, /* its end is */
        {LIMIT - 4096, ~0ull,  0}, /* wraps */
        {~0ull,        1,      0},
    };
    for (size_t i = 0; i < array_size(bad); i++) {
        assert_null(hostmap_device(hpa(bad[i].base), bad[i].size, PT_UC));
    }
    assert_null(hostmap_device(hpa(0xfee00000), 4096, PT_WB));
    assert_null(hostmap_device(hpa(0xfee00000), 4096, PT_R));
    assert_int_equal(complaints, array_size(bad) + 2);
    assert_int_equal(frame_stats().free, before);
}

static void test_firmware(void **state)
{
    (void)state;
    start();
    assert_ptr_equal(hostmap_firmware(hpa(0xfeffc010), 0x1000), direct(0xfeffc010));
    check_page(direct(0xfeffc000), 0xfeffc000, PT_R);
    check_page(direct(0xfeffd000), 0xfeffd000, PT_R);
    check_page(direct(0xfeffe000), 0, 0);
    assert_ptr_equal(hostmap_firmware(hpa(ARENA + 8), 36), direct(ARENA + 8));
    check_page(direct(ARENA), ARENA, PT_R | PT_W);
    assert_ptr_equal(hostmap_firmware(hpa(0xe0000), 0x20000), direct(0xe0000));
    check_page(direct(0xfffff & ~0xfffull), 0xff000, PT_R);
    check_page(direct(0xa0000), 0, 0);
    /* From memory into what is not. */
    assert_non_null(hostmap_firmware(hpa(ARENA + 0x2fff0), 0x20));
    check_page(direct(ARENA + 0x30000), ARENA + 0x30000, PT_R);
    assert_int_equal(complaints, 0);
    assert_null(hostmap_firmware(hpa(8), 4));
    assert_null(hostmap_firmware(hpa(0xf0000000), 0xffffffff));
    assert_null(hostmap_firmware(hpa(0xf0000000), 0));
    assert_null(hostmap_firmware(hpa(~0ull - 100), 200));
    assert_int_equal(complaints, 4);
    assert_null(hostmap_check());
}

static void test_stacks(void **state)
{
    (void)state;
    start();
    u64 last_end = 0;
    for (int i = 0; i < 5; i++) {
        u64 base = (u64)(uintptr_t)hostmap_stack(4 * PAGE_4K);
        struct ptab pt = live();
        struct ptab_leaf leaf;
        assert_true(base > 0xffffff0000000000 && base >= last_end + PAGE_4K);
        check_page(base - PAGE_4K, 0, 0);
        check_page(base + 4 * PAGE_4K, 0, 0);
        for (u64 at = 0; at < 4 * PAGE_4K; at += PAGE_4K) {
            assert_true(ptab_lookup(&pt, base + at, &leaf));
            assert_int_equal(leaf.flags, PT_R | PT_W | NOTED);
            u64 *word = hpa_ptr(leaf.pa);
            assert_int_equal(*word, 0);
            *word = 1; /* no page is there twice */
        }
        last_end = base + 4 * PAGE_4K;
    }
    assert_null(hostmap_check());
    assert_null(hostmap_stack(0));
    assert_null(hostmap_stack(100));
    assert_null(hostmap_stack(2 * MiB));
    assert_int_equal(complaints, 3);
}

/* Everything is taken but `frames` frames. */
static void leave_only(u64 frames)
{
    static hpa_t taken[ARENA / PAGE_4K];
    size_t n = 0;
    while (!hpa_is_none(taken[n] = frame_alloc(PAGE_4K)))
        n++;
    for (; frames; frames--)
        assert_null(frame_free(taken[--n], PAGE_4K));
}

static void test_stack_without_memory(void **state)
{
    (void)state;
    u64 frames = 0;
    for (void *stack = NULL; !stack; frames++) {
        start();
        leave_only(frames);
        stack = hostmap_stack(4 * PAGE_4K);
        assert_null(hostmap_check());
        if (!stack) {
            assert_int_equal(frame_stats().free, frames * PAGE_4K);
            check_page(0xffffff0000001000, 0, 0);
        }
    }
    assert_int_equal(frames - 1, 4 + 3); /* pages, and tables on three levels */
}

static void test_init_without_memory(void **state)
{
    (void)state;
    const char *error = "";
    for (u64 frames = 0; error; frames++) {
        lay_memory();
        leave_only(frames);
        error = build(PAGE_1G);
        if (error) {
            assert_non_null(strstr(error, "no memory is left"));
            assert_int_equal(frame_stats().free, frames * PAGE_4K);
        }
        assert_true(frames < 40);
    }
}

static void test_init_refuses(void **state)
{
    (void)state;
    lay_memory();
    u64 before = frame_stats().free;
    assert_non_null(hostmap_init(&map, hpa(IMAGE_AT + 8), PAGE_1G, LIMIT, count_flush));
    assert_non_null(hostmap_init(&map, hpa(2 * GiB), PAGE_1G, LIMIT, count_flush));
    assert_non_null(hostmap_init(&map, hpa(IMAGE_AT), 123, LIMIT, count_flush));
    assert_int_equal(frame_stats().free, before);
}

static void test_limit(void **state)
{
    (void)state;
    lay_memory();
    assert_null(hostmap_init(&map, hpa(IMAGE_AT), PAGE_1G, 6 * GiB, count_flush));
    assert_int_equal(hostmap_limit(),
                     6 * GiB); /* a map that says more than the processor reaches */
    check_page(direct(6 * GiB - PAGE_4K), 6 * GiB - PAGE_4K, PT_R | PT_W);
    check_page(direct(6 * GiB), 0, 0);
    assert_null(hostmap_init(&map, hpa(IMAGE_AT), PAGE_1G, ~0ull, count_flush));
    assert_int_equal(hostmap_limit(), 0x7f0000000000);
}

static void sabotage(u64 va, u64 pa, u32 flags, const char *words)
{
    struct ptab_flush flush = {0};
    start();
    struct ptab pt = live();
    (void)!ptab_unmap(&pt, va, PAGE_4K, &flush);
    assert_null(ptab_map(&pt, va, hpa(pa), PAGE_4K, flags, &flush));
    const char *said = hostmap_check();
    assert_non_null(said);
    assert_non_null(strstr(said, words));
}

static void test_check_sees(void **state)
{
    (void)state;
    u64 far = 0xffffff1000000000, image = (u64)(uintptr_t)image_block;
    sabotage(far, 0x300000, PT_R | PT_W | PT_X, "0xffffff1000000000 is writable and executable");
    sabotage(far, 0x300000, PT_R | PT_X, "not in the text");
    sabotage(far, IMAGE_AT + 0x4000, PT_R | PT_W, "text writable");
    sabotage(far, IMAGE_AT + 0x7000, PT_R | PT_W, "rodata writable");
    sabotage(far, IMAGE_AT, PT_R | PT_X, "not in the text");
    sabotage(far, 0, PT_R, "page 0");
    sabotage(0, 0x300000, PT_R, "page 0");
    sabotage(far, 0x300000, PT_R | PT_USER, "user");
    sabotage(far, IMAGE_AT + 0x2000, PT_R | PT_W, "boot's text writable");
    sabotage(far, IMAGE_AT, PT_R | PT_W, "boot's rodata writable");
    sabotage(image + 0x4000, IMAGE_AT + 0x4000, PT_R | PT_W | PT_X, "writable and executable");
    sabotage(image + 0x1000, IMAGE_AT + 0x1000, PT_R | PT_X, "not in the text");
    sabotage(image + 0x6000, IMAGE_AT + 0x6000, PT_R | PT_W, "rodata writable");
    sabotage(direct(IMAGE_AT + 0x3000), IMAGE_AT + 0x3000, PT_R | PT_W, "text writable");
    start();
    struct ptab pt = live();
    struct ptab_flush flush = {0};
    assert_null(ptab_unmap(&pt, image, PAGE_4K, &flush));
    assert_non_null(strstr(hostmap_check(), "half there"));
    assert_null(ptab_unmap(&pt, image + 0x3000, PAGE_4K, &flush));
    assert_non_null(strstr(hostmap_check(), "not mapped"));
}

/* At this moment boot's memory is nowhere: what a core remembers of it is all that there is. */
static void forget_boot(void)
{
    u64 va = (u64)(uintptr_t)image_block;

    flushes++;
    for (u64 at = 0; at < BOOT_SIZE; at += PAGE_4K) {
        check_page(va + at, 0, 0);
        check_page(direct(IMAGE_AT + at), 0, 0);
    }
    assert_non_null(frame_claim(hpa(IMAGE_AT), PAGE_4K));
    assert_null(hostmap_check());
}

static void test_end_of_boot(void **state)
{
    (void)state;
    u64 va = (u64)(uintptr_t)image_block;
    start();
    memset(hpa_ptr(hpa(IMAGE_AT)), 0xcc, BOOT_SIZE);
    u64 total = frame_stats().total;
    assert_null(frame_leave(hpa(IMAGE_AT), BOOT_SIZE));
    assert_null(hostmap_end_boot(forget_boot));
    assert_int_equal(flushes, 1);
    for (u64 at = 0; at < IMAGE_SIZE; at += PAGE_4K)
        check_page(va + at, IMAGE_AT + at,
                   at < BOOT_SIZE || at == 0x8000 ? 0
                   : at < 0x5000                  ? PT_R | PT_X
                   : at < 0x8000                  ? PT_R
                                                  : PT_R | PT_W);
    for (u64 at = 0; at < BOOT_SIZE; at += PAGE_4K) {
        check_page(direct(IMAGE_AT + at), IMAGE_AT + at, PT_R | PT_W);
        assert_null(frame_claim(hpa(IMAGE_AT + at), PAGE_4K));
        for (u64 i = 0; i < PAGE_4K; i++)
            assert_int_equal(((u8 *)hpa_ptr(hpa(IMAGE_AT + at)))[i], 0);
    }
    check_page(direct(IMAGE_AT + BOOT_SIZE), IMAGE_AT + BOOT_SIZE, PT_R);
    assert_int_equal(frame_stats().total, total + BOOT_SIZE);
    assert_null(hostmap_check());
    assert_non_null(hostmap_end_boot(forget_boot)); /* once */
}

static int make_arena(void **state)
{
    (void)state;
    void *away_from_the_top = (void *)0x200000000000;
    u8 *wide = mmap(away_from_the_top, 3 * GiB, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena = (u8 *)(uintptr_t)align_up((u64)(uintptr_t)wide, GiB);
    return wide == MAP_FAILED || mprotect(arena, ARENA, PROT_READ | PROT_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct_map),
        cmocka_unit_test(test_large_pages),
        cmocka_unit_test(test_image),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_devices_refused),
        cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_stack_without_memory),
        cmocka_unit_test(test_init_without_memory),
        cmocka_unit_test(test_init_refuses),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_check_sees),
        cmocka_unit_test(test_end_of_boot),
    };
    return cmocka_run_group_tests_name("hostmap", tests, make_arena, NULL);
}
