/* SPDX-License-Identifier: MIT */
/* Guests' MSRs: every number's class by a list of its own, every bit of each that can be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "guest_fake.h"

static struct guest guest;

#define INTEL "bochs corei7_skylake_x"
#define AMD   "qemu EPYC,+svm,+npt"

static void machine(const char *host, u32 have)
{
    fake_host = recorded_named(host);
    fake_guest(&guest, have, 2, 3000000, 0);
}

/* False: #GP, and then no register was touched. */
static bool rdmsr(u32 msr, u64 *value)
{
    guest.gpr[GPR_RCX] = 0xffffffff00000000 | msr;
    guest.gpr[GPR_RAX] = guest.gpr[GPR_RDX] = 0x1122334455667788;
    if (fake_gp(&guest, guest_rdmsr(&guest))) {
        assert_int_equal(guest.gpr[GPR_RAX], 0x1122334455667788);
        assert_int_equal(guest.gpr[GPR_RDX], 0x1122334455667788);
        return false;
    }
    assert_int_equal(guest.gpr[GPR_RAX] >> 32 | guest.gpr[GPR_RDX] >> 32, 0);
    *value = guest.gpr[GPR_RDX] << 32 | guest.gpr[GPR_RAX];
    return true;
}

static bool wrmsr(u32 msr, u64 value)
{
    guest.gpr[GPR_RCX] = 0xffffffff00000000 | msr;
    guest.gpr[GPR_RAX] = 0xabcdef0100000000 | (u32)value;
    guest.gpr[GPR_RDX] = 0xabcdef0100000000 | value >> 32;
    return !fake_gp(&guest, guest_wrmsr(&guest));
}

static u64 value_of(u32 msr)
{
    u64 value = 0;
    assert_true(rdmsr(msr, &value));
    return value;
}

/* c: constant, i: constant but writable, s: writable only, e: emulated; beside it the value that a
 * new machine reads. */
static const struct class
{
    char vendor, kind;
    u32 first, last;
    u64 value;
} classes[] = {
    {'*', 'i', 0x000,      0x001,      0                 },
    {'*', 'e', 0x010,      0x010,      ~0ull             }, /* not compared: it runs */
    {'i', 'c', 0x017,      0x017,      0                 },
    {'i', 'c', 0x034,      0x034,      0                 },
    {'i', 'c', 0x03a,      0x03a,      1                 },
    {'*', 'e', 0x03b,      0x03b,      ~0ull             }, /* the write of the TSC moves it */
    {'i', 's', 0x079,      0x079,      0                 },
    {'i', 'i', 0x08b,      0x08b,      0x100000000       },
    {'a', 'c', 0x08b,      0x08b,      0x01000000        },
    {'*', 'c', 0x0fe,      0x0fe,      0x508             },
    {'*', 'e', 0x174,      0x176,      0                 },
    {'*', 'c', 0x179,      0x179,      0                 },
    {'*', 'e', 0x17a,      0x17a,      0                 },
    {'i', 'e', 0x1a0,      0x1a0,      0x1801            },
    {'*', 'e', 0x1d9,      0x1d9,      0                 },
    {'*', 'i', 0x1db,      0x1de,      0                 },
    {'*', 'e', 0x200,      0x20f,      0                 },
    {'*', 'e', 0x250,      0x250,      0x0606060606060606},
    {'*', 'e', 0x258,      0x258,      0x0606060606060606},
    {'*', 'e', 0x259,      0x259,      0                 },
    {'*', 'e', 0x268,      0x26f,      0x0606060606060606},
    {'*', 'e', 0x277,      0x277,      0                 },
    {'*', 'e', 0x2ff,      0x2ff,      0xc06             },
    {'i', 'e', 0xda0,      0xda0,      0                 },
    {'*', 'e', 0xc0000080, 0xc0000084, 0                 },
    {'*', 'e', 0xc0000100, 0xc0000103, 0                 },
    {'a', 'i', 0xc0010000, 0xc0010007, 0                 },
    {'a', 'i', 0xc0010010, 0xc0010010, 0                 },
    {'a', 'i', 0xc0010015, 0xc0010015, 0x1000000         },
    {'a', 'i', 0xc0010016, 0xc001001a, 0                 },
    {'a', 'i', 0xc001001d, 0xc001001d, 0                 },
    {'a', 'i', 0xc001001f, 0xc001001f, 0                 },
    {'a', 's', 0xc0010020, 0xc0010020, 0                 },
    {'a', 'i', 0xc0010055, 0xc0010055, 0                 },
    {'a', 'i', 0xc0010114, 0xc0010114, 0x18              },
    {'a', 'i', 0xc0011022, 0xc0011023, 0                 },
    {'a', 'i', 0xc001102a, 0xc001102a, 0                 },
};

static const struct class *class_of(char vendor, u32 msr)
{
    for (unsigned i = 0; i < array_size(classes); i++) {
        const struct class *row = &classes[i];
        if (msr >= row->first && msr <= row->last && (row->vendor == '*' || row->vendor == vendor))
            return row;
    }
    return NULL;
}

static void check_number(char vendor, u32 msr)
{
    const struct class *row = class_of(vendor, msr);
    u64 value = 0, refused = guest.msr_refused;
    bool read = rdmsr(msr, &value);
    bool write = wrmsr(msr, value);

    assert_int_equal(read, row && row->kind != 's');
    assert_int_equal(write, row && row->kind != 'c');
    assert_int_equal(guest.msr_refused - refused, row ? 0 : 2);
    if (row && read && row->value != ~0ull)
        assert_int_equal(value, row->value);
    if (row && row->kind == 'i') {
        assert_true(wrmsr(msr, ~value));
        assert_int_equal(value_of(msr), value);
    }
}

static void check_all(char vendor, const char *host)
{
    machine(host, ENGINE_TRAITS);
    for (u32 n = 0; n < 0x2000; n++) {
        check_number(vendor, n);
        check_number(vendor, 0xc0000000 + n);
        check_number(vendor, 0xc0010000 + n);
        check_number(vendor, 0x40000000 + n);
        check_number(vendor, ~n);
    }
}

static void test_every_number(void **state)
{
    (void)state;
    check_all('i', INTEL);
    check_all('a', AMD);
}

/* Without the trait, or without the processor's part of it, the register is not there. */
static void test_registers_of_traits(void **state)
{
    u64 value;
    (void)state;
    machine(INTEL, 0);
    assert_false(rdmsr(0xda0, &value) || wrmsr(0xda0, 0));
    assert_false(rdmsr(0xc0000103, &value) || wrmsr(0xc0000103, 0));
    assert_int_equal(guest.msr_refused, 4);
    machine(AMD, ENGINE_TRAITS);
    assert_false(rdmsr(0xda0, &value)); /* no XSAVES there */
    assert_true(rdmsr(0xc0000103, &value));
    /* No recorded processor has user waits, so a Skylake is given them. */
    machine(INTEL, ENGINE_TRAITS);
    assert_false(rdmsr(0xe1, &value));
    fake_table.have |= TRAIT_USER_WAIT;
    assert_true(rdmsr(0xe1, &value) && value == 0);
}

#define ADDRESS 0xfffffff000ull /* the recorded processors have 40 bits */
#define LOW47   0x7fffffffffffull

/* Written over zero, one bit at a time: `accepted` do not raise #GP, `kept` read back. */
static const struct {
    u32 msr;
    char vendor;
    u64 accepted, kept;
} writes[] = {
    {0x174,      '*', 0xffffffff,         ~0ull},
    {0x175,      '*', LOW47,              ~0ull},
    {0x176,      '*', LOW47,              ~0ull},
    {0x17a,      '*', 7,                  ~0ull},
    {0x1a0,      'i', 0x4400c51889,       1    },
    {0x1d9,      '*', 3,                  0    },
    {0x200,      '*', ADDRESS | 5,        ~0ull},
    {0x201,      '*', ADDRESS | 0x800,    ~0ull},
    {0x20e,      '*', ADDRESS | 5,        ~0ull},
    {0x20f,      '*', ADDRESS | 0x800,    ~0ull},
    {0x250,      '*', 0x0505050505050505, ~0ull},
    {0x258,      '*', 0x0505050505050505, ~0ull},
    {0x259,      '*', 0x0505050505050505, ~0ull},
    {0x268,      '*', 0x0505050505050505, ~0ull},
    {0x26f,      '*', 0x0505050505050505, ~0ull},
    {0x277,      '*', 0x0505050505050505, ~0ull},
    {0x2ff,      '*', 0xc05,              ~0ull},
    {0xda0,      'i', 0,                  0    },
    {0xe1,       'i', 0xfffffffd,         ~0ull},
    {0x03b,      '*', ~0ull,              ~0ull},
    {0xc0000080, '*', 0xd01,              0x901}, /* LMA is the processor's; neither has FFXSR */
    {0xc0000081, '*', ~0ull,              ~0ull},
    {0xc0000082, '*', LOW47,              ~0ull},
    {0xc0000083, '*', LOW47,              ~0ull},
    {0xc0000084, '*', 0xffffffff,         ~0ull},
    {0xc0000100, '*', LOW47,              ~0ull},
    {0xc0000101, '*', LOW47,              ~0ull},
    {0xc0000102, '*', LOW47,              ~0ull},
    {0xc0000103, '*', 0xffffffff,         ~0ull},
};

static void check_writes(char vendor, const char *host)
{
    for (unsigned i = 0; i < array_size(writes); i++) {
        u32 msr = writes[i].msr;
        if (writes[i].vendor != '*' && writes[i].vendor != vendor)
            continue;
        machine(host, ENGINE_TRAITS);
        fake_table.have |= TRAIT_USER_WAIT;
        assert_true(wrmsr(msr, 0));
        u64 zero = value_of(msr);
        for (unsigned bit = 0; bit < 64; bit++) {
            u64 value = 1ull << bit;
            bool good = writes[i].accepted & value;
            assert_int_equal(wrmsr(msr, value), good);
            assert_int_equal(value_of(msr), good ? zero | (value & writes[i].kept) : zero);
            assert_true(wrmsr(msr, 0));
        }
    }
}

static void test_every_bit(void **state)
{
    (void)state;
    check_writes('i', INTEL);
    check_writes('a', AMD);
}

static void test_memory_types(void **state)
{
    static const u32 fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    (void)state;
    machine(INTEL, 0);
    for (u64 type = 0; type < 256; type++) {
        bool mtrr = type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
        for (unsigned at = 0; at < 64; at += 8) {
            assert_int_equal(wrmsr(0x277, type << at), mtrr || type == 7);
            for (unsigned i = 0; i < array_size(fixed); i++)
                assert_int_equal(wrmsr(fixed[i], type << at), mtrr);
        }
        assert_int_equal(wrmsr(0x2ff, type), mtrr);
        assert_int_equal(wrmsr(0x206, 0x40000000 | type), mtrr);
    }
    /* Each keeps its own: eleven different values. */
    static const u64 types[] = {0, 1, 4, 5, 6};
    for (unsigned i = 0; i < array_size(fixed); i++)
        assert_true(wrmsr(fixed[i], types[i % 5] | types[i / 5] << 56));
    for (unsigned i = 0; i < array_size(fixed); i++)
        assert_int_equal(value_of(fixed[i]), types[i % 5] | types[i / 5] << 56);
    for (u32 i = 0; i < 16; i++)
        assert_true(wrmsr(0x200 + i, (u64)i << 12 | (i & 1 ? 0x800 : 6)));
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(value_of(0x200 + i), (u64)i << 12 | (i & 1 ? 0x800 : 6));
}

static void test_tsc_and_adjust(void **state)
{
    (void)state;
    machine(INTEL, 0);
    fake_reg[GUEST_TSC_OFFSET] = 1000;
    assert_true(wrmsr(0x3b, 500));
    assert_int_equal(fake_reg[GUEST_TSC_OFFSET], 1500);
    assert_true(wrmsr(0x3b, (u64)-300));
    assert_int_equal(fake_reg[GUEST_TSC_OFFSET], 700);
    assert_int_equal(value_of(0x3b), (u64)-300);

    u64 before = tsc_read();
    assert_true(wrmsr(0x10, 0x123456789abcdef0));
    u64 value = value_of(0x10), after = tsc_read();
    assert_true(value >= 0x123456789abcdef0 && value - 0x123456789abcdef0 <= after - before);
    /* By as much as the clock was moved, the adjustment was. */
    assert_int_equal(value_of(0x3b) - (u64)-300, fake_reg[GUEST_TSC_OFFSET] - 700);
}

static void test_efer(void **state)
{
    (void)state;
    machine(INTEL, 0);
    fake_reg[GUEST_EFER] = 0x500; /* LMA, LME */
    fake_reg[GUEST_CR0] = 0x80000001;
    assert_true(wrmsr(0xc0000080, 0xd01));
    assert_int_equal(fake_reg[GUEST_EFER], 0xd01);
    assert_true(wrmsr(0xc0000080, 0x100)); /* without LMA: it stays */
    assert_int_equal(fake_reg[GUEST_EFER], 0x500);
    assert_false(wrmsr(0xc0000080, 0x400));  /* LME off while paging */
    assert_false(wrmsr(0xc0000080, 0x1500)); /* SVME */
    assert_int_equal(fake_reg[GUEST_EFER], 0x500);
    fake_reg[GUEST_EFER] = 0;
    assert_false(wrmsr(0xc0000080, 0x100)); /* LME on while paging */
    fake_reg[GUEST_CR0] = 1;
    assert_true(wrmsr(0xc0000080, 0x100));
    assert_int_equal(fake_reg[GUEST_EFER], 0x100);
}

static void test_canonical_addresses(void **state)
{
    static const u32 msrs[] = {0x175,      0x176,      0xc0000082, 0xc0000083,
                               0xc0000100, 0xc0000101, 0xc0000102};
    (void)state;
    machine(AMD, 0);
    for (unsigned i = 0; i < array_size(msrs); i++) {
        assert_true(wrmsr(msrs[i], 0xffff800000000000));
        assert_int_equal(value_of(msrs[i]), 0xffff800000000000);
        assert_true(wrmsr(msrs[i], ~0ull));
        assert_false(wrmsr(msrs[i], 0x0000800000000000));
        assert_false(wrmsr(msrs[i], 0xffff7fffffffffff));
        assert_false(wrmsr(msrs[i], 0xfffe800000000000));
        assert_int_equal(value_of(msrs[i]), ~0ull);
    }
}

static struct {
    u32 msr;
    bool read, write;
} passed[64];
static unsigned passed_count;

static void note_passed(void *bitmap, u32 msr, bool read, bool write)
{
    assert_ptr_equal(bitmap, &guest);
    passed[passed_count].msr = msr;
    passed[passed_count].read = read;
    passed[passed_count++].write = write;
}

/* Only what the control block or the switch of vCPUs takes care of; the TSC only to be read. */
static void test_what_is_passed(void **state)
{
    static const u32 both[] = {0x174,      0x175,      0x176,      0x277,
                               0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083,
                               0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102};
    (void)state;
    passed_count = 0;
    guest_msr_passed(note_passed, &guest);
    assert_int_equal(passed_count, array_size(both) + 1);
    assert_int_equal(passed[0].msr, 0x10);
    assert_true(passed[0].read && !passed[0].write);
    for (unsigned i = 0; i < array_size(both); i++) {
        assert_int_equal(passed[i + 1].msr, both[i]);
        assert_true(passed[i + 1].read && passed[i + 1].write);
    }
}

static void test_reset(void **state)
{
    (void)state;
    machine(INTEL, ENGINE_TRAITS);
    assert_true(wrmsr(0x3b, 5) && wrmsr(0x2ff, 0) && wrmsr(0x200, 6) && wrmsr(0x17a, 4));
    assert_true(wrmsr(0x1a0, 0) && wrmsr(0x259, 1) && wrmsr(0xc0000082, 9));
    assert_true(wrmsr(0xc0000102, 9) && wrmsr(0xc0000103, 9));
    guest.xcr0 = 7;
    guest_msr_reset(&guest);
    for (u32 msr = 0x11; msr < 0x1000; msr++) {
        const struct class *row = class_of('i', msr);
        if (row && row->kind == 'e' && msr != 0x3b)
            assert_int_equal(value_of(msr), row->value);
    }
    assert_int_equal(value_of(0xc0000082) | value_of(0xc0000102) | value_of(0xc0000103), 0);
    assert_int_equal(value_of(0x3b), 0);
    assert_int_equal(guest.xcr0, 1);
}

/* Which numbers are the local APIC's, each only with what CPUID says of it. */
static void test_apic_registers(void **state)
{
    static const struct {
        u32 trait, first, last;
    } rows[] = {
        {TRAIT_APIC,         0x1b,       0x1b      },
        {TRAIT_TSC_DEADLINE, 0x6e0,      0x6e0     },
        {TRAIT_X2APIC,       0x800,      0x8ff     },
        {TRAIT_PV,           0x4b564d04, 0x4b564d04},
    };
    u64 value;

    (void)state;
    for (unsigned i = 0; i < array_size(rows); i++) {
        machine(i & 1 ? AMD : INTEL, rows[i].trait);
        for (u32 msr = rows[i].first; msr <= rows[i].last; msr++) {
            assert_true(wrmsr(msr, 0x1234567890 + msr));
            assert_int_equal(fake_apic_msr, msr);
            assert_int_equal(value_of(msr), 0x1234567890 + msr);
            assert_true(wrmsr(msr, 0xbad) == (msr == 0x6e0)); /* any value is a deadline */
        }
        machine(i & 1 ? AMD : INTEL, ~rows[i].trait & (TRAIT_SMP - 1));
        for (u32 msr = rows[i].first; msr <= rows[i].last; msr++)
            assert_false(rdmsr(msr, &value) || wrmsr(msr, 0));
    }
}

/* KVM's documentation, msr.rst: ((TSC - tsc) << shift) * scale >> 32, plus ns; a shift below 0 is
 * to the right. */
static u64 read_clock(const struct pv_clock *clock, u64 tsc)
{
    u64 delta = tsc - clock->tsc;

    delta = clock->shift < 0 ? delta >> -clock->shift : delta << clock->shift;
    return clock->ns + (u64)((unsigned __int128)delta * clock->scale >> 32);
}

static void test_pv_clock(void **state)
{
    struct pv_clock clock;
    struct pv_wall wall;
    static struct vm vm = {.epoch = 1700000000000000007};

    (void)state;
    machine(INTEL, TRAIT_PV);
    guest.vcpu.vm = &vm;
    assert_true(wrmsr(MSR_PV_CLOCK, 16 | 1));
    assert_int_equal(value_of(MSR_PV_CLOCK), 17);
    assert_int_equal(value_of(MSR_PV_CLOCK_OLD), 17);
    memcpy(&clock, fake_memory + 16, sizeof clock);
    assert_int_equal(clock.version & 1, 0);
    assert_int_equal(clock.flags, 1);
    assert_int_equal(read_clock(&clock, clock_tsc_of(0)), 0);
    assert_int_equal(read_clock(&clock, clock_tsc_of(123456789000)), 123456789000);

    /* A guest that sets its TSC back by 500 still reads the same time. */
    assert_true(wrmsr(0x3b, (u64)-500));
    memcpy(&clock, fake_memory + 16, sizeof clock);
    assert_int_equal(read_clock(&clock, clock_tsc_of(1000) - 500), 1000);

    /* Off: nothing is written any more. */
    assert_true(wrmsr(MSR_PV_CLOCK, 16));
    memset(fake_memory, 0x77, sizeof fake_memory);
    assert_true(wrmsr(0x3b, 0));
    assert_int_equal(fake_memory[16], 0x77);

    assert_true(wrmsr(MSR_PV_WALL, 100));
    memcpy(&wall, fake_memory + 100, sizeof wall);
    assert_int_equal(wall.seconds, 1700000000);
    assert_int_equal(wall.ns, 7);

    /* Where there is no memory, or between it and none. */
    assert_false(wrmsr(MSR_PV_CLOCK, (sizeof fake_memory - 28) | 1));
    assert_false(wrmsr(MSR_PV_CLOCK, 1ull << 40 | 1));
    assert_false(wrmsr(MSR_PV_WALL, sizeof fake_memory - 8));
}

/* The scale's 32 bits are all used, and over an hour it errs by less than a microsecond. */
static void test_pv_clock_scale(void **state)
{
    static const u64 rates[] = {1000000,    200000000,  999999999,  1000000000,
                                1000000001, 2299998000, 3400000000, 9999999999};

    (void)state;
    for (unsigned i = 0; i < array_size(rates); i++) {
        struct pv_clock clock = {0};
        pv_clock_scale(rates[i], &clock.scale, &clock.shift);
        assert_true(clock.scale >> 31);
        u64 ns = read_clock(&clock, rates[i] * 3600);
        assert_true(ns <= 3600000000000 && ns > 3600000000000 - 2000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),
        cmocka_unit_test(test_registers_of_traits),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_memory_types),
        cmocka_unit_test(test_tsc_and_adjust),
        cmocka_unit_test(test_efer),
        cmocka_unit_test(test_canonical_addresses),
        cmocka_unit_test(test_what_is_passed),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_apic_registers),
        cmocka_unit_test(test_pv_clock),
        cmocka_unit_test(test_pv_clock_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
