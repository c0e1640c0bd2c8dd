/* SPDX-License-Identifier: MIT */
/*
 * mm/ptab: entries worked out by hand from the manuals, then random life against a flat model, with
 * a TLB that remembers what it was not told to forget, and with frames that run out everywhere.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "lib/bits.h"
#include "mm/ptab.h"

/* --- frames for tables: a pool that can run dry --- */

#define POOL    4096
#define POOL_AT (8 * GiB)

static u8 *pool;
static u8 used[POOL];
static size_t live, budget; /* frames out, frames that may yet go out */

static hpa_t pool_alloc(u64 size)
{
    size_t count = size / PAGE_4K;
    for (size_t at = 0; budget && at + count <= POOL; at += count) {
        if (memchr(used + at, 1, count))
            continue;
        memset(used + at, 1, count);
        memset(pool + at * PAGE_4K, 0, size);
        live += count;
        budget--;
        return hpa(POOL_AT + at * PAGE_4K);
    }
    return HPA_NONE;
}

static const char *pool_free(hpa_t base, u64 size)
{
    size_t at = (base.v - POOL_AT) / PAGE_4K, count = size / PAGE_4K;
    if (base.v < POOL_AT || at + count > POOL || memchr(used + at, 0, count))
        return "not a frame of the pool in use";
    memset(used + at, 0, count);
    memset(pool + at * PAGE_4K, 0xff, size); /* present everywhere, for who still walks here */
    live -= count;
    return NULL;
}

static const struct ptab_frames pool_frames = {pool_alloc, pool_free};

/* RISC-V privileged ISA: two-stage translation, Sv39x4 with Svpbmt. Shows that data is all it
 * takes. */
static const struct ptab_format sv39x4 = {
    .name = "Sv39x4",
    .levels = 3,
    .va_bits = 41,
    .caches_absent = true,
    .frame_shift = 10,
    .frame_mask = MASK(53, 10),
    .present = BIT(0),
    .leaf_mask = MASK(3, 1),
    .table = BIT(0),
    .leaf = BIT(0) | BIT(4),
    .flag =
        {{.on = BIT(1)},      {.on = BIT(2)},     {.on = BIT(3)}, {0},                    {0}, {.on = BIT(6)}, {.on = BIT(7)}},
    .types = BIT(PT_WB >> 8) | BIT(PT_UC >> 8) | BIT(PT_WC >> 8),
    .type = {{0, 0},     {0, 0},         {BIT(62), BIT(62)},                       {BIT(61), BIT(61)}                                       },
    .type_mask = {MASK(62, 61),MASK(62,61)},
};

static struct ptab pt;
static struct ptab_flush flush;

static void start(const struct ptab_format *format, u64 page_max)
{
    direct_base = (u64)(uintptr_t)pool - POOL_AT;
    memset(used, 0, sizeof used);
    live = 0;
    budget = POOL;
    memset(&flush, 0, sizeof flush);
    assert_null(ptab_init(&pt, format, &pool_frames, page_max, 1ull << 46));
}

static void finish(void)
{
    assert_null(ptab_release(&pt, &flush));
    assert_int_equal(live, pt.tables);
    assert_null(ptab_destroy(&pt));
    assert_int_equal(live, 0);
}

/* --- entries by hand --- */

static u64 raw_entry(u64 va, unsigned depth, unsigned root_shift, unsigned address_shift)
{
    const u64 *table = hpa_ptr(pt.root);
    u64 entry = 0;
    for (unsigned i = 0; i < depth; i++) {
        unsigned shift = root_shift - 9 * i;
        u64 index = va >> shift & (i || pt.format != &sv39x4 ? 511 : 2047);
        entry = table[index];
        table = hpa_ptr(hpa((entry & MASK(51, address_shift)) >> address_shift << 12));
    }
    return entry;
}

struct by_hand {
    const struct ptab_format *format;
    u64 page;
    u64 pa;
    u32 flags;
    u64 entry, table;
};

/* clang-format off */
static const struct by_hand by_hand[] = {
    /* P RW A D XD */
    {&ptab_x86, PAGE_4K, 0x12345000, PT_R | PT_W | PT_ACCESSED | PT_DIRTY, 0x8000000012345063, 0x27},
    {&ptab_x86, PAGE_4K, 0x12345000, PT_R | PT_X, 0x0000000012345001, 0x27},
    {&ptab_x86, PAGE_4K, 0x12345000, PT_R | PT_X | PT_USER | PT_GLOBAL, 0x0000000012345105, 0x27},
    {&ptab_x86, PAGE_4K, 0xfee00000, PT_R | PT_W | PT_UC, 0x80000000fee0001b, 0x27}, /* PCD PWT */
    {&ptab_x86, PAGE_4K, 0xfee00000, PT_R | PT_W | PT_WC, 0x80000000fee00083, 0x27}, /* PAT is bit 7 */
    {&ptab_x86, PAGE_4K, 0xfee00000, PT_R | PT_W | PT_WT, 0x80000000fee0000b, 0x27},
    {&ptab_x86, PAGE_4K, 0xfee00000, PT_R | PT_WP, 0x80000000fee00089, 0x27},
    {&ptab_x86, PAGE_2M, 0x40200000, PT_R | PT_W | PT_UC, 0x800000004020009b, 0x27},
    {&ptab_x86, PAGE_2M, 0xe0000000, PT_R | PT_W | PT_WC, 0x80000000e0001083, 0x27}, /* PAT is bit 12 */
    {&ptab_x86, PAGE_1G, 0x3fffc0000000, PT_R | PT_X | PT_GLOBAL, 0x00003fffc0000181, 0x27},
    {&ptab_x86, PAGE_1G, 0x80000000, PT_R | PT_X | PT_WC, 0x0000000080001081, 0x27},
    {&ptab_ept, PAGE_2M, 0x200000, PT_R | PT_W | PT_X | PT_ACCESSED | PT_DIRTY, 0x2003b7, 0x7},
    {&ptab_ept, PAGE_2M, 0x200000, PT_R | PT_W | PT_X, 0x2000b7, 0x7},
    {&ptab_ept, PAGE_1G, 0x40000000, PT_R | PT_W | PT_X, 0x400000b7, 0x7},
    {&ptab_ept, PAGE_4K, 0xfee00000, PT_R | PT_W | PT_UC, 0xfee00003, 0x7},
    {&ptab_ept, PAGE_4K, 0x5000, PT_X, 0x5034, 0x7},
    {&ptab_ept, PAGE_4K, 0x5000, PT_R | PT_X | PT_WC, 0x500d, 0x7},
    {&ptab_ept, PAGE_4K, 0x5000, PT_R | PT_WT, 0x5021, 0x7},
    {&ptab_ept, PAGE_4K, 0x5000, PT_R | PT_WP, 0x5029, 0x7},
    {&ptab_npt, PAGE_4K, 0x5000, PT_R | PT_W | PT_X, 0x5007, 0x27}, /* U/S always */
    {&ptab_npt, PAGE_2M, 0xc0000000, PT_R | PT_W | PT_WC, 0x80000000c0001087, 0x27},
    {&ptab_npt, PAGE_1G, 0x40000000, PT_R | PT_X | PT_ACCESSED | PT_DIRTY, 0x400000e5, 0x27},
    {&sv39x4, PAGE_4K, 0x80200000, PT_R | PT_W | PT_X | PT_ACCESSED | PT_DIRTY, 0x200800df, 0x1},
    {&sv39x4, PAGE_1G, 0x80000000, PT_R | PT_W | PT_UC, 0x4000000020000017, 0x1},
};
/* clang-format on */

static void check_by_hand(const struct by_hand *h)
{
    bool riscv = h->format == &sv39x4;
    u64 va = h->format->canonical ? 0xffffffff80000000 : 0x1fff80000000;
    unsigned depth = (h->page == PAGE_1G ? 2u : h->page == PAGE_2M ? 3u : 4u) - riscv;
    unsigned root = riscv ? 30 : 39, shift = riscv ? 10 : 12;
    struct ptab_leaf leaf;

    if (riscv)
        va &= MASK(40, 0);
    start(h->format, PAGE_1G);
    assert_null(ptab_map(&pt, va, hpa(h->pa), h->page, h->flags, &flush));
    assert_int_equal(raw_entry(va, depth, root, shift), h->entry);
    for (unsigned i = 1; i < depth; i++)
        assert_int_equal(raw_entry(va, i, root, shift) & ~MASK(51, shift), h->table);
    assert_true(ptab_lookup(&pt, va + h->page - 1, &leaf));
    assert_int_equal(leaf.va, va);
    assert_int_equal(leaf.pa.v, h->pa);
    assert_int_equal(leaf.size, h->page);
    assert_int_equal(leaf.flags, h->flags);
    assert_int_equal(flush.needed, riscv); /* only RISC-V remembers holes */
    finish();
}

static void test_entries_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(by_hand); i++)
        check_by_hand(&by_hand[i]);
}

/* A 2M page of WC (PAT at bit 12) falls to pages of WC (PAT at bit 7) and comes together again. */
static void test_the_wandering_pat_bit(void **state)
{
    (void)state;
    start(&ptab_x86, PAGE_1G);
    assert_null(ptab_map(&pt, 0, hpa(PAGE_1G), PAGE_1G, PT_R | PT_W | PT_WC, &flush));
    assert_int_equal(raw_entry(0, 2, 39, 12), 0x8000000040001083);
    assert_null(ptab_split(&pt, PAGE_2M, PAGE_4K, PAGE_4K, &flush));
    assert_int_equal(raw_entry(0, 3, 39, 12), 0x8000000040001083);
    assert_int_equal(raw_entry(PAGE_2M + PAGE_4K, 4, 39, 12), 0x8000000040201083);
    assert_null(ptab_merge(&pt, PAGE_2M, PAGE_2M, &flush));
    assert_null(ptab_release(&pt, &flush));
    assert_int_equal(raw_entry(PAGE_2M, 3, 39, 12), 0x80000000402010e3);
    assert_null(ptab_merge(&pt, 0, PAGE_1G, &flush));
    assert_int_equal(raw_entry(0, 2, 39, 12), 0x80000000400010e3);
    finish();
}

static void test_a_gigabyte_is_one_entry(void **state)
{
    (void)state;
    start(&ptab_ept, PAGE_1G);
    assert_null(ptab_map(&pt, 0, hpa(4 * GiB), GiB, PT_R | PT_W | PT_X, &flush));
    assert_int_equal(pt.tables, 2);
    assert_null(ptab_unmap(&pt, 0, GiB, &flush));
    assert_null(ptab_release(&pt, &flush));
    assert_null(ptab_map(&pt, 0, hpa(4 * GiB + PAGE_2M), GiB, PT_R, &flush));
    assert_int_equal(pt.tables, 3); /* 2M pages */
    assert_null(ptab_map(&pt, GiB, hpa(PAGE_4K), PAGE_2M, PT_R, &flush));
    assert_int_equal(pt.tables, 5); /* 4K pages */
    assert_null(ptab_map(&pt, 2 * GiB, hpa(0), PAGE_2M, PT_R | PT_SMALL, &flush));
    assert_int_equal(pt.tables, 7);
    finish();
}

/* --- refusals --- */

#define refused(call, words)                                                                       \
    do {                                                                                           \
        u64 tables = pt.tables;                                                                    \
        const char *said = (call);                                                                 \
        assert_non_null(said);                                                                     \
        assert_non_null(strstr(said, words));                                                      \
        assert_int_equal(pt.tables, tables);                                                       \
        assert_false(flush.needed);                                                                \
    } while (0)

static void test_refusals(void **state)
{
    (void)state;
    struct ptab other;
    u64 half = 1ull << 47;
    start(&ptab_x86, PAGE_1G);
    assert_non_null(ptab_init(&other, &ptab_x86, &pool_frames, 8192, 1 << 30));
    refused(ptab_map(&pt, 0, hpa(0), 0, PT_R, &flush), "at least one");
    refused(ptab_map(&pt, 1, hpa(0), PAGE_4K, PT_R, &flush), "whole 4K");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K + 1, PT_R, &flush), "whole 4K");
    refused(ptab_map(&pt, 0, hpa(8), PAGE_4K, PT_R, &flush), "physical address");
    refused(ptab_map(&pt, ~0xfffull, hpa(0), 2 * PAGE_4K, PT_R, &flush), "wraps");
    refused(ptab_map(&pt, half, hpa(0), PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, half - PAGE_4K, hpa(0), 2 * PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, 0, hpa(0), ~0xfffull, PT_R, &flush), "outside");
    refused(ptab_map(&pt, (0 - half) - PAGE_4K, hpa(0), PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, 0, hpa(1ull << 46), PAGE_4K, PT_R, &flush), "reach");
    refused(ptab_map(&pt, 0, hpa((1ull << 46) - PAGE_4K), 2 * PAGE_4K, PT_R, &flush), "reach");
    refused(ptab_map(&pt, 0, hpa(~0xfffull), PAGE_4K, PT_R, &flush), "reach");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_X, &flush), "readable");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_W, &flush), "readable");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, 0, &flush), "readable");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_R | PT_TYPE, &flush), "memory type");
    refused(ptab_protect(&pt, 0, PAGE_4K, PT_R, &flush), "not mapped");
    refused(ptab_merge(&pt, 0, PAGE_2M, &flush), "no smaller");
    refused(ptab_merge(&pt, 0, PAGE_4K, &flush), "aligned size");
    refused(ptab_merge(&pt, PAGE_4K, PAGE_2M, &flush), "aligned size");
    assert_null(ptab_unmap(&pt, 0, half, &flush));
    assert_null(ptab_map(&pt, 0 - half, hpa(0), half / 2, PT_R, &flush));
    assert_null(ptab_map(&pt, ~0xfffull, hpa(0), PAGE_4K, PT_R, &flush));
    refused(ptab_map(&pt, 0 - half + GiB, hpa(0), PAGE_4K, PT_R, &flush), "mapped already");
    refused(ptab_protect(&pt, ~0xfffull - 0x1000, 2 * PAGE_4K, PT_R, &flush), "not mapped");
    finish();

    start(&ptab_ept, PAGE_2M);
    refused(ptab_map(&pt, 2 * half, hpa(0), PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, ~0xfffull, hpa(0), PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_W | PT_X, &flush), "readable");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_R | PT_USER, &flush), "no such flag");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_R | PT_GLOBAL, &flush), "no such flag");
    assert_null(ptab_map(&pt, 2 * half - GiB, hpa(0), GiB, PT_R, &flush));
    refused(ptab_merge(&pt, 2 * half - GiB, PAGE_1G, &flush), "aligned size");
    assert_null(ptab_unmap(&pt, 2 * half - GiB, GiB, &flush));
    finish();

    start(&sv39x4, PAGE_1G);
    assert_int_equal(pt.tables, 4);
    refused(ptab_map(&pt, BIT(41), hpa(0), PAGE_4K, PT_R, &flush), "outside");
    refused(ptab_map(&pt, 0, hpa(0), PAGE_4K, PT_R | PT_WT, &flush), "memory type");
    assert_null(ptab_map(&pt, BIT(41) - GiB, hpa(0), GiB, PT_R, &flush));
    finish();
}

static void test_only_alike_neighbours_merge(void **state)
{
    (void)state;
    start(&ptab_npt, PAGE_1G);
    assert_null(ptab_map(&pt, 0, hpa(PAGE_2M), PAGE_2M, PT_R | PT_SMALL, &flush));
    assert_null(ptab_map(&pt, PAGE_2M, hpa(0x1000), PAGE_2M, PT_R, &flush));
    refused(ptab_merge(&pt, PAGE_2M, PAGE_2M, &flush), "alike");
    assert_null(ptab_protect(&pt, 0x5000, PAGE_4K, PT_R | PT_W, &flush));
    memset(&flush, 0, sizeof flush);
    refused(ptab_merge(&pt, 0, PAGE_2M, &flush), "alike");
    assert_null(ptab_protect(&pt, 0x5000, PAGE_4K, PT_R | PT_DIRTY, &flush));
    assert_null(ptab_merge(&pt, 0, PAGE_2M, &flush));
    assert_int_equal(raw_entry(0, 3, 39, 12), 0x80000000002000e5);
    assert_non_null(ptab_merge(&pt, PAGE_2M, PAGE_2M, &flush));
    assert_null(ptab_release(&pt, &flush));
    refused(ptab_merge(&pt, 0, PAGE_2M, &flush), "no smaller");
    assert_null(ptab_unmap(&pt, PAGE_2M + PAGE_4K, PAGE_4K, &flush));
    memset(&flush, 0, sizeof flush);
    refused(ptab_merge(&pt, PAGE_2M, PAGE_2M, &flush), "alike");
    refused(ptab_merge(&pt, 0, PAGE_1G, &flush), "alike");
    finish();
}

/* --- random life --- */

#define WINDOW (2 * GiB + 8 * MiB)
#define PAGES  (WINDOW / PAGE_4K)

static struct page {
    u64 pa;
    u32 flags;
    bool mapped;
} model[PAGES];

static u64 window; /* its virtual address */
static struct ptab_leaf tlb[256];

static u64 pick(u64 below)
{
    return ((u64)rand() << 31 ^ (u64)rand()) % below;
}

static const char *compare_leaf(void *context, const struct ptab_leaf *leaf)
{
    u64 *mapped = context;
    assert_true(leaf->va >= window && leaf->va + (leaf->size - 1) - window < WINDOW);
    assert_true(is_aligned(leaf->va | leaf->pa.v, leaf->size));
    struct page *page = &model[(leaf->va - window) / PAGE_4K];
    for (u64 at = 0; at < leaf->size; at += PAGE_4K, page++)
        if (!page->mapped || page->pa != leaf->pa.v + at || page->flags != leaf->flags)
            return "a page differs from the model";
    *mapped += leaf->size;
    return NULL;
}

static void compare_all(void)
{
    u64 seen = 0, expected = 0;
    assert_null(ptab_visit(&pt, compare_leaf, &seen));
    for (u64 i = 0; i < PAGES; i++)
        expected += model[i].mapped ? PAGE_4K : 0;
    assert_int_equal(seen, expected);
}

static void compare_some(void)
{
    for (int i = 0; i < 40; i++) {
        u64 at = pick(PAGES);
        struct ptab_leaf leaf;
        bool mapped = ptab_lookup(&pt, window + at * PAGE_4K + pick(PAGE_4K), &leaf);
        assert_int_equal(mapped, model[at].mapped);
        u64 into = window + at * PAGE_4K - leaf.va;
        assert_true(into < leaf.size);
        if (mapped) {
            assert_int_equal(leaf.pa.v + into, model[at].pa);
            assert_int_equal(leaf.flags, model[at].flags);
        }
    }
}

/* What the TLB still holds after the flush must be what the tables say, to the page's size. */
static void invalidate(void)
{
    for (size_t i = 0; i < array_size(tlb); i++) {
        struct ptab_leaf *t = &tlb[i], now;
        bool told = flush.needed && t->va <= flush.last && t->va + t->size - 1 >= flush.from;
        if (t->size && !told) {
            assert_true(ptab_lookup(&pt, t->va, &now));
            assert_int_equal(now.va, t->va);
            assert_int_equal(now.pa.v, t->pa.v);
            assert_int_equal(now.size, t->size);
            assert_int_equal(now.flags, t->flags);
        }
        if (!t->size || told || i % 16 == 0)
            if (!ptab_lookup(&pt, window + pick(WINDOW), t))
                t->size = 0;
    }
    assert_null(ptab_release(&pt, &flush));
    assert_int_equal(live, pt.tables);
}

struct range {
    u64 at, size; /* bytes into the window */
};

static struct range random_range(void)
{
    static const u64 grain[] = {PAGE_4K, PAGE_4K, PAGE_2M, PAGE_2M, 64 * PAGE_2M, PAGE_1G};
    u64 g = grain[pick(array_size(grain))];
    u64 at = pick(WINDOW) / g * g, size = (pick(6) + 1) * (pick(2) ? g : PAGE_4K);
    return (struct range){at, min_u64(size, WINDOW - at)};
}

static u32 random_flags(void)
{
    static const u32 type[] = {PT_WB, PT_WB, PT_UC, PT_WC};
    u32 flags = PT_R | type[pick(4)];
    return flags | (u32)pick(4) << 1 | (u32)pick(4) << 5; /* W, X; accessed, dirty */
}

static bool any(struct range r, bool mapped)
{
    for (u64 i = r.at / PAGE_4K; i < (r.at + r.size) / PAGE_4K; i++)
        if (model[i].mapped == mapped)
            return true;
    return false;
}

/* The largest page that holds `va`, lies in the range, and is aligned on both sides. */
static u64 expected_size(struct range r, u64 pa, u64 va, u64 largest)
{
    for (u64 size = largest; size > PAGE_4K; size >>= 9) {
        u64 base = align_down(va, size);
        if (base >= window + r.at && base + (size - 1) <= window + r.at + (r.size - 1) &&
            is_aligned(pa - (window + r.at), size))
            return size;
    }
    return PAGE_4K;
}

static void do_map(struct range r)
{
    u64 pa = pick(2) ? pick(1 << 24) * PAGE_4K : pick(1 << 14) * PAGE_1G + r.at;
    bool small = r.size < 64 * MiB && !pick(8);
    u32 flags = random_flags();
    bool refuse = any(r, true);
    const char *said =
        ptab_map(&pt, window + r.at, hpa(pa), r.size, flags | (small ? PT_SMALL : 0u), &flush);
    assert_int_equal(said != NULL, refuse);
    if (refuse)
        return;
    for (u64 i = 0; i < r.size / PAGE_4K; i++)
        model[r.at / PAGE_4K + i] = (struct page){pa + i * PAGE_4K, flags, true};
    for (int i = 0; i < 20; i++) {
        u64 va = window + r.at + pick(r.size);
        struct ptab_leaf leaf;
        assert_true(ptab_lookup(&pt, va, &leaf));
        assert_int_equal(leaf.size, expected_size(r, pa, va, small ? PAGE_4K : pt.page_max));
    }
}

static void do_unmap(struct range r)
{
    assert_null(ptab_unmap(&pt, window + r.at, r.size, &flush));
    memset(&model[r.at / PAGE_4K], 0, r.size / PAGE_4K * sizeof model[0]);
}

static void do_protect(struct range r)
{
    u32 flags = random_flags();
    bool refuse = any(r, false);
    const char *said = ptab_protect(&pt, window + r.at, r.size, flags, &flush);
    assert_int_equal(said != NULL, refuse);
    for (u64 i = 0; !refuse && i < r.size / PAGE_4K; i++) {
        struct page *page = &model[r.at / PAGE_4K + i];
        page->flags = flags | (page->flags & (PT_ACCESSED | PT_DIRTY));
    }
}

static void do_split(struct range r)
{
    u64 page = pick(3) || r.size > PAGE_1G ? PAGE_2M : PAGE_4K;
    assert_null(ptab_split(&pt, window + r.at, r.size, page, &flush));
    for (int i = 0; i < 20; i++) {
        struct ptab_leaf leaf;
        (void)ptab_lookup(&pt, window + r.at + pick(r.size), &leaf);
        assert_true(hpa_is_none(leaf.pa) || leaf.size <= page);
    }
}

/* Alike but for what hardware notes; the next smaller size is not asked for by the model. */
static bool alike(const struct page *page, u64 count)
{
    for (u64 i = 0; i < count; i++)
        if (!page[i].mapped || page[i].pa != page[0].pa + i * PAGE_4K ||
            (page[i].flags ^ page[0].flags) & ~(u32)(PT_ACCESSED | PT_DIRTY))
            return false;
    return is_aligned(page[0].pa, count * PAGE_4K);
}

static void do_merge(struct range r)
{
    u64 page = pick(2) ? PAGE_2M : PAGE_1G, va = align_down(window + r.at, page);
    if (va < window || va + (page - 1) - window >= WINDOW)
        return;
    struct page *first = &model[(va - window) / PAGE_4K];
    struct ptab_leaf leaf;
    const char *said = ptab_merge(&pt, va, page, &flush);
    if (said)
        return;
    assert_true(alike(first, page / PAGE_4K));
    for (u64 i = 0; i < page / PAGE_4K; i++)
        first[i].flags |= PT_ACCESSED | PT_DIRTY;
    assert_true(ptab_lookup(&pt, va, &leaf));
    assert_int_equal(leaf.size, page);
}

static void live_randomly(const struct ptab_format *format, u64 page_max, u64 at, int rounds)
{
    start(format, page_max);
    window = at;
    memset(model, 0, sizeof model);
    memset(tlb, 0, sizeof tlb);
    for (int i = 0; i < rounds; i++) {
        struct range r = random_range();
        switch (pick(10)) {
        case 0 ... 3:
            do_map(r);
            break;
        case 4 ... 5:
            do_unmap(r);
            break;
        case 6 ... 7:
            do_protect(r);
            break;
        case 8:
            do_split(r);
            break;
        default:
            do_merge(r);
            break;
        }
        if (pick(4))
            invalidate(); /* else let several changes share a flush */
        compare_some();
        if (i % 50 == 0)
            compare_all();
    }
    compare_all();
    do_unmap((struct range){0, WINDOW});
    invalidate();
    assert_int_equal(pt.tables, format == &sv39x4 ? 4 : 1);
    finish();
}

static void test_random_life(void **state)
{
    (void)state;
    srand(3);
    live_randomly(&ptab_x86, PAGE_1G, 0xffffff7f40000000, 1500); /* across a root entry */
    live_randomly(&ptab_x86, PAGE_2M, 0 - WINDOW, 500);          /* up to the top */
    live_randomly(&ptab_ept, PAGE_1G, 0x7fc0000000 - 4 * MiB, 1500);
    live_randomly(&ptab_ept, PAGE_4K, 0, 100);
    live_randomly(&ptab_npt, PAGE_1G, 0x1000000000000 - WINDOW, 1000);
    live_randomly(&sv39x4, PAGE_1G, 0, 1000);
}

/* --- frames run out --- */

static void prepare(void)
{
    window = 0x7f40000000;
    memset(model, 0, sizeof model);
    start(&ptab_ept, PAGE_1G);
    for (u64 gib = 0; gib < 2; gib++) {
        struct range r = {gib * GiB, gib ? PAGE_2M : GiB};
        assert_null(ptab_map(&pt, window + r.at, hpa(r.at), r.size, PT_R | PT_W, &flush));
        for (u64 i = 0; i < r.size / PAGE_4K; i++)
            model[r.at / PAGE_4K + i] = (struct page){r.at + i * PAGE_4K, PT_R | PT_W, true};
    }
}

static const char *scarce_map(void)
{
    return ptab_map(&pt, window + GiB + 64 * MiB + PAGE_4K, hpa(4 * GiB), 6 * MiB, PT_R, &flush);
}

/* From a hole in front of all tables, with tables of every level to be made. */
static const char *scarce_map_across(void)
{
    return ptab_map(&pt, window - 3 * PAGE_4K, hpa(4 * GiB), 3 * PAGE_4K, PT_R, &flush);
}

static const char *scarce_unmap(void)
{
    return ptab_unmap(&pt, window + 5 * PAGE_4K, GiB - PAGE_4K, &flush);
}

static const char *scarce_protect(void)
{
    return ptab_protect(&pt, window + 5 * PAGE_4K, GiB, PT_R, &flush);
}

static const char *scarce_split(void)
{
    return ptab_split(&pt, window + 5 * PAGE_2M, 2 * PAGE_2M, PAGE_4K, &flush);
}

static size_t run_dry(const char *(*change)(void))
{
    for (size_t frames = 0;; frames++) {
        prepare();
        assert_null(ptab_release(&pt, &flush));
        budget = frames;
        const char *said = change();
        if (said) {
            assert_non_null(strstr(said, "no memory is left"));
            compare_all();
        }
        assert_null(ptab_release(&pt, &flush));
        assert_int_equal(live, pt.tables);
        finish();
        if (!said)
            return frames;
    }
}

static void test_frames_run_out(void **state)
{
    (void)state;
    struct ptab other;
    assert_int_equal(run_dry(scarce_map), 4);
    assert_int_equal(run_dry(scarce_map_across), 2);
    assert_int_equal(run_dry(scarce_unmap), 3);
    assert_int_equal(run_dry(scarce_protect), 3);
    assert_int_equal(run_dry(scarce_split), 3);
    budget = 0;
    assert_non_null(ptab_init(&other, &ptab_ept, &pool_frames, PAGE_4K, 1 << 30));
}

/* --- another core walks meanwhile --- */

static volatile bool stop;
static u64 walks;

static void *walk_all_the_time(void *unused)
{
    (void)unused;
    struct ptab_leaf leaf;
    for (u64 at = 0; !stop; at = (at + 0x1357000) % (4 * PAGE_2M)) {
        if (!ptab_lookup(&pt, at, &leaf))
            return "a page was gone for a moment";
        if (leaf.pa.v + (at - leaf.va) != PAGE_1G + at || !(leaf.flags & PT_R))
            return "a page was wrong for a moment";
        __atomic_add_fetch(&walks, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* As an acknowledged invalidation does: the other core has finished the walk it was in. */
static void other_core_has_walked(void)
{
    u64 before = __atomic_load_n(&walks, __ATOMIC_SEQ_CST);
    for (long spin = 0; spin < 100000000 && __atomic_load_n(&walks, __ATOMIC_SEQ_CST) < before + 2;)
        spin++;
}

static void test_nothing_flickers(void **state)
{
    (void)state;
    pthread_t other;
    void *said;
    start(&ptab_ept, PAGE_2M);
    assert_null(ptab_map(&pt, 0, hpa(PAGE_1G), 4 * PAGE_2M, PT_R | PT_X, &flush));
    stop = false;
    pthread_create(&other, NULL, walk_all_the_time, NULL);
    for (u64 i = 0; i < 400; i++) {
        u64 va = i % 4 * PAGE_2M;
        assert_null(ptab_split(&pt, va, PAGE_2M, PAGE_4K, &flush));
        assert_null(ptab_protect(&pt, va + 0x5000, PAGE_2M - 0x7000, PT_R | PT_W, &flush));
        assert_null(ptab_protect(&pt, va, PAGE_2M, PT_R | PT_X, &flush));
        assert_null(ptab_merge(&pt, va, PAGE_2M, &flush));
        other_core_has_walked();
        assert_null(ptab_release(&pt, &flush));
    }
    stop = true;
    pthread_join(other, &said);
    assert_null(said);
    finish();
}

static int make_pool(void **state)
{
    (void)state;
    pool = mmap(NULL, POOL * PAGE_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pool == MAP_FAILED;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_by_hand),
        cmocka_unit_test(test_the_wandering_pat_bit),
        cmocka_unit_test(test_a_gigabyte_is_one_entry),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_only_alike_neighbours_merge),
        cmocka_unit_test(test_random_life),
        cmocka_unit_test(test_frames_run_out),
        cmocka_unit_test(test_nothing_flickers),
    };
    return cmocka_run_group_tests_name("ptab", tests, make_pool, NULL);
}
