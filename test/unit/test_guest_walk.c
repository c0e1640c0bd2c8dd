/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/guest_walk: random walks, made from properties ("not writable at level 2") into the bits
 * of each format, against the verdict that follows from the properties; and the formats' corners.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/guest_fetch.h"
#include "lib/bits.h"

#define RAM_SIZE 0x10000
static u8 ram[RAM_SIZE] aligned(4096);
static unsigned exchanges, refuse_exchange;

static bool ram_exchange(void *entry, u64 old, u64 new, unsigned size)
{
    u64 now = 0;
    assert_in_range((u8 *)entry - ram, 0, RAM_SIZE - size);
    memcpy(&now, entry, size);
    if (refuse_exchange || now != old)
        return false;
    memcpy(entry, &new, size);
    exchanges++;
    return true;
}

/* In two pieces, in the other order than their addresses'. */
static struct vm_piece pieces[2];
static struct guest_memory memory = {pieces, pieces + 2, NULL};
static struct guest_memory marking = {pieces, pieces + 2, ram_exchange};

static int place(void **state)
{
    (void)state;
    direct_base = (u64)(uintptr_t)ram;
    pieces[0] = (struct vm_piece){gpa(0x2000), hpa(0x2000), RAM_SIZE - 0x2000};
    pieces[1] = (struct vm_piece){gpa(0), hpa(0), 0x2000};
    return 0;
}

static u64 random_state = 1;

static u64 random64(void) /* splitmix64 */
{
    u64 z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static bool chance(unsigned in)
{
    return random64() % in == 0;
}

/* --- the model ----------------------------------------------------------------------------------
 */

enum format { LEGACY, PAE, FOUR, FIVE };

/* What one entry says. */
struct says {
    bool present, writable, user, no_execute, reserved;
};

struct model {
    enum format format;
    unsigned levels, leaf_level;
    struct says says[6];
    bool wp, smep, smap, nxe, pke;
    unsigned access, key;
    u32 pkru;
    u64 linear, frame;
};

static unsigned shift_of(const struct model *m, unsigned level)
{
    static const u8 legacy[3] = {0, 12, 22}, wide[6] = {0, 12, 21, 30, 39, 48};
    return m->format == LEGACY ? legacy[level] : wide[level];
}

static struct model random_model(void)
{
    struct model m = {.format = (enum format)(random64() & 3)};
    static const u8 levels[4] = {2, 3, 4, 5};
    m.levels = levels[m.format];
    m.leaf_level = chance(3) ? 2 : chance(4) && m.levels > 3 ? 3 : 1;
    m.wp = random64() & 1;
    m.smep = chance(3);
    m.smap = chance(3);
    m.nxe = m.format != LEGACY && random64() & 1;
    m.pke = chance(3);
    m.key = random64() & 15;
    m.pkru = (u32)random64();
    static const u8 kinds[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH};
    m.access =
        kinds[random64() % 3] | (random64() & 1 ? ACCESS_USER : 0) | (chance(3) ? ACCESS_AC : 0);
    for (unsigned level = m.leaf_level; level <= m.levels; level++) {
        bool pdpte = m.format == PAE && level == 3;
        m.says[level] = (struct says){!chance(20), pdpte || !chance(6), pdpte || !chance(5),
                                      !pdpte && m.nxe && chance(8), chance(25)};
        if (m.format == LEGACY && level != 2)
            m.says[level].reserved = false;
    }
    if (m.format == LEGACY && m.leaf_level == 1)
        m.says[2].reserved = false;
    bool wide = m.format >= FOUR;
    u64 linear = random64();
    m.linear = m.format == FIVE ? (u64)((s64)(linear << 7) >> 7)
               : wide           ? (u64)((s64)(linear << 16) >> 16)
                                : linear & MASK(31, 0);
    m.frame = random64() & MASK(39, 0) & ~(BIT(shift_of(&m, m.leaf_level)) - 1);
    if (m.format == LEGACY && m.leaf_level == 1)
        m.frame &= MASK(31, 0);
    return m;
}

/* A bit that the format reserves at this level, with 40 bits of physical address. */
static u64 reserved_bit(const struct model *m, unsigned level)
{
    bool leaf = level == m->leaf_level;
    if (m->format == LEGACY)
        return BIT(21);
    if (m->format == PAE && level == 3)
        return random64() & 1 ? BIT(1 + random64() % 2) : BIT(5 + random64() % 4);
    if (level > 3 && random64() & 1)
        return BIT(7);
    if (leaf && level > 1 && random64() & 1)
        return BIT(13 + random64() % (level == 2 ? 8 : 17));
    if (!m->nxe && random64() & 1)
        return BIT(63);
    if (m->format == PAE && random64() & 1)
        return BIT(52 + random64() % 11);
    return BIT(40 + random64() % 12);
}

/* Level n's table stands in page n. */
static void build(const struct model *m)
{
    memset(ram, 0, sizeof ram);
    for (unsigned level = m->levels; level >= m->leaf_level; level--) {
        const struct says *s = &m->says[level];
        bool leaf = level == m->leaf_level, pdpte = m->format == PAE && level == 3;
        u64 entry = leaf ? m->frame : (level - 1) * 0x1000ull;
        if (leaf && m->format == LEGACY && level == 2)
            entry = (m->frame & MASK(31, 22)) | (m->frame >> 32 & 0xff) << 13;
        entry |= s->present ? 1 : 0;
        if (!pdpte)
            entry |= (s->writable ? 2 : 0) | (s->user ? 4 : 0);
        entry |= s->no_execute ? BIT(63) : 0;
        entry |= leaf && level > 1 ? BIT(7) : 0;
        entry |= leaf && m->format >= FOUR ? (u64)m->key << 59 : 0;
        entry |= s->reserved ? reserved_bit(m, level) : 0;
        unsigned bits = m->format == LEGACY ? 10
                        : pdpte             ? 2
                                            : 9,
                 size = m->format == LEGACY ? 4 : 8;
        u64 index = m->linear >> shift_of(m, level) & ((1u << bits) - 1);
        memcpy(ram + level * 0x1000 + index * size, &entry, size);
    }
}

static struct guest_paging registers(const struct model *m)
{
    struct guest_paging p = {.phys_bits = 40, .page_1g = true, .pkru = m->pkru};
    p.cr0 = BIT(31) | 1 | (m->wp ? BIT(16) : 0);
    p.cr3 = m->levels * 0x1000 | (m->format >= FOUR ? 0x123 : 0x18);
    p.cr4 = (m->format == LEGACY ? BIT(4) : BIT(5)) | (m->format == FIVE ? BIT(12) : 0) |
            (m->smep ? BIT(20) : 0) | (m->smap ? BIT(21) : 0) | (m->pke ? BIT(22) : 0);
    p.efer = (m->format >= FOUR ? BIT(8) | BIT(10) : 0) | (m->nxe ? BIT(11) : 0);
    return p;
}

/* -1: no fault; else the error code, as SDM volume 3, 4.6 and 4.7 have it. */
static int expected(const struct model *m)
{
    bool user = m->access & ACCESS_USER, write = m->access & ACCESS_WRITE;
    bool fetch = m->access & ACCESS_FETCH;
    int common = (write ? 2 : 0) | (user ? 4 : 0) | (fetch && (m->smep || m->nxe) ? 16 : 0);
    bool all_writable = true, all_user = true, any_nx = false;
    for (unsigned level = m->levels; level >= m->leaf_level; level--) {
        if (!m->says[level].present)
            return common;
        if (m->says[level].reserved)
            return common | 1 | 8;
        all_writable &= m->says[level].writable;
        all_user &= m->says[level].user;
        any_nx |= m->says[level].no_execute;
    }
    bool key = false, right = false;
    if (m->pke && m->format >= FOUR && all_user && !fetch) {
        bool ad = m->pkru >> (2 * m->key) & 1, wd = m->pkru >> (2 * m->key + 1) & 1;
        key = ad || (wd && write && (user || m->wp));
    }
    if (user)
        right = !all_user || (write && !all_writable) || (fetch && any_nx);
    else if (fetch)
        right = any_nx || (m->smep && all_user);
    else
        right =
            (m->smap && all_user && !(m->access & ACCESS_AC)) || (write && m->wp && !all_writable);
    return key || right ? common | 1 | (key ? 32 : 0) : -1;
}

static void test_against_the_model(void **state)
{
    (void)state;
    unsigned good = 0;
    for (unsigned n = 0; n < 300000; n++) {
        struct model m = random_model();
        build(&m);
        struct guest_paging p = registers(&m);
        struct guest_fault fault = {0};
        gpa_t at = gpa(0);
        enum walk_verdict verdict = guest_walk(&p, &memory, m.linear, m.access, &at, NULL, &fault);
        int error = expected(&m);
        u64 target = m.frame | (m.linear & (BIT(shift_of(&m, m.leaf_level)) - 1));
        bool as_expected = error < 0 ? verdict == WALK_OK && at.v == target
                                     : verdict == WALK_FAULT && fault.vector == 14 &&
                                           fault.error == (u32)error && fault.address == m.linear;
        if (!as_expected)
            fail_msg("walk %u, format %u, leaf %u, access %u: verdict %d error %x at %llx, "
                     "expected %x %llx",
                     n, m.format, m.leaf_level, m.access, verdict, fault.error,
                     (unsigned long long)at.v, error, (unsigned long long)target);
        good += error < 0;
    }
    assert_in_range(good, 50000, 250000); /* both outcomes are well met */
}

/* --- corners
 * --------------------------------------------------------------------------------------- */

static void put64(u64 at, u64 value)
{
    memcpy(ram + at, &value, 8);
}

/* Four levels: 0x401000 maps to 0x8000, and 0x402000 to nothing; P W U all along. */
static struct guest_paging four_levels(void)
{
    memset(ram, 0, sizeof ram);
    put64(0x4000, 0x3007);
    put64(0x3000, 0x2007);
    put64(0x2000 + 2 * 8, 0x1007);
    put64(0x1000 + 8, 0x8007);
    return (struct guest_paging){.cr0 = BIT(31) | BIT(16) | 1,
                                 .cr3 = 0x4000,
                                 .cr4 = BIT(5),
                                 .efer = BIT(10) | BIT(11),
                                 .phys_bits = 40};
}

static enum walk_verdict walk(const struct guest_paging *p, const struct guest_memory *from,
                              u64 linear, unsigned access, u64 *at, struct guest_fault *fault)
{
    gpa_t got = gpa(0);
    enum walk_verdict verdict = guest_walk(p, from, linear, access, &got, NULL, fault);
    *at = got.v;
    return verdict;
}

static void test_no_paging(void **state)
{
    (void)state;
    struct guest_paging p = {.cr0 = 1};
    struct guest_fault fault;
    u64 at;
    assert_int_equal(walk(&p, &memory, 0x123456789, ACCESS_WRITE, &at, &fault), WALK_OK);
    assert_int_equal(at, 0x23456789);
}

static void test_large_pages_need_their_feature(void **state)
{
    (void)state;
    struct guest_paging p = {.cr0 = BIT(31), .cr3 = 0x2000, .cr4 = BIT(4), .phys_bits = 36};
    struct guest_fault fault;
    u64 at;
    memset(ram, 0, sizeof ram);
    /* PSE: bits 16:13 are address bits 35:32, bit 17 is reserved with 36 bits */
    *(u32 *)(void *)(ram + 0x2004) = 0x00c1e087;
    assert_int_equal(walk(&p, &memory, 0x456789, ACCESS_READ, &at, &fault), WALK_OK);
    assert_int_equal(at, 0xf00c56789);
    *(u32 *)(void *)(ram + 0x2004) = 0x00c20087;
    assert_int_equal(walk(&p, &memory, 0x456789, ACCESS_READ, &at, &fault), WALK_FAULT);
    assert_int_equal(fault.error, 9);
    /* without PSE the bit means nothing, and the entry names a table */
    p.cr4 = 0;
    *(u32 *)(void *)(ram + 0x2004) = 0x00001087;
    *(u32 *)(void *)(ram + 0x1000 + 0x56 * 4) = 0x00009003;
    assert_int_equal(walk(&p, &memory, 0x456789, ACCESS_READ, &at, &fault), WALK_OK);
    assert_int_equal(at, 0x9789);
    /* a 1G page without the feature: reserved */
    p = four_levels();
    put64(0x3000, 0x40000087);
    assert_int_equal(walk(&p, &memory, 0x401000, ACCESS_READ, &at, &fault), WALK_FAULT);
    assert_int_equal(fault.error, 9);
    p.page_1g = true;
    assert_int_equal(walk(&p, &memory, 0x401000, ACCESS_READ, &at, &fault), WALK_OK);
    assert_int_equal(at, 0x40401000);
}

static void test_pdptes_in_registers(void **state)
{
    (void)state;
    u64 pdptes[4] = {0, 0, 0x2001, 0}, at;
    struct guest_paging p = {
        .cr0 = BIT(31), .cr3 = 0xfffff000, .cr4 = BIT(5), .phys_bits = 36, .pdptes = pdptes};
    struct guest_fault fault;
    memset(ram, 0, sizeof ram);
    put64(0x2000, 0x600083);
    assert_int_equal(walk(&p, &memory, 0x80001234, ACCESS_READ, &at, &fault), WALK_OK);
    assert_int_equal(at, 0x601234);
    assert_int_equal(walk(&p, &memory, 0x40001234, ACCESS_READ, &at, &fault), WALK_FAULT);
    p.pdptes = NULL; /* then they are read, and CR3 names no RAM */
    assert_int_equal(walk(&p, &memory, 0x80001234, ACCESS_READ, &at, &fault), WALK_NO_TABLE);
}

static void test_canonical(void **state)
{
    (void)state;
    struct guest_paging p = four_levels();
    struct guest_fault fault;
    u64 at;
    assert_int_equal(walk(&p, &memory, 0x800000000000, ACCESS_READ, &at, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_GP);
    assert_int_equal(walk(&p, &memory, 0xffff800000401000, ACCESS_READ, &at, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_PF);
}

static void test_accessed_and_dirty(void **state)
{
    (void)state;
    struct guest_paging p = four_levels();
    struct guest_fault fault;
    u64 at, leaf;
    exchanges = 0;
    assert_int_equal(walk(&p, &memory, 0x401000, ACCESS_WRITE, &at, &fault), WALK_OK);
    assert_int_equal(ram[0x1008], 0x07); /* not asked for */
    assert_int_equal(walk(&p, &marking, 0x401000, ACCESS_READ, &at, &fault), WALK_OK);
    assert_int_equal(exchanges, 4);
    assert_int_equal(ram[0x1008], 0x27);
    assert_int_equal(walk(&p, &marking, 0x401000, ACCESS_WRITE, &at, &fault), WALK_OK);
    assert_int_equal(exchanges, 5); /* the leaf alone */
    memcpy(&leaf, ram + 0x1008, 8);
    assert_int_equal(leaf, 0x8067);
    assert_int_equal(ram[0x4000], 0x27);
    assert_int_equal(walk(&p, &marking, 0x402000, ACCESS_WRITE, &at, &fault), WALK_FAULT);
    assert_int_equal(exchanges, 5);
    p = four_levels();
    refuse_exchange = 1;
    assert_int_equal(walk(&p, &marking, 0x401000, ACCESS_READ, &at, &fault), WALK_AGAIN);
    refuse_exchange = 0;
}

static struct fetch_cache cache;

static const struct decode_mode mode_64 = {64, false};

static enum walk_verdict fetch(const struct guest_paging *p, u64 linear, struct insn *insn,
                               struct guest_fault *fault)
{
    const struct decoded *code;
    enum walk_verdict verdict =
        guest_fetch(&cache, p, &memory, linear, false, mode_64, &code, fault);
    if (verdict == WALK_OK)
        *insn = code->insn;
    return verdict;
}

static void test_fetch(void **state)
{
    (void)state;
    struct guest_paging p = four_levels();
    struct guest_fault fault;
    struct insn insn;
    const u8 mov[] = {0xc7, 0x45, 0x10, 1, 2, 3, 4}; /* MOV DWORD [RBP+16], imm32 */
    memset(ram + 0x8000, 0x66, 0x1000);
    /* whole on the first page: the second is never looked at */
    memcpy(ram + 0x9000 - 7, mov, 7);
    assert_int_equal(fetch(&p, 0x402000 - 7, &insn, &fault), WALK_OK);
    assert_int_equal(insn.length, 7);
    /* half on the second page, which is not there */
    memcpy(ram + 0x9000 - 3, mov, 3);
    assert_int_equal(fetch(&p, 0x402000 - 3, &insn, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_PF);
    assert_int_equal(fault.error, 0x10);
    assert_int_equal(fault.address, 0x402000);
    /* what is no instruction already does not ask for it */
    ram[0x8fff] = 0x06;
    assert_int_equal(fetch(&p, 0x401fff, &insn, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_UD);
    memcpy(ram + 0x9000 - 3, mov, 3);
    /* and which stands elsewhere */
    put64(0x1010, 0xa007);
    memcpy(ram + 0xa000, mov + 3, 4);
    assert_int_equal(fetch(&p, 0x402000 - 3, &insn, &fault), WALK_OK);
    assert_int_equal(insn.length, 7);
    assert_int_equal(insn.imm, 0x04030201);
    /* no instruction, too long a one, and code outside RAM */
    ram[0xa000] = 0x06;
    assert_int_equal(fetch(&p, 0x402000, &insn, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_UD);
    assert_false(fault.has_error);
    assert_int_equal(fetch(&p, 0x401000, &insn, &fault), WALK_FAULT);
    assert_int_equal(fault.vector, VECTOR_GP);
    put64(0x1008, 0x70000007);
    assert_int_equal(fetch(&p, 0x401000, &insn, &fault), WALK_NO_TABLE);
    put64(0x1008, 0x8007 | BIT(63));
    assert_int_equal(fetch(&p, 0x401000, &insn, &fault), WALK_FAULT);
    assert_int_equal(fault.error, 0x11);
}

static bool is_known(const struct guest_paging *p, u64 linear, bool user)
{
    return guest_fetch_known(&cache, p, linear, user, mode_64);
}

static void test_remembered(void **state)
{
    (void)state;
    struct guest_paging p = four_levels();
    const struct decoded *code;
    struct guest_fault fault;
    memset(&cache, 0, sizeof cache);
    ram[0x8000] = 0x90; /* NOP */
    assert_false(is_known(&p, 0x401000, false));
    /* the first walk has marked the entries; the second one found them so */
    for (unsigned i = 0; i < 2; i++) {
        assert_false(is_known(&p, 0x401000, false));
        assert_int_equal(guest_fetch(&cache, &p, &marking, 0x401000, false, mode_64, &code, &fault),
                         WALK_OK);
    }
    assert_true(is_known(&p, 0x401000, false));
    assert_ptr_equal(guest_fetch_known(&cache, &p, 0x401000, false, mode_64), code);
    assert_false(is_known(&p, 0x401000, true));
    assert_false(is_known(&p, 0x402000, false));
    assert_null(guest_fetch_known(&cache, &p, 0x401000, false, (struct decode_mode){32, false}));
    assert_null(guest_fetch_known(&cache, &p, 0x401000, false, (struct decode_mode){64, true}));
    u64 *const registers[] = {&p.cr0, &p.cr3, &p.cr4, &p.efer};
    for (unsigned i = 0; i < array_size(registers); i++) {
        *registers[i] ^= BIT(16);
        assert_false(is_known(&p, 0x401000, false));
        *registers[i] ^= BIT(16);
    }
    static const u16 watched[] = {0x4000, 0x3000, 0x2010, 0x1008, 0x8000};
    for (unsigned i = 0; i < array_size(watched); i++) {
        ram[watched[i]] ^= 0x20;
        assert_false(is_known(&p, 0x401000, false));
        ram[watched[i]] ^= 0x20;
    }
    assert_true(is_known(&p, 0x401000, false));
    ram[0x8001] ^= 0xff; /* not of the instruction */
    assert_true(is_known(&p, 0x401000, false));
}

/* Code, tables and registers change at random, a little at a time: what is remembered is never
 * other than what a fetch without memory finds. */
static void test_remembered_is_true(void **state)
{
    (void)state;
    static struct fetch_cache fresh;
    static const u64 addresses[] = {0x401000, 0x401003, 0x401ffb, 0x401ff0, 0x402000, 0x400ffd};
    static const u16 tables[] = {0x4000, 0x3000, 0x2010, 0x1000, 0x1008, 0x1010};
    static const u8 flips[] = {0, 1, 2, 5, 7, 12, 13, 63};
    unsigned hits = 0;
    for (unsigned n = 0; n < 200000; n++) {
        static struct guest_paging p;
        if (n % 40 == 0) {
            p = four_levels();
            put64(0x1000, 0xb007);
            put64(0x1010, 0xa007);
            for (unsigned i = 0x8000; i < 0xc000; i++)
                ram[i] = chance(2) ? 0x90 : (u8)random64();
        }
        u64 linear = addresses[random64() % array_size(addresses)];
        bool user = chance(4);
        struct guest_fault fault = {0}, other_fault = {0};
        const struct decoded *other, *code;
        if (chance(30))
            *(u64 *)(void *)(ram + tables[random64() % array_size(tables)]) ^=
                BIT(flips[random64() % array_size(flips)]);
        if (chance(10))
            ram[0x8000 + (random64() & 0x2007)] = (u8)random64();
        if (chance(20))
            p.cr4 ^= BIT(20);
        memset(&fresh, 0, sizeof fresh);
        enum walk_verdict verdict = WALK_OK;
        code = guest_fetch_known(&cache, &p, linear, user, mode_64);
        hits += !!code;
        for (unsigned i = 0; (!i && !code) || verdict == WALK_AGAIN; i++) /* tables in themselves */
            verdict = guest_fetch(&cache, &p, &marking, linear, user, mode_64, &code, &fault);
        assert_int_equal(verdict, guest_fetch(&fresh, &p, &marking, linear, user, mode_64, &other,
                                              &other_fault));
        assert_int_equal(fault.vector, other_fault.vector);
        assert_int_equal(fault.error, other_fault.error);
        assert_int_equal(fault.address, other_fault.address);
        if (verdict == WALK_OK)
            assert_memory_equal(&code->insn, &other->insn, sizeof code->insn);
    }
    assert_in_range(hits, 10000, 190000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_model),
        cmocka_unit_test(test_no_paging),
        cmocka_unit_test(test_large_pages_need_their_feature),
        cmocka_unit_test(test_pdptes_in_registers),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_accessed_and_dirty),
        cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_remembered_is_true),
    };
    return cmocka_run_group_tests_name("guest_walk", tests, place, NULL);
}
