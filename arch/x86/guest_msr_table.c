/* SPDX-License-Identifier: MIT */
/*
 * The policy on MSRs. What is not named here is #GP(0), as on a processor that lacks it: all that
 * CPUID hides (performance counters, SPEC_CTRL, PRED_CMD and FLUSH_CMD, the machine-check banks,
 * RAPL, VMX's and SVM's), and the other vendor's.
 *
 * Numbers: SDM volume 4, chapter 2; AMD APM volume 2, appendix A. Those without a name in
 * arch/x86/msr.h are here only so that an operating system that asks gets its answer.
 */
#include "arch/x86/guest_msr.h"
#include "arch/x86/guest_pv.h"

#define PASS (MSR_PASS_READ | MSR_PASS_WRITE)

/* AMD's TSC counts at the frequency of P0: Linux looks, and complains where it does not. */
#define HWCR_TSC_AT_P0 BIT(24)

/* A revision that any update file would precede. */
#define UCODE_INTEL (1ull << 32) /* the revision is in the upper half */
#define UCODE_AMD   0x01000000

/* clang-format off */
#define CONSTANT(first, last, vendor, value) \
    {first, last, MSR_CONSTANT, vendor, 0, 0, FORM_ANY, 0, value, NULL, NULL}
#define IGNORE(first, last, vendor, value) \
    {first, last, MSR_IGNORE, vendor, 0, 0, FORM_ANY, 0, value, NULL, NULL}
#define EMULATE(first, last, vendor, trait, passed, name) \
    {first, last, MSR_EMULATE, vendor, trait, passed, FORM_ANY, 0, 0, name##_read, name##_write}
#define CONTROL(msr, form, where) \
    {msr, msr, MSR_CONTROL, MSR_BOTH, 0, PASS, form, where, 0, NULL, NULL}
#define PV(msr, write) \
    {msr, msr, MSR_EMULATE, MSR_BOTH, TRAIT_PV, 0, FORM_ANY, 0, 0, msr_pv_read, write}
#define APIC_MSR(first, last, trait) \
    {first, last, MSR_APIC, MSR_BOTH, trait, 0, FORM_ANY, 0, 0, NULL, NULL}
#define LIVE(msr, trait, passed, form) \
    {msr, msr, MSR_LIVE, MSR_BOTH, trait, passed, form, 0, 0, NULL, NULL}

const struct msr_row msr_rows[] = {
    IGNORE(0x0, 0x1, MSR_BOTH, 0), /* the first machine-check bank, by its old name */
    EMULATE(MSR_TSC, MSR_TSC, MSR_BOTH, 0, MSR_PASS_READ, msr_tsc),
    PV(MSR_PV_WALL_OLD, msr_pv_wall_write),
    PV(MSR_PV_CLOCK_OLD, msr_pv_clock_write),
    CONSTANT(MSR_PLATFORM_ID, MSR_PLATFORM_ID, MSR_INTEL, 0),
    APIC_MSR(MSR_APIC_BASE, MSR_APIC_BASE, TRAIT_APIC),
    CONSTANT(0x34, 0x34, MSR_INTEL, 0), /* SMI_COUNT */
    CONSTANT(MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, MSR_INTEL, FEATURE_CONTROL_LOCK),
    EMULATE(MSR_TSC_ADJUST, MSR_TSC_ADJUST, MSR_BOTH, 0, 0, msr_tsc_adjust),
    {0x79, 0x79, MSR_SINK, MSR_INTEL, 0, 0, FORM_ANY, 0, 0, NULL, NULL}, /* update trigger */
    IGNORE(MSR_BIOS_UPDATE_ID, MSR_BIOS_UPDATE_ID, MSR_INTEL, UCODE_INTEL),
    CONSTANT(MSR_BIOS_UPDATE_ID, MSR_BIOS_UPDATE_ID, MSR_AMD, UCODE_AMD), /* PATCH_LEVEL */
    EMULATE(MSR_UMWAIT_CONTROL, MSR_UMWAIT_CONTROL, MSR_INTEL, TRAIT_USER_WAIT, 0, msr_umwait),
    CONSTANT(MSR_MTRR_CAP, MSR_MTRR_CAP, MSR_BOTH,
             MTRR_CAP_WC | MTRR_CAP_FIXED | GUEST_MTRR_COUNT),
    EMULATE(MSR_ARCH_CAPABILITIES, MSR_ARCH_CAPABILITIES, MSR_INTEL, TRAIT_WEAK, 0, msr_weak),
    CONTROL(MSR_SYSENTER_CS, FORM_32, GUEST_SYSENTER_CS),
    CONTROL(MSR_SYSENTER_ESP, FORM_CANONICAL, GUEST_SYSENTER_ESP),
    CONTROL(MSR_SYSENTER_EIP, FORM_CANONICAL, GUEST_SYSENTER_EIP),
    CONSTANT(MSR_MCG_CAP, MSR_MCG_CAP, MSR_BOTH, 0),
    EMULATE(MSR_MCG_STATUS, MSR_MCG_STATUS, MSR_BOTH, 0, 0, msr_mcg_status),
    EMULATE(MSR_MISC_ENABLE, MSR_MISC_ENABLE, MSR_INTEL, 0, 0, msr_misc_enable),
    EMULATE(MSR_DEBUGCTL, MSR_DEBUGCTL, MSR_BOTH, 0, 0, msr_debugctl),
    IGNORE(0x1db, 0x1de, MSR_BOTH, 0), /* the last branch, the last interrupt: never recorded */
    EMULATE(MSR_MTRR_BASE0, MSR_MTRR_BASE0 + 2 * GUEST_MTRR_COUNT - 1, MSR_BOTH, 0, 0,
            msr_mtrr_variable),
    EMULATE(MSR_MTRR_FIX64K, MSR_MTRR_FIX64K, MSR_BOTH, 0, 0, msr_mtrr_fixed),
    EMULATE(MSR_MTRR_FIX16K_80000, MSR_MTRR_FIX16K_A0000, MSR_BOTH, 0, 0, msr_mtrr_fixed),
    EMULATE(MSR_MTRR_FIX4K_C0000, MSR_MTRR_FIX4K_C0000 + 7, MSR_BOTH, 0, 0, msr_mtrr_fixed),
    EMULATE(MSR_PAT, MSR_PAT, MSR_BOTH, 0, PASS, msr_pat),
    EMULATE(MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, MSR_BOTH, 0, 0, msr_mtrr_def),
    APIC_MSR(MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, TRAIT_TSC_DEADLINE),
    APIC_MSR(MSR_X2APIC, MSR_X2APIC + 0xff, TRAIT_X2APIC),
    EMULATE(MSR_XSS, MSR_XSS, MSR_BOTH, TRAIT_XSAVES, 0, msr_xss),

    PV(MSR_PV_WALL, msr_pv_wall_write),
    PV(MSR_PV_CLOCK, msr_pv_clock_write),
    APIC_MSR(MSR_PV_EOI, MSR_PV_EOI, TRAIT_PV),

    EMULATE(MSR_EFER, MSR_EFER, MSR_BOTH, 0, PASS, msr_efer),
    LIVE(MSR_STAR, 0, PASS, FORM_ANY),
    LIVE(MSR_LSTAR, 0, PASS, FORM_CANONICAL),
    LIVE(MSR_CSTAR, 0, PASS, FORM_CANONICAL),
    LIVE(MSR_FMASK, 0, PASS, FORM_32),
    CONTROL(MSR_FS_BASE, FORM_CANONICAL, GUEST_FS_BASE),
    CONTROL(MSR_GS_BASE, FORM_CANONICAL, GUEST_GS_BASE),
    LIVE(MSR_KERNEL_GS_BASE, 0, PASS, FORM_CANONICAL),
    LIVE(MSR_TSC_AUX, TRAIT_RDTSCP, 0, FORM_32), /* not passed: a guest may lack it */

    /* AMD. The four counters of the K7 have no bit in CPUID. */
    IGNORE(0xc0010000, 0xc0010007, MSR_AMD, 0),
    IGNORE(0xc0010010, 0xc0010010, MSR_AMD, 0), /* SYSCFG */
    IGNORE(MSR_HWCR, MSR_HWCR, MSR_AMD, HWCR_TSC_AT_P0),
    IGNORE(0xc0010016, 0xc001001a, MSR_AMD, 0), /* IORRs, TOP_MEM */
    IGNORE(0xc001001d, 0xc001001d, MSR_AMD, 0), /* TOP_MEM2 */
    IGNORE(0xc001001f, 0xc001001f, MSR_AMD, 0), /* NB_CFG */
    {0xc0010020, 0xc0010020, MSR_SINK, MSR_AMD, 0, 0, FORM_ANY, 0, 0, NULL, NULL}, /* patches */
    IGNORE(0xc0010055, 0xc0010055, MSR_AMD, 0), /* interrupt pending, C1E */
    IGNORE(MSR_VM_CR, MSR_VM_CR, MSR_AMD, VM_CR_LOCK | VM_CR_SVMDIS),
    IGNORE(0xc0011022, 0xc0011023, MSR_AMD, 0), /* DC_CFG, TW_CFG: old errata */
    IGNORE(0xc001102a, 0xc001102a, MSR_AMD, 0), /* BU_CFG2, likewise */
};
/* clang-format on */

const unsigned msr_row_count = array_size(msr_rows);
