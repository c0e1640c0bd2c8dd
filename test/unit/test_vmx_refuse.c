/* SPDX-License-Identifier: MIT */
/* vmx_caps: who is refused and why; the command line; other cores; recorded and nested machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/recorded_cpus.h"
#include "test/unit/vmx_machine.h"

/* The sets of real KVM guests (nested VMX on, host without APICv) look like this. */
static struct vmx_msrs kvm_nested(void)
{
    struct vmx_msrs m = ideal();
    m.cpuid_1_ecx |= 1u << 31;
    m.cpuid_7_ecx = 0;
    m.present &= ~(3u << 18);
    *cap_at(&m, 0x480) = 0x00d8100011e57ed0;
    *cap_at(&m, 0x481) = 0x0000007f00000016;
    *cap_at(&m, 0x482) = 0xfff9fffe0401e172;
    *cap_at(&m, 0x483) = 0x007fefff00036dff;
    *cap_at(&m, 0x484) = 0x0000d3ff000011ff;
    *cap_at(&m, 0x485) = 0x0000000020000165;
    *cap_at(&m, 0x48b) = 0x0217503a00000000 | 1ull << HIGH(0) | 1ull << HIGH(7);
    *cap_at(&m, 0x48c) = 0x00000f0106734141;
    *cap_at(&m, 0x48d) = 0x0000007f00000016;
    *cap_at(&m, 0x48e) = 0xfff9fffe04006172;
    *cap_at(&m, 0x48f) = 0x007fefff00036dfb;
    *cap_at(&m, 0x490) = 0x0000d3ff000011fb;
    *cap_at(&m, 0x492) = *cap_at(&m, 0x493) = 0;
    return m;
}

static void test_no_vmx(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    m.cpuid_1_ecx = 0;
    assert_false(negotiate(&m));
    assert_refused("no-vmx");
    assert_null(strstr(report.refusal.text, "nested virtualization"));
    assert_int_equal(report.count, 0);
    m.cpuid_1_ecx = 1u << 31;
    assert_false(negotiate(&m));
    assert_refused("no-vmx");
    assert_non_null(strstr(report.refusal.text, "nested virtualization"));
    m = ideal();
    m.present = 0;
    assert_false(negotiate(&m));
    assert_refused("no-vmx");
    m = ideal();
    *cap_at(&m, 0x487) = 0;
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");
    m = ideal();
    *cap_at(&m, 0x489) &= ~BIT(13);
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");
}

/* 24.7: VMXON needs lock and bit 2; unlocked is ours to set. */
static void test_feature_control(void **state)
{
    (void)state;
    static const struct {
        u64 value;
        bool present, ready, open, note;
    } cases[] = {
        {5,        true,  true,  false, false}, /* on and locked */
        {7,        true,  true,  false, false}, /* in SMX, too */
        {1,        true,  false, false, false}, /* locked off */
        {3,        true,  false, false, false}, /* in SMX only */
        {0,        true,  true,  true,  true }, /* untouched */
        {4,        true,  true,  true,  false}, /* on, not locked */
        {2,        true,  true,  true,  true }, /* in SMX, not locked */
        {0x100001, true,  false, false, false},
        {0,        false, true,  false, false}, /* no such register */
    };
    for (unsigned c = 0; c < array_size(cases); c++) {
        struct vmx_msrs m = ideal();
        m.feature_control = cases[c].value;
        m.feature_control_present = cases[c].present;
        assert_int_equal(negotiate(&m), cases[c].ready);
        assert_int_equal(report.count, VMX_FEATURES - 1);
        if (!cases[c].ready) {
            assert_refused("vmx-disabled");
            assert_non_null(strstr(report.refusal.text, "Intel Virtualization Technology"));
            assert_non_null(strstr(report.refusal.text, "Vanderpool"));
            continue;
        }
        assert_int_equal(caps.open_feature_control, cases[c].open);
        assert_int_equal(report.note[0] != '\0', cases[c].note);
    }
    assert_int_equal(vmx_feature_control_open(0x100002), 0x100007);
    /* Switched off is told before what is missing. */
    struct vmx_msrs m = ideal();
    m.feature_control = 1;
    *cap_at(&m, 0x48b) = 0;
    assert_false(negotiate(&m));
    assert_refused("vmx-disabled");
    m.cpuid_1_ecx |= 1u << 31;
    assert_false(negotiate(&m));
    assert_refused("vmx-disabled");
    assert_non_null(strstr(report.refusal.text, "nested virtualization"));
}

static void test_regions(void **state)
{
    (void)state;
    static const struct {
        u64 size, type;
        bool good;
    } cases[] = {
        {4096, 6, true },
        {1024, 6, true },
        {1,    6, true },
        {0,    6, false},
        {4097, 6, false},
        {8191, 6, false},
        {4096, 0, false},
        {1024, 4, false}
    };
    for (unsigned c = 0; c < array_size(cases); c++) {
        struct vmx_msrs m = ideal();
        *cap_at(&m, 0x480) = 4 | cases[c].size << 32 | cases[c].type << 50 | 3ull << 54;
        assert_int_equal(negotiate(&m), cases[c].good);
        if (cases[c].good)
            assert_int_equal(caps.region_size, cases[c].size);
        else
            assert_refused("vmx-region");
    }
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x480) |= BIT(48);
    assert_false(negotiate(&m));
    assert_refused("vmx-region");
    /* Bit 31 is no part of the revision (A.1). */
    m = ideal();
    *cap_at(&m, 0x480) |= BIT(31);
    assert_true(negotiate(&m));
    assert_int_equal(caps.revision, 4);
}

static void test_nested_under_kvm(void **state)
{
    (void)state;
    struct vmx_msrs m = kvm_nested();
    assert_true(negotiate(&m));
    assert_int_equal(caps.revision, 0x11e57ed0);
    assert_true(caps.has[VMX_VPID] && caps.has[VMX_PML] && caps.has[VMX_CR3_LOAD_FREE]);
    assert_false(caps.has[VMX_VIRTUAL_DELIVERY] || caps.has[VMX_POSTED_INTERRUPTS] ||
                 caps.has[VMX_SECONDARY_EXIT]);
    assert_int_equal(caps.timer_shift, 5);
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(7));
    assert_false(negotiate(&m));
    assert_refused("no-unrestricted-guest");
    assert_non_null(strstr(report.refusal.text, "the hypervisor outside"));
}

/* PLATFORM.md's row of machines; "" is ready. */
static void test_recorded_models(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reason;
    } expected[] = {
        {"bochs pentium",                   "no-vmx"               },
        {"bochs amd_k6_2_chomper",          "no-vmx"               },
        {"bochs p4_prescott_celeron_336",   "no-vmx"               },
        {"bochs core_duo_t2400_yonah",      "vmx-region"           },
        {"bochs athlon64_venice",           "no-vmx"               },
        {"bochs ryzen",                     "no-vmx"               },
        {"bochs core2_penryn_t9600",        "no-ept"               },
        {"bochs corei5_lynnfield_750",      "no-unrestricted-guest"},
        {"bochs corei5_arrandale_m520",     ""                     },
        {"bochs corei7_sandy_bridge_2600k", ""                     },
        {"bochs corei7_ivy_bridge_3770k",   ""                     },
        {"bochs corei7_haswell_4770",       ""                     },
        {"bochs broadwell_ult",             ""                     },
        {"bochs corei7_skylake_x",          ""                     },
        {"bochs corei3_cnl",                ""                     },
        {"bochs corei7_icelake_u",          ""                     },
        {"bochs tigerlake",                 ""                     },
        {"qemu EPYC,+svm,+npt",             "no-vmx"               },
    };
    for (unsigned e = 0; e < array_size(expected); e++) {
        const struct recorded_cpu *cpu = NULL;
        for (unsigned i = 0; i < array_size(recorded_cpus); i++)
            if (strcmp(recorded_cpus[i].name, expected[e].name) == 0)
                cpu = &recorded_cpus[i];
        assert_non_null(cpu);
        bool ready = negotiate(&cpu->vmx);
        assert_int_equal(ready, expected[e].reason[0] == '\0');
        assert_string_equal(report.refusal.reason, expected[e].reason);
    }
}

/* What PLATFORM.md measured of the lane's model, and of its bigger sister. */
static void test_recorded_haswell_and_skylake(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(recorded_cpus); i++) {
        bool haswell = strcmp(recorded_cpus[i].name, "bochs corei7_haswell_4770") == 0;
        bool skylake = strcmp(recorded_cpus[i].name, "bochs corei7_skylake_x") == 0;
        if (!haswell && !skylake)
            continue;
        assert_true(negotiate(&recorded_cpus[i].vmx));
        static const enum vmx_feature both[] = {VMX_EPT_2M,
                                                VMX_EPT_1G,
                                                VMX_EPT_AD,
                                                VMX_EPT_EXECUTE_ONLY,
                                                VMX_VPID,
                                                VMX_UNRESTRICTED,
                                                VMX_TPR_SHADOW,
                                                VMX_APIC_ACCESSES,
                                                VMX_APIC_REGISTERS,
                                                VMX_VIRTUAL_DELIVERY,
                                                VMX_PREEMPTION_TIMER,
                                                VMX_TSC_OFFSET,
                                                VMX_PAUSE_LOOP,
                                                VMX_CARE};
        for (unsigned f = 0; f < array_size(both); f++)
            assert_true(caps.has[both[f]]);
        assert_int_equal(caps.has[VMX_PML], skylake);
        assert_int_equal(caps.has[VMX_TSC_SCALING], skylake);
        assert_false(caps.has[VMX_POSTED_INTERRUPTS] || caps.has[VMX_TERTIARY]);
    }
}

static void test_wishes(void **state)
{
    (void)state;
    struct vmx_wishes wishes;
    char error[FEATURES_ERROR_MAX];
    assert_true(features_parse(&vmx_feature_table, "", wishes.off, error, sizeof error));
    assert_memory_equal(&wishes, &no_wishes, sizeof wishes);
    assert_true(features_parse(&vmx_feature_table, "-vpid,-ple,", wishes.off, error, sizeof error));
    assert_true(wishes.off[VMX_VPID] && wishes.off[VMX_PAUSE_LOOP] && !wishes.off[VMX_EPT]);

    assert_false(
        features_parse(&vmx_feature_table, "-vpid,-warp", wishes.off, error, sizeof error));
    assert_memory_equal(&wishes, &no_wishes, sizeof wishes);
    assert_non_null(strstr(error, "vmx=-warp: no such feature"));
    for (unsigned i = 0; i < array_size(bits); i++)
        assert_non_null(strstr(error, bits[i].name));
    assert_non_null(strstr(error, "apicv"));
    assert_string_equal(error + strlen(error) - 4, "care"); /* not cut off */

    assert_false(features_parse(&vmx_feature_table, "vpid", wishes.off, error, sizeof error));
    assert_non_null(strstr(error, "minus"));
    static const char *const wrong[] = {"-",      ",",          "-vpi",  "-vpidd", "-,-vpid",
                                        "--vpid", "-vpid -ple", "-VPID", "+vpid"};
    for (unsigned i = 0; i < array_size(wrong); i++)
        assert_false(features_parse(&vmx_feature_table, wrong[i], wishes.off, error, sizeof error));

    char endless[5000], small[16];
    memset(endless, 'x', sizeof endless);
    endless[0] = '-';
    endless[sizeof endless - 1] = '\0';
    assert_false(features_parse(&vmx_feature_table, endless, wishes.off, error, sizeof error));
    assert_string_equal(error + strlen(error) - 4, "care");
    assert_false(features_parse(&vmx_feature_table, endless, wishes.off, small, sizeof small));
    assert_int_equal(strlen(small), sizeof small - 1);
}

static void test_other_cores(void **state)
{
    (void)state;
    struct vmx_msrs boot = ideal(), core = ideal();
    *cap_at(&boot, 0x48b) &= ~BIT(HIGH(17));
    assert_true(negotiate(&boot));
    assert_true(vmx_core_fits(&boot, &caps, &report));
    assert_true(vmx_core_fits(&core, &caps, &report)); /* more than the first is good */

    *cap_at(&core, 0x48b) &= ~BIT(HIGH(5));
    assert_false(vmx_core_fits(&core, &caps, &report));
    assert_refused("core-differs");
    assert_non_null(strstr(report.refusal.text, "'enable VPID' (PROCBASED_CTLS2[37]=0)"));

    core = ideal();
    *cap_at(&core, 0x480) ^= 1;
    assert_false(vmx_core_fits(&core, &caps, &report));
    assert_refused("core-differs");

    core = ideal();
    *cap_at(&core, 0x48e) |= BIT(12);
    assert_false(vmx_core_fits(&core, &caps, &report));
    assert_refused("core-differs");

    core = ideal();
    core.feature_control = 1;
    assert_false(vmx_core_fits(&core, &caps, &report));
    assert_refused("vmx-disabled");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_vmx),          cmocka_unit_test(test_feature_control),
        cmocka_unit_test(test_regions),         cmocka_unit_test(test_nested_under_kvm),
        cmocka_unit_test(test_recorded_models), cmocka_unit_test(test_recorded_haswell_and_skylake),
        cmocka_unit_test(test_wishes),          cmocka_unit_test(test_other_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
