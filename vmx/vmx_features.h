/* SPDX-License-Identifier: MIT */
/*
 * Private to the negotiation: the table of VMX's features, and what a set of capability registers
 * says of each. The table is in vmx_features.c, the registers' words are in vmx_controls.c, and
 * what is made of both in vmx_caps.c.
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

/* Of an enum vmx_word; HASTE has none. */
struct feature_limits vmx_limits_of(const void *msrs, unsigned word);

/* The same for the negotiation, HASTE too. */
struct feature_limits vmx_feature_limits_of(const void *msrs, unsigned word);

/* Where a feature's bit stands, for vmx_control: noted from the table, which goes with boot. */
extern struct vmx_place {
    u8 word, bit;
} vmx_places[VMX_FEATURES];

void vmx_note_places(void);

#endif
