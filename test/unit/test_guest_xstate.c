/* SPDX-License-Identifier: MIT */
/* XSETBV with all its checks, and the sizes of XSAVE areas over a made-up layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "arch/x86/guest_xstate.h"
#include "guest_fake.h"

static struct guest guest;

static bool xsetbv(u32 which, u64 value)
{
    guest.gpr[GPR_RCX] = 0xffffffff00000000 | which;
    guest.gpr[GPR_RAX] = 0xffffffff00000000 | (u32)value;
    guest.gpr[GPR_RDX] = 0xffffffff00000000 | value >> 32;
    return !fake_gp(&guest, guest_xsetbv(&guest));
}

/* SDM volume 1, 13.3, said the long way round. */
static bool allowed(u64 value, u64 have)
{
    bool x87 = value & 1, sse = value & 2, avx = value & 4;
    bool k = value & 0x20, zmm = value & 0x40, high = value & 0x80;

    for (unsigned bit = 0; bit < 64; bit++) {
        if ((value >> bit & 1) && !(have >> bit & 1))
            return false;
    }
    if (!x87 || (avx && !sse))
        return false;
    if (k || zmm || high)
        return k && zmm && high && avx;
    return true;
}

static void test_every_low_value(void **state)
{
    static const u64 haves[] = {0, 1, 3, 7, 0xe7, 0x207, 0x2e7};
    (void)state;
    fake_host = recorded_named("bochs corei7_skylake_x");
    for (unsigned i = 0; i < array_size(haves); i++) {
        fake_guest(&guest, 0, 1, 1000000, 0);
        fake_table.xcr0_allowed = haves[i];
        for (u64 value = 0; value < 0x1000; value++) {
            u64 before = guest.xcr0;
            assert_int_equal(xsetbv(0, value), allowed(value, haves[i]));
            assert_int_equal(guest.xcr0, allowed(value, haves[i]) ? value : before);
        }
        for (unsigned bit = 10; bit < 64; bit++)
            assert_false(xsetbv(0, 3 | 1ull << bit));
    }
}

static void test_who_and_which(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs corei7_skylake_x");
    fake_guest(&guest, 0, 1, 1000000, 0);
    for (u32 bit = 0; bit < 32; bit++)
        assert_false(xsetbv(1u << bit, 1));
    for (fake_cpl = 1; fake_cpl < 4; fake_cpl++)
        assert_false(xsetbv(0, 3));
    fake_cpl = 0;
    assert_int_equal(guest.xcr0, 1);
    assert_true(xsetbv(0, 0xe7));
    assert_int_equal(guest.xcr0, 0xe7);
}

static void test_what_of_the_host(void **state)
{
    (void)state;
    assert_int_equal(guest_xcr0_of_host(~0ull), 0x2e7);
    assert_int_equal(guest_xcr0_of_host(7), 7);
    assert_int_equal(guest_xcr0_of_host(0x1f), 7);        /* MPX */
    assert_int_equal(guest_xcr0_of_host(0x602e7), 0x2e7); /* AMX */
    assert_int_equal(guest_xcr0_of_host(0x67), 7);        /* a part of AVX-512 */
    assert_int_equal(guest_xcr0_of_host(0xe3), 3);        /* without AVX */
}

static void test_sizes(void **state)
{
    static struct guest_cpuid table;
    (void)state;
    table = (struct guest_cpuid){0};
    table.xstate[2] = (struct cpuid){100, 576, 0, 0};
    table.xstate[5] = (struct cpuid){64, 1088, 2, 0}; /* on 64 bytes when compact */
    table.xstate[9] = (struct cpuid){8, 2688, 0, 0};
    assert_int_equal(guest_xstate_size(&table, 0), 576);
    assert_int_equal(guest_xstate_size(&table, 3), 576);
    assert_int_equal(guest_xstate_size(&table, 7), 676);
    assert_int_equal(guest_xstate_size(&table, 0x203), 2696);
    assert_int_equal(guest_xstate_size(&table, 0x27), 1152);
    assert_int_equal(guest_xstate_compact_size(&table, 3), 576);
    assert_int_equal(guest_xstate_compact_size(&table, 7), 676);
    assert_int_equal(guest_xstate_compact_size(&table, 0x27), 704 + 64);
    assert_int_equal(guest_xstate_compact_size(&table, 0x203), 584);
    assert_int_equal(guest_xstate_compact_size(&table, 0x227), 776);
    assert_int_equal(guest_xstate_size(&table, ~0ull),
                     2696); /* others cost nothing, read nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_low_value),
        cmocka_unit_test(test_who_and_which),
        cmocka_unit_test(test_what_of_the_host),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
