/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_caps.h"

#include "lib/string.h"
#include "vmx/vmx_features.h"

#define CR0_PE   BIT(0)
#define CR0_PG   BIT(31)
#define CR4_PAE  BIT(5)
#define CR4_VMXE BIT(13)

#define CPUID_1C_VMX        BIT(5)
#define CPUID_1C_HYPERVISOR BIT(31)

#define PROC_CR8_EXITING (BIT(19) | BIT(20)) /* load and store */

static u64 control_word(const struct vmx_msrs *msrs, const struct feature_state *state,
                        enum vmx_word word)
{
    struct feature_limits limits = vmx_limits_of(msrs, word);
    u64 value = limits.must;
    for (unsigned i = 1; i < VMX_FEATURES; i++) {
        const struct feature *feature = &vmx_feature_table.feature[i];
        bool there = state[i].have == HAVE_YES;
        if (feature->word != word)
            continue;
        if ((feature->kind == FEATURE_ON && there) || (feature->kind == FEATURE_FREE && !there))
            value |= limits.may & BIT(feature->bit);
    }
    return value;
}

static void fill_controls(const struct vmx_msrs *msrs, const struct feature_state *state,
                          struct vmx_controls *controls)
{
    controls->pin = (u32)control_word(msrs, state, PIN);
    controls->proc = (u32)control_word(msrs, state, PROC);
    controls->proc2 = (u32)control_word(msrs, state, PROC2);
    controls->proc3 = control_word(msrs, state, PROC3);
    controls->exit = (u32)control_word(msrs, state, EXIT);
    controls->exit2 = control_word(msrs, state, EXIT2);
    controls->entry = (u32)control_word(msrs, state, ENTRY);
    /* The guest's CR8 is the virtual TPR: without the shadow each access has to be emulated. */
    if (state[VMX_TPR_SHADOW].have != HAVE_YES)
        controls->proc |= (u32)PROC_CR8_EXITING;
}

static void fill_caps(const struct vmx_msrs *msrs, const struct feature_state *state,
                      struct vmx_caps *caps)
{
    u64 basic = vmx_cap(msrs, MSR_VMX_BASIC), misc = vmx_cap(msrs, MSR_VMX_MISC);
    memset(caps, 0, sizeof *caps);
    for (unsigned i = 1; i < VMX_FEATURES; i++)
        caps->has[i] = state[i].have == HAVE_YES;
    fill_controls(msrs, state, &caps->controls);
    caps->revision = (u32)(basic & VMX_BASIC_REVISION);
    caps->region_size = (u32)bits_get(basic, 44, 32);
    caps->true_msrs = basic & VMX_BASIC_TRUE;
    caps->timer_shift = (u8)(misc & VMX_MISC_TIMER_SHIFT);
    caps->cr3_targets = (u16)bits_get(misc, 24, 16);
    caps->msr_list_max = (u16)(512 * (bits_get(misc, 27, 25) + 1));
    caps->phys_bits = msrs->phys_bits;
    caps->cr0_must = vmx_cap(msrs, MSR_VMX_CR0_FIXED0);
    caps->cr0_may = vmx_cap(msrs, MSR_VMX_CR0_FIXED1);
    caps->cr4_must = vmx_cap(msrs, MSR_VMX_CR4_FIXED0);
    caps->cr4_may = vmx_cap(msrs, MSR_VMX_CR4_FIXED1);
    caps->open_feature_control =
        msrs->feature_control_present && !(msrs->feature_control & FEATURE_CONTROL_LOCK);
}

/* Without these there is nothing to negotiate with. */
static bool check_vmx(const struct vmx_msrs *msrs, struct preflight *report)
{
    bool inside = msrs->cpuid_1_ecx & CPUID_1C_HYPERVISOR;
    if (!(msrs->cpuid_1_ecx & CPUID_1C_VMX) && inside)
        return preflight_refuse(report, "no-vmx",
                                "a hypervisor runs outside and shows this machine no VMX (VT-x): "
                                "switch on nested virtualization there (KVM: kvm_intel nested=1 "
                                "and QEMU's -cpu host)");
    if (!(msrs->cpuid_1_ecx & CPUID_1C_VMX))
        return preflight_refuse(report, "no-vmx",
                                "this processor has no VMX (Intel VT-x), or the firmware hides "
                                "it: Trivet needs an Intel processor with VT-x and EPT, or an AMD "
                                "one with SVM and nested paging");
    if (!vmx_cap_present(msrs, MSR_VMX_BASIC))
        return preflight_refuse(report, "no-vmx",
                                "CPUID announces VMX, but its capability register IA32_VMX_BASIC "
                                "cannot be read: %s has to be mended",
                                inside ? "the hypervisor outside" : "this emulator or processor");
    return true;
}

/*
 * VMXON needs the lock and its permission (24.7). An unlocked register is ours to set; one that
 * cannot be read (some emulators) cannot forbid anything.
 */
static bool check_firmware(const struct vmx_msrs *msrs, struct preflight *report)
{
    u64 control = msrs->feature_control;
    if (!msrs->feature_control_present || (control & FEATURE_CONTROL_VMX))
        return true;
    if (!(control & FEATURE_CONTROL_LOCK)) {
        str_copy(report->note,
                 "the firmware left VT-x neither on nor locked off: Trivet switches it on",
                 sizeof report->note);
        return true;
    }
    if (msrs->cpuid_1_ecx & CPUID_1C_HYPERVISOR)
        return preflight_refuse(report, "vmx-disabled",
                                "the hypervisor outside has locked VT-x off (IA32_FEATURE_CONTROL "
                                "is locked without VMXON): switch on nested virtualization there");
    return preflight_refuse(report, "vmx-disabled",
                            "VT-x is switched off in the firmware's set-up: switch on 'Intel "
                            "Virtualization Technology' (also named VT-x, VMX or Vanderpool; "
                            "under Advanced, CPU or Security) and turn the power off and on");
}

/* A.1; the VMXON region and each VMCS get one page of write-back memory. */
static bool check_regions(const struct vmx_msrs *msrs, struct preflight *report)
{
    u64 basic = vmx_cap(msrs, MSR_VMX_BASIC);
    unsigned size = (unsigned)bits_get(basic, 44, 32), type = (unsigned)bits_get(basic, 53, 50);
    if (size == 0 || size > 4096)
        return preflight_refuse(report, "vmx-region",
                                "IA32_VMX_BASIC asks for VMX regions of %u bytes, and the manual "
                                "allows 1 to 4096: the emulator or hypervisor outside is wrong",
                                size);
    if (type != MEMORY_TYPE_WB)
        return preflight_refuse(report, "vmx-region",
                                "IA32_VMX_BASIC asks for VMX regions in memory of type %u, and "
                                "Trivet has only write-back memory (6): a newer processor is "
                                "needed",
                                type);
    if (basic & VMX_BASIC_ADDRESS32)
        return preflight_refuse(report, "vmx-region",
                                "IA32_VMX_BASIC[48] asks for VMX regions below 4 GiB, as 32-bit "
                                "processors do: a 64-bit one with EPT is needed");
    return true;
}

/* Registers that contradict themselves or each other; entry with them would fail (27.2.1, A.7,
 * A.8). */
static bool check_sense(const struct vmx_msrs *msrs, const struct feature_state *state,
                        struct preflight *report)
{
    for (enum vmx_word word = PIN; word <= ENTRY; word++) {
        struct feature_limits limits = vmx_limits_of(msrs, word);
        if (limits.must & ~limits.may)
            return preflight_refuse(report, "vmx-controls",
                                    "IA32_VMX_%s%s says of one bit that it must and that it may "
                                    "not be 1: the emulator or hypervisor outside is wrong",
                                    limits.prefix, limits.name);
    }
    /* What must be 1 but lacks what it needs, or is to be switched as guests run. */
    for (unsigned i = 1; i < VMX_FEATURES; i++) {
        const struct feature *feature = &vmx_feature_table.feature[i];
        bool stuck = vmx_limits_of(msrs, feature->word).must & BIT(feature->bit);
        if (stuck && (state[i].have == HAVE_MOOT || feature->kind == FEATURE_RUN))
            return preflight_refuse(report, "vmx-controls",
                                    "the processor insists on '%s' (%s), with which Trivet cannot "
                                    "run guests: mend vmx= on the command line, or the hypervisor "
                                    "outside",
                                    feature->title, state[i].where);
    }
    if (state[VMX_TPR_SHADOW].have != HAVE_YES &&
        (vmx_limits_of(msrs, PROC).may & PROC_CR8_EXITING) != PROC_CR8_EXITING)
        return preflight_refuse(report, "no-cr8-exiting",
                                "without a TPR shadow (%s) Trivet needs CR8-load and CR8-store "
                                "exiting, and this processor has none: %s",
                                state[VMX_TPR_SHADOW].where,
                                state[VMX_TPR_SHADOW].have == HAVE_OFF
                                    ? "take that off the command line"
                                    : "a newer one is needed");
    u64 cr0 = CR0_PE | CR0_PG, cr4 = CR4_PAE | CR4_VMXE;
    if ((vmx_cap(msrs, MSR_VMX_CR0_FIXED1) & cr0) != cr0 ||
        (vmx_cap(msrs, MSR_VMX_CR4_FIXED1) & cr4) != cr4)
        return preflight_refuse(report, "vmx-controls",
                                "IA32_VMX_CR0_FIXED1 or CR4_FIXED1 forbids 64-bit paging in VMX "
                                "operation: the emulator or hypervisor outside is wrong");
    return true;
}

bool vmx_negotiate(const struct vmx_msrs *msrs, const struct vmx_wishes *wishes,
                   struct vmx_caps *caps, struct preflight *report)
{
    struct feature_state state[VMX_FEATURES] = {0};
    preflight_start(report, "VMX");
    if (!check_vmx(msrs, report))
        return false;
    vmx_note_places();
    features_negotiate(&vmx_feature_table, vmx_feature_limits_of, msrs, wishes->off, state);
    /* The first refusal stands: what the firmware switched off is told before what is missing. */
    if (check_firmware(msrs, report))
        check_regions(msrs, report);
    features_report(&vmx_feature_table, state, msrs->cpuid_1_ecx & CPUID_1C_HYPERVISOR, report);
    check_sense(msrs, state, report);
    fill_caps(msrs, state, caps);
    return preflight_ready(report);
}

static bool word_fits(const struct vmx_msrs *core, enum vmx_word word, u64 value,
                      struct preflight *report)
{
    struct feature_limits limits = vmx_limits_of(core, word);
    if ((limits.must & ~value) || (value & ~limits.may))
        return preflight_refuse(report, "core-differs",
                                "this core's IA32_VMX_%s%s does not allow the controls that the "
                                "first core has (0x%llx)",
                                limits.prefix, limits.name, (unsigned long long)value);
    return true;
}

static bool words_fit(const struct vmx_msrs *core, const struct vmx_controls *controls,
                      struct preflight *report)
{
    return word_fits(core, PIN, controls->pin, report) &&
           word_fits(core, PROC, controls->proc, report) &&
           word_fits(core, PROC2, controls->proc2, report) &&
           word_fits(core, PROC3, controls->proc3, report) &&
           word_fits(core, EXIT, controls->exit, report) &&
           word_fits(core, EXIT2, controls->exit2, report) &&
           word_fits(core, ENTRY, controls->entry, report);
}

bool vmx_core_fits(const struct vmx_msrs *core, const struct vmx_caps *caps,
                   struct preflight *report)
{
    preflight_start(report, "VMX");
    if (!check_vmx(core, report) || !check_firmware(core, report) || !check_regions(core, report))
        return false;
    if (!features_core_fits(&vmx_feature_table, vmx_feature_limits_of, core, caps->has, report))
        return false;
    /* One VMCS moves between cores: they have to agree on its format (25.2). */
    if ((vmx_cap(core, MSR_VMX_BASIC) & VMX_BASIC_REVISION) != caps->revision)
        return preflight_refuse(report, "core-differs",
                                "this core's VMCS revision is not the first core's 0x%x",
                                caps->revision);
    return words_fit(core, &caps->controls, report);
}
