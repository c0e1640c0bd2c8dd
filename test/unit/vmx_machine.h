/* SPDX-License-Identifier: MIT */
/*
 * For the tests of vmx_caps: a processor that can do all, the manual's bits, and the asking. Bits
 * are written down from the SDM's tables, not taken from the code under test. After cmocka.h.
 */
#ifndef TEST_UNIT_VMX_MACHINE_H
#define TEST_UNIT_VMX_MACHINE_H

#include "test/unit/log_capture.h"
#include "vmx/vmx_caps.h"
#include "vmx/vmx_features.h"

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

static inline bool negotiate(const struct vmx_msrs *msrs)
{
    return vmx_negotiate(msrs, &no_wishes, &caps, &report);
}

static inline bool negotiate_with(const struct vmx_msrs *msrs, const char *option)
{
    struct vmx_wishes wishes;
    char error[FEATURES_ERROR_MAX];
    assert_true(features_parse(&vmx_feature_table, option, wishes.off, error, sizeof error));
    return vmx_negotiate(msrs, &wishes, &caps, &report);
}

static inline void assert_refused(const char *reason)
{
    assert_false(preflight_ready(&report));
    assert_string_equal(report.refusal.reason, reason);
    assert_true(strlen(report.refusal.text) > 40);
    assert_true(strlen(report.refusal.text) < sizeof report.refusal.text - 1); /* not cut */
}

static inline const struct preflight_row *row_of(const char *name)
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

#endif
