/* SPDX-License-Identifier: MIT */
/*
 * Private to the negotiation: the table of VMX's features, and what a set of capability registers
 * says of each. The table is in vmx_features.c, what is made of it in vmx_caps.c.
 */
#ifndef VMX_VMX_FEATURES_H
#define VMX_VMX_FEATURES_H

#include "vmx/vmx_caps.h"

/* Where a feature's bit stands: the control words first, then what else tells of features. */
enum vmx_word {
    PIN,
    PROC,
    PROC2,
    PROC3,
    EXIT,
    EXIT2,
    ENTRY,
    BASIC,
    EPT_CAP,
    MISC,
    CPUID_7C,
    WORDS
};

/* What one register allows; `name` and `msr` are those of the register that was really read. */
struct vmx_limits {
    const char *prefix; /* "TRUE_" or "" */
    const char *name;
    u64 must, may;
    bool present, split;
};

extern const struct feature_table vmx_feature_table;

static inline u64 vmx_cap(const struct vmx_msrs *msrs, u32 msr)
{
    return msrs->cap[msr - MSR_VMX_BASIC];
}

static inline bool vmx_cap_present(const struct vmx_msrs *msrs, u32 msr)
{
    return msrs->present >> (msr - MSR_VMX_BASIC) & 1;
}

struct vmx_limits vmx_limits_of(const struct vmx_msrs *msrs, enum vmx_word word);

/* What the processor alone says of a feature: HAVE_YES, or HAVE_NO and where it says so. */
struct feature_state vmx_probe(const struct vmx_msrs *msrs, const struct feature *feature);

/* Forces a feature off, unless it must be 1: then it stays on, and `where` says so. */
void vmx_force_off(const struct vmx_msrs *msrs, const struct feature *feature, const char *word,
                   struct feature_state *state);

#endif
