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
    HASTE, /* no register */
    WORDS
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

struct feature_limits vmx_limits_of(const void *msrs, unsigned word); /* enum vmx_word */

#endif
