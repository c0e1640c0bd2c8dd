/* SPDX-License-Identifier: MIT */
/*
 * The control words: what the capability registers say of each, for the negotiation at boot and for
 * the checks of an entry that the processor refused; and switching a feature as guests run. The
 * table of features itself is boot's.
 */
#include "vmx/vmx_features.h"

/*
 * SPLIT registers hold in their low half what must be 1 and in their high half what may be 1
 * (A.3.1); the others hold what may be 1, and nothing must be.
 */
static const struct {
    const char *name;
    u32 msr;
    u32 true_msr; /* to be read instead if VMX_BASIC[55]; 0: none */
    bool split;
} words[WORDS] = {
    [PIN] = {"PINBASED_CTLS",   MSR_VMX_PINBASED_CTLS,   MSR_VMX_TRUE_PINBASED_CTLS,  true },
    [PROC] = {"PROCBASED_CTLS",  MSR_VMX_PROCBASED_CTLS,  MSR_VMX_TRUE_PROCBASED_CTLS, true },
    [PROC2] = {"PROCBASED_CTLS2", MSR_VMX_PROCBASED_CTLS2, 0,                           true },
    [PROC3] = {"PROCBASED_CTLS3", MSR_VMX_PROCBASED_CTLS3, 0,                           false},
    [EXIT] = {"EXIT_CTLS",       MSR_VMX_EXIT_CTLS,       MSR_VMX_TRUE_EXIT_CTLS,      true },
    [EXIT2] = {"EXIT_CTLS2",      MSR_VMX_EXIT_CTLS2,      0,                           false},
    [ENTRY] = {"ENTRY_CTLS",      MSR_VMX_ENTRY_CTLS,      MSR_VMX_TRUE_ENTRY_CTLS,     true },
    [BASIC] = {"BASIC",           MSR_VMX_BASIC,           0,                           false},
    [EPT_CAP] = {"EPT_VPID_CAP",    MSR_VMX_EPT_VPID_CAP,    0,                           false},
    [MISC] = {"MISC",            MSR_VMX_MISC,            0,                           false},
    [CPUID_7C] = {"CPUID.7.ECX",     0,                       0,                           false},
    [HASTE] = {"its need",        0,                       0,                           false},
};

struct feature_limits vmx_limits_of(const void *regs, unsigned word)
{
    const struct vmx_msrs *msrs = regs;
    struct feature_limits limits = {"", words[word].name, 0, 0, true, words[word].split};
    if (word == CPUID_7C) {
        limits.may = msrs->cpuid_7_ecx;
        return limits;
    }
    if (word == HASTE)
        return limits;
    u32 msr = words[word].msr;
    /* A TRUE register says which of the default-1 bits may be 0 after all (A.2, A.3.1). */
    if (words[word].true_msr && (vmx_cap(msrs, MSR_VMX_BASIC) & VMX_BASIC_TRUE) &&
        vmx_cap_present(msrs, words[word].true_msr)) {
        msr = words[word].true_msr;
        limits.prefix = "TRUE_";
    }
    u64 value = vmx_cap(msrs, msr);
    limits.present = vmx_cap_present(msrs, msr);
    limits.must = limits.split ? value & MASK(31, 0) : 0;
    limits.may = limits.split ? value >> 32 : value;
    return limits;
}

struct vmx_place vmx_places[VMX_FEATURES];

static void put(u32 *word, u64 bit, bool on)
{
    *word = (u32)(on ? *word | bit : *word & ~bit);
}

void vmx_control(struct vmx_controls *controls, enum vmx_feature feature, bool on)
{
    u64 bit = BIT(vmx_places[feature].bit);
    switch ((enum vmx_word)vmx_places[feature].word) {
    case PIN:
        put(&controls->pin, bit, on);
        break;
    case PROC:
        put(&controls->proc, bit, on);
        break;
    case PROC2:
        put(&controls->proc2, bit, on);
        break;
    case EXIT:
        put(&controls->exit, bit, on);
        break;
    case ENTRY:
        put(&controls->entry, bit, on);
        break;
    default: /* no control word: nothing to switch */
        break;
    }
    if (on && feature == VMX_APIC_ACCESSES)
        vmx_control(controls, VMX_X2APIC_MODE, false);
    if (on && feature == VMX_X2APIC_MODE)
        vmx_control(controls, VMX_APIC_ACCESSES, false);
}
