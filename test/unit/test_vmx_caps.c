/* SPDX-License-Identifier: MIT */
/*
 * vmx_caps: from capability registers to controls or to a named refusal. Bits and words here are
 * written down from the SDM's tables, not taken from the code under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/log_capture.h"
#include "test/unit/recorded_cpus.h"

#define HIGH(n) ((n) + 32) /* "may be 1" of a control */

static const struct vmx_wishes no_wishes;
static struct vmx_caps caps;
static struct preflight report;

static u64 *cap_at(struct vmx_msrs *msrs, u32 msr)
{
    return &msrs->cap[msr - MSR_VMX_BASIC];
}

/* A processor that can do all; must-be-one bits are the default-1 classes of A.2 to A.5. */
static struct vmx_msrs ideal(void)
{
    struct vmx_msrs m = {.present = (1u << 20) - 1,
                         .feature_control_present = true,
                         .feature_control = 5,
                         .cpuid_1_ecx = 1u << 5,
                         .cpuid_7_ecx = 1u << 2,
                         .phys_bits = 46};
    *cap_at(&m, 0x480) = 4 | 4096ull << 32 | 6ull << 50 | 1ull << 54 | 1ull << 55;
    *cap_at(&m, 0x481) = 0xffffffff00000016;
    *cap_at(&m, 0x482) = 0xffffffff0401e172;
    *cap_at(&m, 0x483) = 0xffffffff00036dff;
    *cap_at(&m, 0x484) = 0xffffffff000011ff;
    *cap_at(&m, 0x485) = 0x300481e5; /* HLT..SIPI, 4 CR3 targets, LMA, shift 5, 512 MSRs */
    *cap_at(&m, 0x486) = 0x80000021;
    *cap_at(&m, 0x487) = 0xffffffff;
    *cap_at(&m, 0x488) = 0x2000;
    *cap_at(&m, 0x489) = 0x3727ff;
    *cap_at(&m, 0x48b) = 0xffffffff00000000;
    *cap_at(&m, 0x48c) = ~0ull;
    *cap_at(&m, 0x48d) = 0xffffffff00000016;
    *cap_at(&m, 0x48e) = 0xffffffff04006172;
    *cap_at(&m, 0x48f) = 0xffffffff00036dfb;
    *cap_at(&m, 0x490) = 0xffffffff000011fb;
    *cap_at(&m, 0x492) = ~0ull;
    *cap_at(&m, 0x493) = ~0ull;
    return m;
}

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

static bool negotiate(const struct vmx_msrs *msrs)
{
    return vmx_negotiate(msrs, &no_wishes, &caps, &report);
}

static bool negotiate_with(const struct vmx_msrs *msrs, const char *option)
{
    struct vmx_wishes wishes;
    char error[FEATURES_ERROR_MAX];
    assert_true(vmx_wishes_parse(option, &wishes, error, sizeof error));
    return vmx_negotiate(msrs, &wishes, &caps, &report);
}

static void assert_refused(const char *reason)
{
    assert_false(preflight_ready(&report));
    assert_string_equal(report.refusal.reason, reason);
    assert_true(strlen(report.refusal.text) > 40);
    assert_true(strlen(report.refusal.text) < sizeof report.refusal.text - 1); /* not cut */
}

static const struct preflight_row *row_of(const char *name)
{
    for (unsigned i = 0; i < report.count; i++)
        if (strcmp(report.row[i].name, name) == 0)
            return &report.row[i];
    fail_msg("no row %s", name);
    return NULL;
}

/* The manual's bits: tables 25-5, 25-6, 25-7, 25-13, 25-15, A.1, A.6, A.10. */
static const struct bit {
    enum vmx_feature feature;
    const char *name;
    u32 msr, true_msr;
    unsigned bit; /* in the register, whose being 0 denies the feature */
    bool required;
} bits[] = {
    {VMX_INS_OUTS_INFO,      "ins-outs-info",      0x480, 0,     54,       false},
    {VMX_EXTINT_EXITING,     "extint-exiting",     0x481, 0x48d, HIGH(0),  true },
    {VMX_NMI_EXITING,        "nmi-exiting",        0x481, 0x48d, HIGH(3),  true },
    {VMX_VIRTUAL_NMI,        "vnmi",               0x481, 0x48d, HIGH(5),  false},
    {VMX_PREEMPTION_TIMER,   "preemption-timer",   0x481, 0x48d, HIGH(6),  false},
    {VMX_POSTED_INTERRUPTS,  "posted",             0x481, 0x48d, HIGH(7),  false},
    {VMX_INTERRUPT_WINDOW,   "interrupt-window",   0x482, 0x48e, HIGH(2),  true },
    {VMX_TSC_OFFSET,         "tsc-offset",         0x482, 0x48e, HIGH(3),  false},
    {VMX_HLT_EXITING,        "hlt-exiting",        0x482, 0x48e, HIGH(7),  true },
    {VMX_MWAIT_EXITING,      "mwait-exiting",      0x482, 0x48e, HIGH(10), false},
    {VMX_RDPMC_EXITING,      "rdpmc-exiting",      0x482, 0x48e, HIGH(11), false},
    {VMX_TERTIARY,           "tertiary",           0x482, 0x48e, HIGH(17), false},
    {VMX_TPR_SHADOW,         "tpr-shadow",         0x482, 0x48e, HIGH(21), false},
    {VMX_NMI_WINDOW,         "nmi-window",         0x482, 0x48e, HIGH(22), false},
    {VMX_IO_BITMAPS,         "io-bitmaps",         0x482, 0x48e, HIGH(25), true },
    {VMX_MONITOR_TRAP,       "mtf",                0x482, 0x48e, HIGH(27), false},
    {VMX_MSR_BITMAPS,        "msr-bitmaps",        0x482, 0x48e, HIGH(28), true },
    {VMX_MONITOR_EXITING,    "monitor-exiting",    0x482, 0x48e, HIGH(29), false},
    {VMX_SECONDARY,          "secondary",          0x482, 0x48e, HIGH(31), true },
    {VMX_APIC_ACCESSES,      "apic-access",        0x48b, 0,     HIGH(0),  false},
    {VMX_EPT,                "ept",                0x48b, 0,     HIGH(1),  true },
    {VMX_DESCRIPTOR_EXITING, "desc-exiting",       0x48b, 0,     HIGH(2),  false},
    {VMX_RDTSCP,             "rdtscp",             0x48b, 0,     HIGH(3),  false},
    {VMX_X2APIC_MODE,        "x2apic-mode",        0x48b, 0,     HIGH(4),  false},
    {VMX_VPID,               "vpid",               0x48b, 0,     HIGH(5),  false},
    {VMX_WBINVD_EXITING,     "wbinvd-exiting",     0x48b, 0,     HIGH(6),  false},
    {VMX_UNRESTRICTED,       "unrestricted-guest", 0x48b, 0,     HIGH(7),  true },
    {VMX_APIC_REGISTERS,     "apic-register",      0x48b, 0,     HIGH(8),  false},
    {VMX_VIRTUAL_DELIVERY,   "virtual-delivery",   0x48b, 0,     HIGH(9),  false},
    {VMX_PAUSE_LOOP,         "ple",                0x48b, 0,     HIGH(10), false},
    {VMX_INVPCID,            "invpcid",            0x48b, 0,     HIGH(12), false},
    {VMX_ENCLS_EXITING,      "encls-exiting",      0x48b, 0,     HIGH(15), false},
    {VMX_PML,                "pml",                0x48b, 0,     HIGH(17), false},
    {VMX_XSAVES,             "xsaves",             0x48b, 0,     HIGH(20), false},
    {VMX_TSC_SCALING,        "tsc-scaling",        0x48b, 0,     HIGH(25), false},
    {VMX_USER_WAIT,          "user-wait",          0x48b, 0,     HIGH(26), false},
    {VMX_SAVE_DEBUG,         "save-debug",         0x483, 0x48f, HIGH(2),  true },
    {VMX_HOST_64,            "host-64",            0x483, 0x48f, HIGH(9),  true },
    {VMX_ACK_ON_EXIT,        "ack-on-exit",        0x483, 0x48f, HIGH(15), false},
    {VMX_SAVE_PAT,           "save-pat",           0x483, 0x48f, HIGH(18), false},
    {VMX_LOAD_HOST_PAT,      "load-host-pat",      0x483, 0x48f, HIGH(19), false},
    {VMX_SAVE_EFER,          "save-efer",          0x483, 0x48f, HIGH(20), true },
    {VMX_LOAD_HOST_EFER,     "load-host-efer",     0x483, 0x48f, HIGH(21), true },
    {VMX_SAVE_TIMER,         "save-timer",         0x483, 0x48f, HIGH(22), false},
    {VMX_LOAD_HOST_CET,      "load-host-cet",      0x483, 0x48f, HIGH(28), false},
    {VMX_SECONDARY_EXIT,     "secondary-exit",     0x483, 0x48f, HIGH(31), false},
    {VMX_LOAD_DEBUG,         "load-debug",         0x484, 0x490, HIGH(2),  true },
    {VMX_IA32E_GUEST,        "ia32e-guest",        0x484, 0x490, HIGH(9),  true },
    {VMX_LOAD_PAT,           "load-pat",           0x484, 0x490, HIGH(14), false},
    {VMX_LOAD_EFER,          "load-efer",          0x484, 0x490, HIGH(15), true },
    {VMX_LOAD_CET,           "load-cet",           0x484, 0x490, HIGH(20), false},
    {VMX_EPT_EXECUTE_ONLY,   "ept-execute-only",   0x48c, 0,     0,        false},
    {VMX_EPT_WALK4,          "ept-walk4",          0x48c, 0,     6,        true },
    {VMX_EPT_WB,             "ept-wb",             0x48c, 0,     14,       true },
    {VMX_EPT_2M,             "ept-2m",             0x48c, 0,     16,       false},
    {VMX_EPT_1G,             "ept-1g",             0x48c, 0,     17,       false},
    {VMX_INVEPT,             "invept",             0x48c, 0,     20,       true },
    {VMX_EPT_AD,             "ept-ad",             0x48c, 0,     21,       false},
    {VMX_EPT_EXIT_INFO,      "ept-exit-info",      0x48c, 0,     22,       false},
    {VMX_INVEPT_SINGLE,      "invept-single",      0x48c, 0,     25,       false},
    {VMX_INVEPT_ALL,         "invept-all",         0x48c, 0,     26,       true },
    {VMX_INVVPID,            "invvpid",            0x48c, 0,     32,       false},
    {VMX_INVVPID_ADDRESS,    "invvpid-address",    0x48c, 0,     40,       false},
    {VMX_INVVPID_SINGLE,     "invvpid-single",     0x48c, 0,     41,       false},
    {VMX_INVVPID_ALL,        "invvpid-all",        0x48c, 0,     42,       false},
    {VMX_INVVPID_GLOBALS,    "invvpid-globals",    0x48c, 0,     43,       false},
    {VMX_STORE_LMA,          "store-lma",          0x485, 0,     5,        false},
    {VMX_HLT_STATE,          "hlt-state",          0x485, 0,     6,        false},
};

static void test_ideal_machine(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate(&m));
    for (unsigned i = 1; i < VMX_FEATURES; i++)
        assert_true(caps.has[i]);
    assert_int_equal(report.count, VMX_FEATURES - 1);
    /* Must-be-one bits of the TRUE registers, and our own by the manual's bit numbers. */
    assert_int_equal(caps.controls.pin, 0x16 | BIT(0) | BIT(3) | BIT(5) | BIT(6));
    assert_int_equal(caps.controls.proc, 0x04006172 | BIT(3) | BIT(7) | BIT(10) | BIT(11) |
                                             BIT(21) | BIT(25) | BIT(28) | BIT(29) | BIT(31));
    assert_int_equal(caps.controls.proc2, BIT(1) | BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(12) |
                                              BIT(15) | BIT(20) | BIT(26));
    assert_int_equal(caps.controls.proc3, 0);
    assert_int_equal(caps.controls.exit,
                     0x36dfb | BIT(2) | BIT(9) | BIT(15) | BIT(18) | BIT(19) | BIT(20) | BIT(21));
    assert_int_equal(caps.controls.exit2, 0);
    assert_int_equal(caps.controls.entry, 0x11fb | BIT(2) | BIT(14) | BIT(15));
    assert_int_equal(caps.revision, 4);
    assert_int_equal(caps.region_size, 4096);
    assert_int_equal(caps.timer_shift, 5);
    assert_int_equal(caps.cr3_targets, 4);
    assert_int_equal(caps.msr_list_max, 512);
    assert_int_equal(caps.phys_bits, 46);
    assert_int_equal(caps.cr0_must, 0x80000021);
    assert_int_equal(vmx_guest_cr0_must(&caps), 0x20);
    assert_int_equal(vmx_eptp_bits(&caps), 0x5e); /* WB, walk of 4, A/D: the usual EPTP */
    assert_false(caps.open_feature_control);
}

/* Takes one bit away at a time: the feature goes, the row says where, a required one refuses. */
static void test_each_bit_removed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(bits); i++) {
        const struct bit *b = &bits[i];
        struct vmx_msrs m = ideal();
        char where[32], reason[40];
        *cap_at(&m, b->msr) &= ~BIT(b->bit);
        if (b->true_msr) {
            *cap_at(&m, b->true_msr) &= ~BIT(b->bit);
            if (b->bit >= 32) { /* no contradiction with the default-1 class */
                *cap_at(&m, b->msr) &= ~BIT(b->bit - 32);
                *cap_at(&m, b->true_msr) &= ~BIT(b->bit - 32);
            }
        }
        assert_int_equal(negotiate(&m), !b->required);
        assert_false(caps.has[b->feature]);
        snprintf(where, sizeof where, "[%u]=0", b->bit);
        const struct preflight_row *row = row_of(b->name);
        assert_int_equal(row->have, HAVE_NO);
        assert_non_null(strstr(row->where, where));
        snprintf(reason, sizeof reason, "no-%s", b->name);
        if (b->required)
            assert_refused(reason);
    }
}

/* Off by command line is as off by the processor: the same refusals, the same losses. */
static void test_each_feature_forced_off(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(bits); i++) {
        const struct bit *b = &bits[i];
        struct vmx_msrs m = ideal();
        char option[40], reason[40];
        snprintf(option, sizeof option, "-%s", b->name);
        /* The debug controls are fixed to 1 without their TRUE bit; ideal() lets them be 0. */
        assert_int_equal(negotiate_with(&m, option), !b->required);
        assert_false(caps.has[b->feature]);
        assert_int_equal(row_of(b->name)->have, HAVE_OFF);
        snprintf(reason, sizeof reason, "vmx=-%s", b->name);
        assert_string_equal(row_of(b->name)->where, reason);
        snprintf(reason, sizeof reason, "no-%s", b->name);
        if (b->required)
            assert_refused(reason);
    }
}

static void test_names_of_where(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(1));
    assert_false(negotiate(&m));
    assert_refused("no-ept");
    assert_string_equal(row_of("ept")->where, "PROCBASED_CTLS2[33]=0");
    assert_string_equal(row_of("unrestricted-guest")->where, "needs ept");
    assert_int_equal(row_of("unrestricted-guest")->have, HAVE_MOOT);
    m = ideal();
    *cap_at(&m, 0x48e) &= ~BIT(HIGH(21));
    assert_true(negotiate(&m));
    assert_string_equal(row_of("tpr-shadow")->where, "TRUE_PROCBASED_CTLS[53]=0");
    m = ideal();
    *cap_at(&m, 0x48b) = *cap_at(&m, 0x48c) = 0;
    m.present &= ~(BIT(0x48b - 0x480) | BIT(0x48c - 0x480)) & 0xffffffff;
    assert_false(negotiate(&m));
    assert_string_equal(row_of("ept")->where, "PROCBASED_CTLS2 absent");
    assert_string_equal(row_of("invvpid")->where, "EPT_VPID_CAP absent");
    m = ideal();
    m.cpuid_7_ecx = 0;
    assert_true(negotiate(&m));
    assert_string_equal(row_of("umip")->where, "CPUID.7.ECX[2]=0");
}

/* 27.2.1.1, 27.2.1.2, and Trivet's own. */
static void test_what_needs_what(void **state)
{
    (void)state;
    static const struct {
        const char *off;
        enum vmx_feature gone[8];
    } cases[] = {
        {"-tpr-shadow",
         {VMX_X2APIC_MODE, VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}              },
        {"-virtual-delivery", {VMX_POSTED_INTERRUPTS}                                                    },
        {"-ack-on-exit",      {VMX_POSTED_INTERRUPTS}                                                    },
        {"-vnmi",             {VMX_NMI_WINDOW}                                                           },
        {"-ept-ad",           {VMX_PML}                                                                  },
        {"-invvpid",
         {VMX_VPID, VMX_INVVPID_ADDRESS, VMX_INVVPID_SINGLE, VMX_INVVPID_ALL, VMX_INVVPID_GLOBALS}       },
        {"-invvpid-all",      {VMX_VPID}                                                                 },
        {"-preemption-timer", {VMX_SAVE_TIMER}                                                           },
        {"-tsc-offset",       {VMX_TSC_SCALING}                                                          },
        {"-load-pat",         {VMX_SAVE_PAT, VMX_LOAD_HOST_PAT}                                          },
        {"-save-pat",         {VMX_LOAD_PAT, VMX_LOAD_HOST_PAT}                                          },
        {"-apicv",            {VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}          },
        {"-apic",             {VMX_TPR_SHADOW, VMX_APIC_ACCESSES, VMX_X2APIC_MODE, VMX_POSTED_INTERRUPTS}},
        {"-ept-large",        {VMX_EPT_2M, VMX_EPT_1G}                                                   },
    };
    for (unsigned c = 0; c < array_size(cases); c++) {
        struct vmx_msrs m = ideal();
        assert_true(negotiate_with(&m, cases[c].off));
        for (unsigned g = 0; g < 8 && cases[c].gone[g]; g++)
            assert_false(caps.has[cases[c].gone[g]]);
    }
    struct vmx_msrs m = ideal();
    assert_true(negotiate_with(&m, "-apicv,-vpid"));
    assert_true(caps.has[VMX_TPR_SHADOW] && caps.has[VMX_X2APIC_MODE] && !caps.has[VMX_VPID]);
    assert_false(negotiate_with(&m, "-ept"));
    assert_refused("no-ept");
    assert_false(negotiate_with(&m, "-unrestricted"));
    assert_refused("no-unrestricted-guest");
}

static void test_fallback_bits(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate_with(&m, "-tpr-shadow"));
    assert_int_equal(caps.controls.proc & (BIT(19) | BIT(20) | BIT(21)), BIT(19) | BIT(20));
    assert_true(negotiate_with(&m, "-cr3-free"));
    assert_int_equal(caps.controls.proc & (BIT(15) | BIT(16)), BIT(15) | BIT(16));
    assert_true(negotiate_with(&m, "-cr3-store-free"));
    assert_int_equal(caps.controls.proc & (BIT(15) | BIT(16)), BIT(16));
    assert_true(negotiate_with(&m, "-pat"));
    assert_int_equal(caps.controls.exit & (BIT(18) | BIT(19)), 0);
    assert_int_equal(caps.controls.entry & BIT(14), 0);
    assert_true(negotiate_with(&m, "-ept-ad"));
    assert_int_equal(vmx_eptp_bits(&caps), 0x1e);

    *cap_at(&m, 0x48e) &= ~BIT(HIGH(19));
    assert_true(negotiate(&m));
    assert_false(negotiate_with(&m, "-tpr-shadow"));
    assert_refused("no-cr8-exiting");
}

/* A.2, A.3.1: the TRUE registers count if and only if VMX_BASIC[55]. */
static void test_true_registers(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x480) &= ~BIT(55);
    assert_true(negotiate(&m));
    assert_false(caps.true_msrs);
    assert_false(caps.has[VMX_CR3_LOAD_FREE]);
    assert_string_equal(row_of("cr3-load-free")->where, "PROCBASED_CTLS[15]=1");
    assert_int_equal(caps.controls.proc & 0x0401e172, 0x0401e172);
    assert_int_equal(caps.controls.exit & 0x36dff, 0x36dff);

    /* Announced, but not readable: the plain ones hold. */
    m = ideal();
    m.present &= ~(0xfu << (0x48d - 0x480));
    for (u32 msr = 0x48d; msr <= 0x490; msr++)
        *cap_at(&m, msr) = 0;
    assert_true(negotiate(&m));
    assert_int_equal(caps.controls.proc & 0x0401e172, 0x0401e172);

    /* A TRUE register may also allow less than the plain one says. */
    m = ideal();
    *cap_at(&m, 0x48d) &= ~BIT(HIGH(6));
    assert_true(negotiate(&m));
    assert_false(caps.has[VMX_PREEMPTION_TIMER]);
    assert_int_equal(caps.controls.pin & BIT(6), 0);
}

static void test_must_be_one_is_kept(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x48e) |= BIT(12) | BIT(30); /* RDTSC and PAUSE exiting: none of ours */
    *cap_at(&m, 0x48b) |= BIT(20);           /* XSAVES */
    assert_true(negotiate_with(&m, "-xsaves"));
    assert_int_equal(caps.controls.proc & (BIT(12) | BIT(30)), BIT(12) | BIT(30));
    assert_true(caps.has[VMX_XSAVES]); /* what the processor insists on cannot be off */
    assert_int_equal(caps.controls.proc2 & BIT(20), BIT(20));
    assert_string_equal(row_of("xsaves")->where, "PROCBASED_CTLS2[20]=1");

    /* What Trivet switches as it goes must be free to be 0. */
    m = ideal();
    *cap_at(&m, 0x490) |= BIT(9);
    assert_false(negotiate(&m));
    assert_refused("no-ia32e-guest");
    assert_string_equal(row_of("ia32e-guest")->where, "TRUE_ENTRY_CTLS[9]=1");

    m = ideal();
    *cap_at(&m, 0x48b) |= BIT(4);
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");

    /* Insisted on, but without what it needs. */
    m = ideal();
    *cap_at(&m, 0x48b) |= BIT(5);
    assert_true(negotiate(&m));
    assert_false(negotiate_with(&m, "-invvpid"));
    assert_refused("vmx-controls");
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(5));
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");
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
        static const enum vmx_feature both[] = {
            VMX_EPT_2M,         VMX_EPT_1G,           VMX_EPT_AD,           VMX_EPT_EXECUTE_ONLY,
            VMX_VPID,           VMX_UNRESTRICTED,     VMX_TPR_SHADOW,       VMX_APIC_ACCESSES,
            VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_PREEMPTION_TIMER, VMX_TSC_OFFSET,
            VMX_PAUSE_LOOP};
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
    assert_true(vmx_wishes_parse("", &wishes, error, sizeof error));
    assert_memory_equal(&wishes, &no_wishes, sizeof wishes);
    assert_true(vmx_wishes_parse("-vpid,-ple,", &wishes, error, sizeof error));
    assert_true(wishes.off[VMX_VPID] && wishes.off[VMX_PAUSE_LOOP] && !wishes.off[VMX_EPT]);

    assert_false(vmx_wishes_parse("-vpid,-warp", &wishes, error, sizeof error));
    assert_memory_equal(&wishes, &no_wishes, sizeof wishes);
    assert_non_null(strstr(error, "vmx=-warp: no such feature"));
    for (unsigned i = 0; i < array_size(bits); i++)
        assert_non_null(strstr(error, bits[i].name));
    assert_non_null(strstr(error, "apicv"));
    assert_string_equal(error + strlen(error) - 4, "umip"); /* not cut off */

    assert_false(vmx_wishes_parse("vpid", &wishes, error, sizeof error));
    assert_non_null(strstr(error, "minus"));
    static const char *const wrong[] = {"-",      ",",          "-vpi",  "-vpidd", "-,-vpid",
                                        "--vpid", "-vpid -ple", "-VPID", "+vpid"};
    for (unsigned i = 0; i < array_size(wrong); i++)
        assert_false(vmx_wishes_parse(wrong[i], &wishes, error, sizeof error));

    char endless[5000], small[16];
    memset(endless, 'x', sizeof endless);
    endless[0] = '-';
    endless[sizeof endless - 1] = '\0';
    assert_false(vmx_wishes_parse(endless, &wishes, error, sizeof error));
    assert_string_equal(error + strlen(error) - 4, "umip");
    assert_false(vmx_wishes_parse(endless, &wishes, small, sizeof small));
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
    assert_non_null(strstr(report.refusal.text, "enable VPID (PROCBASED_CTLS2[37]=0)"));

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

static void test_run_time_controls(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate(&m));
    struct vmx_controls c = caps.controls;
    vmx_control(&c, VMX_INTERRUPT_WINDOW, true);
    assert_int_equal(c.proc, caps.controls.proc | BIT(2));
    vmx_control(&c, VMX_INTERRUPT_WINDOW, false);
    assert_memory_equal(&c, &caps.controls, sizeof c);
    vmx_control(&c, VMX_POSTED_INTERRUPTS, true);
    vmx_control(&c, VMX_SAVE_TIMER, true);
    vmx_control(&c, VMX_IA32E_GUEST, true);
    assert_int_equal(c.pin, caps.controls.pin | BIT(7));
    assert_int_equal(c.exit, caps.controls.exit | BIT(22));
    assert_int_equal(c.entry, caps.controls.entry | BIT(9));
    vmx_control(&c, VMX_APIC_ACCESSES, true);
    assert_int_equal(c.proc2 & 0x11, 0x01);
    vmx_control(&c, VMX_X2APIC_MODE, true);
    assert_int_equal(c.proc2 & 0x11, 0x10);
    vmx_control(&c, VMX_APIC_ACCESSES, true);
    assert_int_equal(c.proc2 & 0x11, 0x01);
    vmx_control(&c, VMX_EPT_AD, true); /* no control: nothing happens */
}

/* 27.2.1.1 to 27.2.1.3 over finished words, written from the manual. */
static void check_entry_rules(const struct vmx_controls *c)
{
    bool tpr = c->proc & BIT(21);
    assert_true(tpr || !(c->proc2 & (BIT(4) | BIT(8) | BIT(9))));
    assert_true((c->pin & BIT(3)) || !(c->pin & BIT(5)));
    assert_true((c->pin & BIT(5)) || !(c->proc & BIT(22)));
    assert_false((c->proc2 & BIT(4)) && (c->proc2 & BIT(0)));
    assert_true((c->pin & BIT(0)) || !(c->proc2 & BIT(9)));
    if (c->pin & BIT(7))
        assert_true((c->proc2 & BIT(9)) && (c->exit & BIT(15)));
    assert_true((c->proc2 & BIT(1)) || !(c->proc2 & (BIT(7) | BIT(17))));
    assert_true((c->pin & BIT(6)) || !(c->exit & BIT(22)));
    assert_true(tpr || (c->proc & (BIT(19) | BIT(20))) == (BIT(19) | BIT(20)));
}

static u64 random_state = 88172645463325252ull;

static u64 random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void check_word(const struct vmx_msrs *m, u32 value, u32 msr, u32 true_msr)
{
    u64 limits = m->cap[msr - 0x480];
    if (true_msr && (m->cap[0] & BIT(55)) && (m->present >> (true_msr - 0x480) & 1))
        limits = m->cap[true_msr - 0x480];
    assert_int_equal((u32)limits & ~value, 0);
    assert_int_equal(value & ~(u32)(limits >> 32), 0);
}

/*
 * Machines that lack a few things at random, some insisting on others: whatever is called ready has
 * words that the processor allows and that pass the entry checks with every RUN feature on.
 */
static void test_random_machines(void **state)
{
    (void)state;
    unsigned ready = 0;
    for (unsigned round = 0; round < 50000; round++) {
        struct vmx_msrs m = ideal();
        struct vmx_wishes wishes = {0};
        for (unsigned n = (unsigned)(random64() % 6); n > 0; n--) {
            const struct bit *b = &bits[random64() % array_size(bits)];
            if (b->required && random64() % 8)
                continue;
            u32 msr = b->true_msr && random64() % 4 ? b->true_msr : b->msr;
            if (b->bit >= 32 && random64() % 4 == 0)
                *cap_at(&m, msr) |= BIT(b->bit - 32);
            else
                *cap_at(&m, msr) &= ~BIT(b->bit);
        }
        for (unsigned n = (unsigned)(random64() % 4); n > 0; n--) {
            const struct bit *b = &bits[random64() % array_size(bits)];
            wishes.off[b->feature] = !b->required;
        }
        if (random64() % 8 == 0)
            m.present &= (u32)random64() | 1;
        for (unsigned i = 0; i < 20; i++)
            if (!(m.present >> i & 1))
                m.cap[i] = 0;
        if (!vmx_negotiate(&m, &wishes, &caps, &report)) {
            assert_true(report.refusal.reason[0] && report.refusal.text[0]);
            continue;
        }
        ready++;
        struct vmx_controls c = caps.controls;
        for (unsigned i = 1; i < VMX_FEATURES; i++) {
            if (caps.has[i] && report.row[i - 1].need != NEED_SPARE && i != VMX_CR3_LOAD_FREE &&
                i != VMX_CR3_STORE_FREE)
                vmx_control(&c, (enum vmx_feature)i, true);
        }
        check_entry_rules(&caps.controls);
        check_entry_rules(&c);
        check_word(&m, c.pin, 0x481, 0x48d);
        check_word(&m, c.proc, 0x482, 0x48e);
        check_word(&m, c.proc2, 0x48b, 0);
        check_word(&m, c.exit, 0x483, 0x48f);
        check_word(&m, c.entry, 0x484, 0x490);
        assert_true(vmx_core_fits(&m, &caps, &report));
    }
    assert_true(ready > 10000 && ready < 49000);
}

/* Rubbish in every register: a verdict, no crash, and no ready machine without the required bits.
 */
static void test_rubbish(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct vmx_msrs m;
        for (unsigned i = 0; i < 20; i++)
            m.cap[i] = random64() | (round % 2 ? random64() : 0);
        m.present = (u32)random64();
        m.feature_control_present = random64() & 1;
        m.feature_control = random64();
        m.cpuid_1_ecx = (u32)random64();
        m.cpuid_7_ecx = (u32)random64();
        m.phys_bits = (u8)random64();
        bool ready = negotiate(&m);
        assert_int_equal(ready, preflight_ready(&report));
        logged[0] = '\0';
        preflight_print(&report, true);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ideal_machine),
        cmocka_unit_test(test_each_bit_removed),
        cmocka_unit_test(test_each_feature_forced_off),
        cmocka_unit_test(test_names_of_where),
        cmocka_unit_test(test_what_needs_what),
        cmocka_unit_test(test_fallback_bits),
        cmocka_unit_test(test_true_registers),
        cmocka_unit_test(test_must_be_one_is_kept),
        cmocka_unit_test(test_no_vmx),
        cmocka_unit_test(test_feature_control),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_nested_under_kvm),
        cmocka_unit_test(test_recorded_models),
        cmocka_unit_test(test_recorded_haswell_and_skylake),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_other_cores),
        cmocka_unit_test(test_run_time_controls),
        cmocka_unit_test(test_random_machines),
        cmocka_unit_test(test_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
