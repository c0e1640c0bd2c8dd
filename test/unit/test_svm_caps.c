/* SPDX-License-Identifier: MIT */
/* svm_caps: from CPUID and VM_CR to the features or a named refusal; bits from APM vol. 3 E.4.9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/log_capture.h"
#include "test/unit/recorded_cpus.h"

static const struct svm_wishes no_wishes;
static struct svm_caps caps;
static struct preflight report;

static struct svm_regs ideal(void)
{
    return (struct svm_regs){.max_extended = 0x80000021,
                             .cpuid_7_ecx = 1u << 2,
                             .cpuid_80000001_ecx = 1u << 2,
                             .cpuid_80000001_edx = 1u << 26 | 1u << 27 | 1u << 29,
                             .cpuid_8000000a_eax = 1,
                             .cpuid_8000000a_ebx = 32768,
                             .cpuid_8000000a_edx = 0xffffffff,
                             .phys_bits = 48,
                             .vm_cr_present = true};
}

static bool negotiate(const struct svm_regs *regs)
{
    return svm_negotiate(regs, &no_wishes, &caps, &report);
}

static bool negotiate_with(const struct svm_regs *regs, const char *option)
{
    struct svm_wishes wishes;
    char error[FEATURES_ERROR_MAX];
    assert_true(features_parse(&svm_feature_table, option, wishes.off, error, sizeof error));
    return svm_negotiate(regs, &wishes, &caps, &report);
}

static void assert_refused(const char *reason)
{
    assert_false(preflight_ready(&report));
    assert_string_equal(report.refusal.reason, reason);
    assert_true(strlen(report.refusal.text) > 40);
    assert_true(strlen(report.refusal.text) < sizeof report.refusal.text - 1);
}

static const struct preflight_row *row_of(const char *name)
{
    for (unsigned i = 0; i < report.count; i++)
        if (strcmp(report.row[i].name, name) == 0)
            return &report.row[i];
    fail_msg("no row %s", name);
    return NULL;
}

static const struct {
    enum svm_feature feature;
    const char *name;
    unsigned bit; /* of 8000_000A EDX */
} bits[] = {
    {SVM_NPT,             "npt",             0 },
    {SVM_LBR,             "lbr",             1 },
    {SVM_NRIPS,           "nrips",           3 },
    {SVM_TSC_RATIO,       "tsc-ratio",       4 },
    {SVM_VMCB_CLEAN,      "vmcb-clean",      5 },
    {SVM_FLUSH_BY_ASID,   "flush-by-asid",   6 },
    {SVM_DECODE_ASSISTS,  "decode-assists",  7 },
    {SVM_PAUSE_FILTER,    "pause-filter",    10},
    {SVM_PAUSE_THRESHOLD, "pause-threshold", 12},
    {SVM_AVIC,            "avic",            13},
    {SVM_VIRTUAL_VMLOAD,  "virtual-vmload",  15},
    {SVM_VGIF,            "vgif",            16},
    {SVM_GMET,            "gmet",            17},
    {SVM_X2AVIC,          "x2avic",          18},
    {SVM_SPEC_CTRL,       "spec-ctrl",       20},
    {SVM_VNMI,            "vnmi",            25},
    {SVM_IDLE_HLT,        "idle-hlt",        30},
};

static void test_ideal_machine(void **state)
{
    (void)state;
    struct svm_regs regs = ideal();
    assert_true(negotiate(&regs));
    for (unsigned i = 1; i < SVM_FEATURES; i++)
        assert_true(caps.has[i]);
    assert_int_equal(caps.asids, 32768);
    assert_int_equal(caps.phys_bits, 48);
    assert_int_equal(report.count, SVM_FEATURES - 1);
}

static void test_each_bit_removed_and_forced_off(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(bits); i++) {
        struct svm_regs regs = ideal();
        char text[40];
        bool required = bits[i].feature == SVM_NPT;
        regs.cpuid_8000000a_edx &= ~(1u << bits[i].bit);
        assert_int_equal(negotiate(&regs), !required);
        assert_false(caps.has[bits[i].feature]);
        snprintf(text, sizeof text, "8000000A_EDX[%u]=0", bits[i].bit);
        assert_string_equal(row_of(bits[i].name)->where, text);
        if (required)
            assert_refused("no-npt");

        regs = ideal();
        snprintf(text, sizeof text, "-%s", bits[i].name);
        assert_int_equal(negotiate_with(&regs, text), !required);
        assert_false(caps.has[bits[i].feature]);
        snprintf(text, sizeof text, "svm=-%s", bits[i].name);
        assert_string_equal(row_of(bits[i].name)->where, text);
        if (required)
            assert_refused("no-npt");
    }
    struct svm_regs regs = ideal();
    regs.cpuid_80000001_edx = 0;
    assert_true(negotiate(&regs));
    assert_false(caps.has[SVM_NPT_1G] || caps.has[SVM_RDTSCP]);
    assert_string_equal(row_of("npt-1g")->where, "80000001_EDX[26]=0");
    assert_string_equal(row_of("rdtscp")->where, "80000001_EDX[27]=0");
}

static void test_what_needs_what(void **state)
{
    (void)state;
    struct svm_regs regs = ideal();
    assert_true(negotiate_with(&regs, "-avic"));
    assert_false(caps.has[SVM_X2AVIC]);
    assert_int_equal(row_of("x2avic")->have, HAVE_MOOT);
    assert_true(negotiate_with(&regs, "-pause-filter"));
    assert_false(caps.has[SVM_PAUSE_THRESHOLD]);
    assert_true(negotiate_with(&regs, "-apicv,-ple"));
    assert_false(caps.has[SVM_AVIC] || caps.has[SVM_X2AVIC] || caps.has[SVM_PAUSE_FILTER] ||
                 caps.has[SVM_PAUSE_THRESHOLD]);
    assert_true(caps.has[SVM_NRIPS]);
    assert_true(negotiate_with(&regs, "-nrips,-decode-assists,-flush-by-asid"));
    assert_false(caps.has[SVM_NRIPS] || caps.has[SVM_DECODE_ASSISTS] ||
                 caps.has[SVM_FLUSH_BY_ASID]);
}

static void test_no_svm(void **state)
{
    (void)state;
    struct svm_regs regs = ideal();
    regs.cpuid_80000001_ecx = ~(1u << 2);
    assert_false(negotiate(&regs));
    assert_refused("no-svm");
    assert_int_equal(report.count, 0);
    regs.cpuid_1_ecx = 1u << 31;
    assert_false(negotiate(&regs));
    assert_refused("no-svm");
    assert_non_null(strstr(report.refusal.text, "nested"));
    regs = ideal();
    regs.max_extended = 0x80000000; /* what 8000_0001 then says is not to be believed */
    assert_false(negotiate(&regs));
    assert_refused("no-svm");
    assert_non_null(strstr(report.refusal.text, "this processor has no SVM"));
    regs.max_extended = 0x80000009;
    assert_false(negotiate(&regs));
    assert_refused("no-svm");
    regs.max_extended = 0x8000000a;
    assert_true(negotiate(&regs));
}

/* 15.4 and 15.30.1: SVMDIS is bit 4, LOCK bit 3. */
static void test_vm_cr(void **state)
{
    (void)state;
    struct svm_regs regs = ideal();
    regs.vm_cr = 0x18;
    assert_false(negotiate(&regs));
    assert_refused("svm-disabled");
    assert_non_null(strstr(report.refusal.text, "SVM Mode"));
    assert_non_null(strstr(report.refusal.text, "with a key"));
    assert_int_equal(report.count, SVM_FEATURES - 1);
    regs.cpuid_8000000a_edx &= ~(1u << 2);
    assert_false(negotiate(&regs));
    assert_null(strstr(report.refusal.text, "with a key"));
    regs.cpuid_8000000a_edx = 0; /* switched off is told before what is missing */
    assert_false(negotiate(&regs));
    assert_refused("svm-disabled");

    regs = ideal();
    regs.vm_cr = 0x10;
    assert_true(negotiate(&regs));
    assert_non_null(strstr(report.note, "not locked"));
    regs.vm_cr = 0x08;
    assert_true(negotiate(&regs));
    assert_string_equal(report.note, "");
    regs.vm_cr = 0x18;
    regs.vm_cr_present = false;
    assert_true(negotiate(&regs));
}

static void test_asids(void **state)
{
    (void)state;
    struct svm_regs regs = ideal();
    for (u32 asids = 0; asids < 4; asids++) {
        regs.cpuid_8000000a_ebx = asids;
        assert_int_equal(negotiate(&regs), asids >= 2);
        if (asids < 2)
            assert_refused("no-asids");
        else
            assert_int_equal(caps.asids, asids);
    }
}

static void test_recorded_models(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reason;
    } expected[] = {
        {"bochs athlon64_venice",     "no-svm"},
        {"bochs amd_k6_2_chomper",    "no-svm"},
        {"bochs turion64_tyler",      "no-npt"},
        {"bochs phenom_8650_toliman", ""      },
        {"bochs zambezi",             ""      },
        {"bochs trinity_apu",         ""      },
        {"bochs ryzen",               ""      },
        {"bochs corei7_haswell_4770", "no-svm"},
        {"qemu EPYC,+svm,+npt",       ""      },
        {"qemu EPYC,-svm",            "no-svm"},
        {"qemu qemu64",               "no-npt"},
    };
    for (unsigned e = 0; e < array_size(expected); e++) {
        const struct recorded_cpu *cpu = NULL;
        for (unsigned i = 0; i < array_size(recorded_cpus); i++)
            if (strcmp(recorded_cpus[i].name, expected[e].name) == 0)
                cpu = &recorded_cpus[i];
        assert_non_null(cpu);
        bool ready = negotiate(&cpu->svm);
        assert_int_equal(ready, expected[e].reason[0] == '\0');
        assert_string_equal(report.refusal.reason, expected[e].reason);
        /* PLATFORM.md: what QEMU's emulation lacks, and the decoder is for. */
        if (strcmp(cpu->name, "qemu EPYC,+svm,+npt") == 0)
            assert_false(caps.has[SVM_NRIPS] || caps.has[SVM_DECODE_ASSISTS] ||
                         caps.has[SVM_AVIC] || caps.has[SVM_FLUSH_BY_ASID]);
        if (strcmp(cpu->name, "bochs ryzen") == 0)
            assert_true(caps.has[SVM_NRIPS] && caps.has[SVM_FLUSH_BY_ASID]);
    }
}

static void test_wishes(void **state)
{
    (void)state;
    struct svm_wishes wishes;
    char error[FEATURES_ERROR_MAX];
    assert_true(features_parse(&svm_feature_table, "-vnmi", wishes.off, error, sizeof error));
    assert_true(wishes.off[SVM_VNMI]);
    assert_false(features_parse(&svm_feature_table, "-vpid", wishes.off, error, sizeof error));
    assert_non_null(strstr(error, "svm=-vpid: no such feature"));
    for (unsigned i = 0; i < array_size(bits); i++)
        assert_non_null(strstr(error, bits[i].name));
    assert_memory_equal(&wishes, &no_wishes, sizeof wishes);
}

static void test_other_cores(void **state)
{
    (void)state;
    struct svm_regs core = ideal();
    assert_true(negotiate_with(&core, "-avic"));
    assert_true(svm_core_fits(&core, &caps, &report));
    core.cpuid_8000000a_edx &= ~(1u << 13);
    core.cpuid_8000000a_edx &= ~(1u << 18);
    assert_true(svm_core_fits(&core, &caps, &report));
    core.cpuid_8000000a_edx &= ~(1u << 3);
    assert_false(svm_core_fits(&core, &caps, &report));
    assert_refused("core-differs");
    core = ideal();
    core.cpuid_8000000a_ebx = 16;
    assert_false(svm_core_fits(&core, &caps, &report));
    assert_refused("core-differs");
    core = ideal();
    core.vm_cr = 0x18;
    assert_false(svm_core_fits(&core, &caps, &report));
    assert_refused("svm-disabled");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ideal_machine),
        cmocka_unit_test(test_each_bit_removed_and_forced_off),
        cmocka_unit_test(test_what_needs_what),
        cmocka_unit_test(test_no_svm),
        cmocka_unit_test(test_vm_cr),
        cmocka_unit_test(test_asids),
        cmocka_unit_test(test_recorded_models),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_other_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
