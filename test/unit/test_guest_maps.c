/* SPDX-License-Identifier: MIT */
/* guest_maps: every port and every MSR, against the layouts of APM 2, 15.10.1 and 15.11, and of SDM
 * 3, 25.6.9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "vm_fake.h"
#include "arch/x86/guest.h"
#include "arch/x86/guest_maps.h"
#include "svm/vmcb.h"
#include "vmx/vmx_caps.h"

#define RANGE 0x2000u

static u8 ports[GUEST_PORTS_SIZE], msrs[GUEST_MSRS_SIZE];
static const u32 starts[3] = {0, 0xc0000000, 0xc0010000};

/* The manual's table, written out: which byte a range begins at. */
static const u32 bytes[3] = {0x000, 0x800, 0x1000};

static unsigned bits_of(u32 range, u32 n)
{
    return msrs[bytes[range] + n / 4] >> (n % 4 * 2) & 3; /* 1: read exits, 2: write exits */
}

/* What the policy passes, by the policy itself. */
static u8 passed[3][RANGE];

static void record(void *nothing, u32 msr, bool read, bool write)
{
    (void)nothing;
    for (u32 r = 0; r < 3; r++)
        if (msr >= starts[r] && msr - starts[r] < RANGE)
            passed[r][msr - starts[r]] = (u8)(read | write << 1);
}

static const struct guest_msr_layout amd = SVM_MSR_LAYOUT, intel = VMX_MSR_LAYOUT;

static bool never(u32 msr)
{
    return msr == 0x10 || msr == 0x277 || msr == 0xc0000080; /* TSC, PAT, EFER */
}

static bool switched(u32 msr)
{
    return !never(msr);
}

static void every_msr_is_as_the_policy_says(void **state)
{
    unsigned free = 0;
    (void)state;
    memset(passed, 0, sizeof passed);
    guest_msr_passed(record, NULL);
    guest_maps_fill(&amd, switched, ports, msrs);
    for (u32 r = 0; r < 3; r++) {
        for (u32 n = 0; n < RANGE; n++) {
            unsigned expected = never(starts[r] + n) ? 3 : 3 & ~(unsigned)passed[r][n];
            assert_int_equal(bits_of(r, n), expected);
            free += expected != 3;
        }
    }
    assert_true(free >= 5);                 /* the system call's registers and FS, GS at least */
    assert_int_equal(bits_of(1, 0x102), 0); /* KERNEL_GS_BASE */
    assert_int_equal(bits_of(2, 0x117), 3); /* VM_HSAVE_PA */
    for (u32 i = 0x1800; i < GUEST_MSRS_SIZE; i++)
        assert_int_equal(msrs[i], 0xff); /* reserved */
}

static void each_msr_has_its_own_bits(void **state)
{
    (void)state;
    for (u32 r = 0; r < 3; r++) {
        for (u32 n = 0; n < RANGE; n += 7) {
            memset(msrs, 0, sizeof msrs);
            assert_true(guest_map_msr(&amd, msrs, starts[r] + n, true, false));
            assert_int_equal(bits_of(r, n), 1);
            assert_true(guest_map_msr(&amd, msrs, starts[r] + n, false, true));
            assert_int_equal(bits_of(r, n), 2);
            msrs[bytes[r] + n / 4] = 0;
            for (u32 i = 0; i < GUEST_MSRS_SIZE; i++)
                assert_int_equal(msrs[i], 0);
        }
    }
}

static void other_msrs_have_none(void **state)
{
    static const u32 others[] = {0x2000,     0x40000000, 0xbfffffff, 0xc0002000,
                                 0xc000ffff, 0xc0012000, 0xffffffff};
    (void)state;
    memset(msrs, 0x5a, sizeof msrs);
    for (unsigned i = 0; i < array_size(others); i++)
        assert_false(guest_map_msr(&amd, msrs, others[i], true, true));
    for (u32 i = 0; i < GUEST_MSRS_SIZE; i++)
        assert_int_equal(msrs[i], 0x5a);
}

/* Intel's page: reads of the low and of the high range, then writes, 1 KiB each. */
static void intels_page_has_four_parts(void **state)
{
    static const u32 first[2] = {0, 0xc0000000};
    (void)state;
    for (u32 r = 0; r < 2; r++) {
        for (u32 n = 0; n < RANGE; n += 7) {
            memset(msrs, 0, sizeof msrs);
            assert_true(guest_map_msr(&intel, msrs, first[r] + n, true, false));
            assert_int_equal(msrs[r * 0x400 + n / 8], 1 << n % 8);
            assert_true(guest_map_msr(&intel, msrs, first[r] + n, false, true));
            assert_int_equal(msrs[r * 0x400 + n / 8], 0);
            assert_int_equal(msrs[0x800 + r * 0x400 + n / 8], 1 << n % 8);
        }
    }
    assert_false(guest_map_msr(&intel, msrs, 0x2000, true, true));
    assert_false(guest_map_msr(&intel, msrs, 0xc0002000, true, true));
    assert_false(guest_map_msr(&intel, msrs, 0xc0010000, true, true));
}

static void every_port_exits_but_the_post_code(void **state)
{
    (void)state;
    guest_maps_fill(&amd, switched, ports, msrs);
    for (u32 port = 0; port < 0x10000; port++)
        assert_int_equal(ports[port / 8] >> (port % 8) & 1, port != 0x80);
    for (u32 i = 0x2000; i < GUEST_PORTS_SIZE; i++)
        assert_int_equal(ports[i], 0xff); /* 4 bytes at port FFFFh go beyond */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_msr_is_as_the_policy_says),
        cmocka_unit_test(each_msr_has_its_own_bits),
        cmocka_unit_test(other_msrs_have_none),
        cmocka_unit_test(intels_page_has_four_parts),
        cmocka_unit_test(every_port_exits_but_the_post_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
