/* SPDX-License-Identifier: MIT */
/*
 * What guests hear of the processor's weaknesses. The bits stand here once more, by the manual's
 * numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "arch/x86/guest_weak.h"
#include "guest_fake.h"

#define BIT_ITS_NO   (1ull << 62)
#define CPUID_WEAK   (1u << 29) /* CPUID.7.EDX */
#define CPUID_HYBRID (1u << 15)
#define CPUID_INSIDE (1u << 31) /* CPUID.1.ECX */
#define HASWELL      0x306c3

static u64 told(u64 host, u32 version, u32 inside, u32 hybrid)
{
    return guest_weak_told(host, (struct cpuid){version, 0, inside, 0},
                           (struct cpuid){0, 0, 0, hybrid});
}

/* Each bit alone: those that say of the processor what is so whoever runs pass, and no other. */
static void test_each_bit(void **state)
{
    static const u8 passes[] = {0, 2, 4, 5, 6, 8, 13, 14, 15, 17, 19, 20, 24, 26, 27, 28};
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        u64 expected = 0;
        for (unsigned i = 0; i < array_size(passes); i++)
            expected |= passes[i] == bit ? 1ull << bit : 0;
        assert_int_equal(told(1ull << bit, HASWELL, 0, 0), expected | BIT_ITS_NO);
    }
}

/* ITS by model, at the edge of its steppings: Linux's list in arch/x86/kernel/cpu/common.c. */
static void test_its(void **state)
{
    /* clang-format off */
    static const struct {
        u32 version;
        bool has;
    } row[] = {
        {0x306a9, false}, {0x306c3, false}, {0x406e3, false}, {0x506e3, false}, {0x50655, false},
        {0x50656, true},  {0x5065b, true},  {0x806eb, false}, {0x806ec, true},  {0x906ec, false},
        {0x906ed, true},  {0x606a0, true},  {0x606a6, true},  {0x606c1, true},  {0x706e5, true},
        {0x806c1, true},  {0x806d1, true},  {0xa0652, true},  {0xa0660, true},  {0xa0671, true},
        {0x90672, false}, {0x906a3, false}, {0xb0671, false}, {0x806f8, false}, {0xc06f2, false},
        {0x806a1, false}, {0x50f56, false}, /* family 15 */
    };
    /* clang-format on */
    (void)state;
    for (unsigned i = 0; i < array_size(row); i++) {
        assert_int_equal(told(0, row[i].version, 0, 0), row[i].has ? 0 : BIT_ITS_NO);
        assert_int_equal(told(BIT_ITS_NO, row[i].version, 0, 0), row[i].has ? 0 : BIT_ITS_NO);
        /* Inside another hypervisor the model says nothing, and that one's word counts. */
        assert_int_equal(told(0, row[i].version, CPUID_INSIDE, 0), 0);
        assert_int_equal(told(BIT_ITS_NO, row[i].version, CPUID_INSIDE, 0), BIT_ITS_NO);
    }
}

/* Of unlike cores one cannot promise for the others; what it admits is told. */
static void test_unlike_cores(void **state)
{
    u64 weak = 1ull << 2 | 1ull << 17 | 1ull << 19 | 1ull << 28;
    (void)state;
    assert_int_equal(told(~0ull, 0x906a3, 0, CPUID_HYBRID), weak | BIT_ITS_NO);
    assert_int_equal(told(~0ull, 0x906a3, CPUID_INSIDE, CPUID_HYBRID), weak | BIT_ITS_NO);
}

/* CPUID shows the register where it is, on Intel's only. */
static void test_register(void **state)
{
    static struct guest guest;
    (void)state;
    for (unsigned i = 0; i < array_size(recorded_cpuids); i++) {
        fake_host = recorded_cpuids[i].leaf;
        bool amd = recorded_host(0, 0).ecx == 0x444d4163, shown = recorded_host(0, 0).eax >= 7;
        for (u32 have = 0; have <= TRAIT_WEAK; have += TRAIT_WEAK) {
            u32 out[4];
            fake_guest(&guest, have, 1, 3000000, 0);
            fake_table.weak = 0x123456789;
            guest_cpuid_leaf(&guest, 7, 0, out);
            assert_int_equal(out[3] & CPUID_WEAK, have && shown && !amd ? CPUID_WEAK : 0);
            guest.gpr[GPR_RCX] = 0x10a;
            guest.gpr[GPR_RAX] = guest.gpr[GPR_RDX] = 0;
            assert_int_equal(fake_gp(&guest, guest_rdmsr(&guest)), !(out[3] & CPUID_WEAK));
            if (out[3] & CPUID_WEAK)
                assert_int_equal(guest.gpr[GPR_RDX] << 32 | guest.gpr[GPR_RAX], 0x123456789);
            assert_true(fake_gp(&guest, guest_wrmsr(&guest)));
        }
    }
}

/* The value is the machine's, as it was made. */
static void test_value(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs corei7_skylake_x");
    struct guest_traits traits = {TRAIT_WEAK, 1, 3000000, recorded_host, 0x4000000000000011};
    guest_cpuid_init(&fake_table, &traits);
    assert_int_equal(fake_table.weak, 0x4000000000000011);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bit),     cmocka_unit_test(test_its),
        cmocka_unit_test(test_unlike_cores), cmocka_unit_test(test_register),
        cmocka_unit_test(test_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
