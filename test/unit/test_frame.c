/* SPDX-License-Identifier: MIT */
/* mm/frame: random life against a model of pages, in an arena that plays RAM at several addresses.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/bits.h"
#include "lib/panic.h"
#include "mm/frame_private.h"

#define ARENA (64 * MiB)
#define PAGES (ARENA / PAGE_4K)

static u8 *arena;
static u64 arena_at; /* its physical address */
static struct memmap map;
static u8 is_ram[PAGES], owner[PAGES];

static void ram(u64 offset, u64 size, enum mem_type type)
{
    assert_true(memmap_add(&map, arena_at + offset, size, type));
}

/* Firmware's map of the arena: two holes, one taken piece, ragged ends; the rest dirty RAM. */
static void start_at(u64 at, u64 reach)
{
    arena_at = at;
    direct_base = (u64)(uintptr_t)arena - at;
    memset(arena, 0xcc, ARENA);
    memset(&map, 0, sizeof map);
    ram(0, ARENA - 0x5000, MEM_RAM);
    ram(0xa0000, 0x60000, MEM_RESERVED);
    ram(0x1234000, 0x3000, MEM_BAD);
    ram(0x200000, 0x81000, MEM_TAKEN);
    assert_true(memmap_normalize(&map));

    memset(is_ram, 0, sizeof is_ram);
    memset(owner, 0, sizeof owner);
    for (unsigned i = 0; i < map.count; i++)
        if (map.range[i].type == MEM_RAM)
            memset(is_ram + (map.range[i].base - at) / PAGE_4K, 1, map.range[i].size / PAGE_4K);
    const char *error = frame_init(&map, reach);
    if (at < reach)
        assert_null(error);
    assert_null(frame_add_rest(1ull << 46));
}

void hv_panic(const char *format, ...)
{
    (void)format;
    abort();
}

static u64 pick(u64 below)
{
    return (u64)rand() % below;
}

static bool is_zero(const u8 *p, u64 size)
{
    return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

struct held {
    hpa_t base;
    u64 size;
};

static void note_taken(hpa_t base, u64 size)
{
    assert_true(is_aligned(base.v, size) && base.v);
    assert_true(base.v >= arena_at && base.v + size <= arena_at + ARENA);
    for (u64 p = (base.v - arena_at) / PAGE_4K; p < (base.v + size - arena_at) / PAGE_4K; p++) {
        assert_true(is_ram[p]);
        assert_false(owner[p]);
        owner[p] = 1;
    }
    assert_true(is_zero(hpa_ptr(base), size));
    memset(hpa_ptr(base), 0xaa, size);
}

static void give_back(struct held h)
{
    assert_null(frame_free(h.base, h.size));
    memset(owner + (h.base.v - arena_at) / PAGE_4K, 0, h.size / PAGE_4K);
}

/* Takes everything, the largest blocks first, and counts the blocks of each size. */
static void shape(u64 count[FRAME_ORDERS])
{
    static struct held all[PAGES];
    size_t n = 0;
    for (unsigned order = FRAME_ORDERS; order-- > 0;)
        for (count[order] = 0;; count[order]++) {
            hpa_t got = frame_alloc(PAGE_4K << order);
            if (hpa_is_none(got))
                break;
            all[n++] = (struct held){got, PAGE_4K << order};
        }
    assert_int_equal(frame_stats().free, 0);
    assert_int_equal(frame_stats().largest, 0);
    for (; n; n--)
        assert_null(frame_free(all[n - 1].base, all[n - 1].size));
}

static bool can_claim(hpa_t base, u64 size)
{
    for (u64 p = (base.v - arena_at) / PAGE_4K; p < (base.v + size - arena_at) / PAGE_4K; p++)
        if (!is_ram[p] || owner[p])
            return false;
    return true;
}

static hpa_t random_block(u64 size)
{
    u64 kind = pick(8), at = arena_at + pick(ARENA / size) * size;
    if (kind == 0) {
        u64 limit = arena_at + pick(ARENA);
        hpa_t got = frame_alloc_below(size, limit);
        assert_true(hpa_is_none(got) || got.v + size <= limit);
        return got;
    }
    if (kind == 1) {
        bool could = can_claim(hpa(at), size);
        const char *error = frame_claim(hpa(at), size);
        assert_true(could || error); /* may fail where the tables are, which the model calls RAM */
        return error ? HPA_NONE : hpa(at);
    }
    return frame_alloc(size);
}

static void check_stats(const struct held *held, size_t n, u64 total)
{
    u64 sum = 0, taken[FRAME_ORDERS] = {0};
    for (size_t i = 0; i < n; i++) {
        sum += held[i].size;
        taken[highest_bit(held[i].size) - 12]++;
    }
    struct frame_stats stats = frame_stats();
    assert_int_equal(stats.total, total);
    assert_int_equal(stats.free, total - sum);
    assert_memory_equal(stats.taken, taken, sizeof taken);
}

static void live_randomly(u64 at, u64 reach)
{
    static struct held held[400];
    size_t n = 0;
    u64 before[FRAME_ORDERS], after[FRAME_ORDERS];

    start_at(at, reach);
    struct frame_stats first = frame_stats();
    assert_int_equal(first.total + first.tables + first.lost + (at ? 0 : PAGE_4K),
                     memmap_ram(&map));
    assert_int_equal(first.lost, 0);
    if (is_aligned(at, PAGE_1G))
        assert_in_range(first.tables, PAGES, PAGES + PAGES / 8 + PAGE_4K);
    shape(before);
    for (int i = 0; i < 6000; i++) {
        u64 size = PAGE_4K << (rand() % (rand() % 11 + 1));
        hpa_t got = HPA_NONE;
        if (n < array_size(held) && rand() % 5 < 3)
            got = random_block(size);
        if (!hpa_is_none(got)) {
            note_taken(got, size);
            held[n++] = (struct held){got, size};
        } else if (n) {
            size_t victim = (size_t)rand() % n;
            assert_true(memchr(hpa_ptr(held[victim].base), 0, held[victim].size) == NULL);
            give_back(held[victim]);
            held[victim] = held[--n];
        }
        if (i % 64 == 0)
            check_stats(held, n, first.total);
    }
    while (n)
        give_back(held[--n]);
    struct frame_stats last = frame_stats();
    assert_memory_equal(&first, &last, sizeof first);
    shape(after);
    assert_memory_equal(before, after, sizeof before);
}

static void test_random_life(void **state)
{
    (void)state;
    srand(2);
    live_randomly(0, 4 * GiB);
    live_randomly(5 * GiB, 4 * GiB);
    live_randomly(4 * GiB - 32 * MiB, 4 * GiB);
    live_randomly(1024 * GiB + 4 * MiB, 4 * GiB);
}

static void test_low_memory_goes_last(void **state)
{
    (void)state;
    start_at(4 * GiB - 32 * MiB, 4 * GiB);
    assert_true(frame_alloc(PAGE_4K).v >= 4 * GiB);
    assert_true(frame_alloc_below(PAGE_4K, 4 * GiB).v < 4 * GiB);
    assert_true(hpa_is_none(frame_alloc_below(PAGE_4K, MiB)));
    while (frame_stats().free > 32 * MiB) { /* all above goes first */
        hpa_t got = frame_alloc(PAGE_4K);
        assert_true(got.v >= 4 * GiB);
    }
    start_at(0, 4 * GiB);
    assert_true(frame_alloc(PAGE_4K).v >= MiB);
    hpa_t low = frame_alloc_below(PAGE_4K, MiB);
    assert_true(low.v && low.v < 0xa0000);
    assert_true(hpa_is_none(frame_alloc_below(PAGE_4K, PAGE_4K)));
    assert_true(hpa_is_none(frame_alloc_below(PAGE_4K, 0)));
    assert_non_null(frame_claim(hpa(0), PAGE_4K));
    while (!hpa_is_none(low = frame_alloc(PAGE_4K)))
        assert_true(low.v != 0);
    assert_int_equal(frame_stats().free, 0);
}

static void test_only_the_reach_at_first(void **state)
{
    (void)state;
    start_at(4 * GiB - 32 * MiB, 4 * GiB);
    assert_null(frame_init(&map, 4 * GiB + 12345));
    assert_in_range(frame_stats().free, 31 * MiB - MiB, 32 * MiB);
    hpa_t got;
    while (!hpa_is_none(got = frame_alloc(PAGE_4K)))
        assert_true(got.v < 4 * GiB);
    assert_null(frame_add_rest(4 * GiB));
    assert_int_equal(frame_stats().free, 0);
    assert_null(frame_add_rest(8 * GiB));
    assert_null(frame_add_rest(8 * GiB));
    assert_in_range(frame_stats().free, 31 * MiB, 32 * MiB);
    assert_true(frame_alloc(PAGE_4K).v >= 4 * GiB);
}

#define refused(call, words)                                                                       \
    do {                                                                                           \
        struct frame_stats before = frame_stats();                                                 \
        const char *said = (call);                                                                 \
        assert_non_null(said);                                                                     \
        assert_non_null(strstr(said, words));                                                      \
        struct frame_stats after = frame_stats();                                                  \
        assert_memory_equal(&before, &after, sizeof before);                                       \
    } while (0)

static void test_mistakes_are_told(void **state)
{
    (void)state;
    start_at(5 * GiB, 4 * GiB);
    hpa_t got = frame_alloc(PAGE_2M);
    refused(frame_free(got, PAGE_4K), "another size");
    refused(frame_free(hpa_add(got, PAGE_4K), PAGE_4K), "inside a block");
    refused(frame_free(hpa_add(got, 8), PAGE_4K), "aligned");
    refused(frame_free(got, 3 * PAGE_4K), "power of two");
    refused(frame_free(got, 0), "power of two");
    refused(frame_free(got, 2 * GiB), "power of two");
    refused(frame_claim(got, PAGE_4K), "in use");
    assert_null(frame_free(got, PAGE_2M));
    refused(frame_free(got, PAGE_2M), "free already");
    refused(frame_free(hpa_add(got, PAGE_4K), PAGE_4K), "free already");
    refused(frame_free(hpa(MiB), PAGE_4K), "not in the RAM");
    refused(frame_free(hpa(5 * GiB + 0xa0000), PAGE_4K), "not RAM");
    refused(frame_free(hpa(5 * GiB + 0x200000), PAGE_4K), "not RAM");
    refused(frame_claim(hpa(5 * GiB + 0x1235000), PAGE_4K), "not RAM");
    refused(frame_free(HPA_NONE, PAGE_4K), "aligned");
    refused(frame_free(hpa(align_down(~0ull, PAGE_4K)), PAGE_4K), "not in the RAM");
    assert_true(hpa_is_none(frame_alloc(0)));
    assert_true(hpa_is_none(frame_alloc(4097)));
    assert_true(hpa_is_none(frame_alloc(2 * GiB)));
    assert_true(hpa_is_none(frame_alloc(512 * MiB)));
}

/* What is written behind the allocator's back into a block that it knows to be zero, stays. */
static void test_nothing_is_wiped_twice(void **state)
{
    (void)state;
    start_at(5 * GiB, 4 * GiB);
    hpa_t got = frame_alloc(PAGE_2M);
    assert_true(is_zero(hpa_ptr(got), PAGE_2M));
    assert_null(frame_free(got, PAGE_2M));
    u8 *spot = (u8 *)hpa_ptr(got) + 0x3456;
    *spot = 7;
    assert_null(frame_claim(got, PAGE_2M));
    assert_int_equal(*spot, 7);
    assert_null(frame_free(got, PAGE_2M));
    assert_int_equal(*spot, 0);

    /* Nor does the free neighbour's dirt, once joined, make it forget. */
    hpa_t page = hpa(5 * GiB + 0x1005000);
    assert_null(frame_claim(page, PAGE_4K));
    assert_null(frame_free(page, PAGE_4K));
    spot = (u8 *)hpa_ptr(page) + 99;
    *spot = 7;
    hpa_t block = hpa(align_down(page.v, 16 * PAGE_4K));
    assert_null(frame_claim(block, 16 * PAGE_4K));
    assert_int_equal(*spot, 7);
    *spot = 0;
    assert_true(is_zero(hpa_ptr(block), 16 * PAGE_4K));
}

/* Any size, zeroed, in the block that it needs, and all of it comes back. */
static void test_memory_of_any_size(void **state)
{
    (void)state;
    static const struct {
        u64 size;
        unsigned order;
    } sizes[] = {
        {1,       0},
        {4095,    0},
        {4096,    0},
        {4097,    1},
        {8192,    1},
        {8193,    2},
        {81585,   5},
        {MiB + 1, 9}
    };
    start_at(16 * MiB, 1ull << 40);
    u64 before = frame_stats().free;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        u8 *memory = frame_memory(sizes[i].size);
        assert_non_null(memory);
        assert_true(is_zero(memory, sizes[i].size));
        memset(memory, 0xee, sizes[i].size);
        assert_int_equal(frame_stats().taken[sizes[i].order], 1);
        assert_int_equal(before - frame_stats().free, PAGE_4K << sizes[i].order);
        frame_memory_free(memory, sizes[i].size);
        assert_int_equal(frame_stats().free, before);
    }
    frame_memory_free(NULL, MiB);
    assert_null(frame_memory(ARENA));
    assert_null(frame_memory(2 * PAGE_1G));
    memset(&frames, 0, sizeof frames);
    assert_null(frame_memory(1)); /* before frame_init */
}

static void test_boot_gives_back(void **state)
{
    (void)state;
    start_at(5 * GiB, 4 * GiB);
    hpa_t module = hpa(5 * GiB + 0x200000);
    u64 total = frame_stats().total;
    refused(frame_give(module, 0x81000), "boot leaves");
    refused(frame_leave(module, 0x82000), "boot has taken");
    refused(frame_leave(hpa_add(module, PAGE_4K), ~0xfffull), "boot has taken");
    assert_null(frame_leave(module, 0x81000));
    refused(frame_give(module, 0x82000), "boot leaves");
    refused(frame_give(hpa(module.v - PAGE_4K), PAGE_4K), "boot leaves");
    refused(frame_give(hpa_add(module, 0x81000), PAGE_4K), "boot leaves");
    refused(frame_give(module, 0x80800), "whole pages");
    refused(frame_give(module, 0), "whole pages");
    refused(frame_give(hpa_add(module, PAGE_4K), ~0xfffull), "boot leaves");
    assert_null(frame_give(hpa_add(module, 0x3000), 0x7e000));
    refused(frame_give(module, 0x81000), "before");
    refused(frame_give(hpa_add(module, 0x4000), PAGE_4K), "before");
    assert_int_equal(frame_stats().total, total + 0x7e000);
    assert_non_null(frame_claim(module, PAGE_4K));
    assert_null(frame_claim(hpa_add(module, 0x40000), 0x40000));
    assert_true(is_zero(hpa_ptr(hpa_add(module, 0x40000)), 0x40000));
    assert_null(frame_claim(hpa_add(module, 0x3000), PAGE_4K));
    assert_true(is_zero(hpa_ptr(hpa_add(module, 0x3000)), PAGE_4K));
}

static void test_hostile_maps(void **state)
{
    (void)state;
    start_at(0, 4 * GiB);
    map.count = 0;
    assert_non_null(frame_init(&map, 4 * GiB));
    assert_true(hpa_is_none(frame_alloc(PAGE_4K)));
    ram(0, PAGE_4K, MEM_RAM); /* nothing but page 0 */
    assert_non_null(frame_init(&map, 4 * GiB));
    ram(8 * MiB, PAGE_4K, MEM_RAM); /* a single page: it goes for its own table */
    assert_non_null(frame_init(&map, 4 * GiB));
    assert_int_equal(frame_stats().tables, PAGE_4K);

    /* One good piece, and single pages in far more gigabytes than there are spans. */
    u8 *wide = mmap(NULL, 2048 * GiB, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(wide != MAP_FAILED);
    direct_base = (u64)(uintptr_t)wide;
    arena_at = 0;
    map.count = 0;
    ram(MiB, 15 * MiB, MEM_RAM);
    for (u64 i = 0; i < 200; i++)
        ram((i + 4) * 7 * GiB, PAGE_4K, MEM_RAM);
    assert_true(memmap_normalize(&map));
    assert_null(frame_init(&map, 4 * GiB));
    assert_null(frame_add_rest(1ull << 46));
    struct frame_stats stats = frame_stats();
    assert_int_equal(stats.lost, (200 - 63) * PAGE_4K);
    assert_int_equal(stats.total + stats.tables + stats.lost, 15 * MiB + 200 * PAGE_4K);
    assert_int_equal(stats.free, stats.total);
    munmap(wide, 2048 * GiB);
}

/* 2 GiB that are mostly the same 2 MiB of the host again and again; behind them a ragged end. */
static void test_gigabytes(void **state)
{
    (void)state;
    int fd = memfd_create("frames", 0);
    assert_int_equal(ftruncate(fd, (off_t)PAGE_2M), 0);
    u8 *big = mmap(NULL, 3 * GiB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (u64 at = 0; at < 2 * GiB; at += PAGE_2M)
        assert_ptr_equal(mmap(big + at, PAGE_2M, 3, MAP_SHARED | MAP_FIXED, fd, 0), big + at);
    for (u64 at = 0; at <= 2 * GiB; at += GiB) /* where the links stand, and the tables */
        assert_ptr_equal(
            mmap(big + at, 2 * PAGE_2M, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
            big + at);
    direct_base = (u64)(uintptr_t)big - 8 * GiB;
    map.count = 0;
    assert_true(memmap_add(&map, 8 * GiB, 2 * GiB + 4 * MiB, MEM_RAM));
    assert_non_null(frame_init(&map, 4 * GiB));
    assert_null(frame_add_rest(1ull << 46));
    assert_int_equal(frame_stats().largest, PAGE_1G);
    assert_true(frame_stats().tables < 1 * MiB);
    hpa_t first = frame_alloc(PAGE_1G), second = frame_alloc(PAGE_1G);
    assert_int_equal(first.v + second.v, 17 * GiB);
    assert_true(hpa_is_none(frame_alloc(PAGE_1G)));
    assert_null(frame_free(second, PAGE_1G));
    assert_null(frame_free(first, PAGE_1G));
    assert_int_equal(frame_stats().largest, PAGE_1G);
    /* Small blocks come from the ragged end: the gigabytes stay whole. */
    for (int i = 0; i < 256; i++)
        assert_true(frame_alloc(PAGE_4K).v >= 10 * GiB);
    munmap(big, 3 * GiB);
    close(fd);
}

static bool drop(struct held h)
{
    return frame_free(h.base, h.size) == NULL;
}

static void *churn(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    struct held held[32];
    size_t n = 0;
    for (int i = 0; i < 4000; i++) {
        u64 size = PAGE_4K << (rand_r(&random) % 5);
        if (n < 32 && rand_r(&random) % 2) {
            held[n] = (struct held){frame_alloc(size), size};
            if (hpa_is_none(held[n].base) || !is_zero(hpa_ptr(held[n].base), size))
                return "not zero";
            memset(hpa_ptr(held[n++].base), (int)random | 1, size);
        } else if (n && !drop(held[--n]))
            return "not freed";
    }
    while (n)
        if (!drop(held[--n]))
            return "not freed";
    return NULL;
}

static void test_many_cores(void **state)
{
    (void)state;
    start_at(5 * GiB, 4 * GiB);
    struct frame_stats before = frame_stats();
    pthread_t thread[4];
    for (uintptr_t i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, churn, (void *)(i + 1));
    for (int i = 0; i < 4; i++) {
        void *said;
        pthread_join(thread[i], &said);
        assert_null(said);
    }
    struct frame_stats after = frame_stats();
    assert_memory_equal(&before, &after, sizeof before);
}

static pthread_barrier_t together;

static void *free_large(void *base)
{
    pthread_barrier_wait(&together);
    return (void *)(uintptr_t)frame_free(ptr_hpa(base), 16 * MiB);
}

/* Two cores free one block at the same time: one of them is told, and the block is there once. */
static void test_a_race_of_two_frees(void **state)
{
    (void)state;
    start_at(5 * GiB, 4 * GiB);
    struct frame_stats before = frame_stats();
    pthread_barrier_init(&together, NULL, 2);
    for (int i = 0; i < 10; i++) {
        hpa_t block = frame_alloc(16 * MiB);
        pthread_t other;
        void *theirs;
        assert_int_equal(pthread_create(&other, NULL, free_large, hpa_ptr(block)), 0);
        void *ours = free_large(hpa_ptr(block));
        pthread_join(other, &theirs);
        assert_true(!ours != !theirs);
        struct frame_stats after = frame_stats();
        assert_memory_equal(&before, &after, sizeof before);
    }
}

static int make_arena(void **state)
{
    (void)state;
    arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return arena == MAP_FAILED;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_life),
        cmocka_unit_test(test_low_memory_goes_last),
        cmocka_unit_test(test_only_the_reach_at_first),
        cmocka_unit_test(test_mistakes_are_told),
        cmocka_unit_test(test_nothing_is_wiped_twice),
        cmocka_unit_test(test_memory_of_any_size),
        cmocka_unit_test(test_boot_gives_back),
        cmocka_unit_test(test_hostile_maps),
        cmocka_unit_test(test_gigabytes),
        cmocka_unit_test(test_many_cores),
        cmocka_unit_test(test_a_race_of_two_frees),
    };
    return cmocka_run_group_tests_name("frame", tests, make_arena, NULL);
}
