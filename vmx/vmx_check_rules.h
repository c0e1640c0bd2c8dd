/* SPDX-License-Identifier: MIT */
/*
 * Private to the entry checks: what the rules see, and how one is written. A rule is one call of
 * `must`, in the manual's order, and its words say what holds when all is well.
 */
#ifndef VMX_VMX_CHECK_RULES_H
#define VMX_VMX_CHECK_RULES_H

#include "arch/x86/flags.h"
#include "vmx/vmx_bits.h"
#include "vmx/vmx_check.h"
#include "vmx/vmx_features.h"

struct vmx_check {
    const struct vmcs_image *vmcs;
    const struct vmx_msrs *msrs;
    struct vmx_findings *findings;
    const char *section;
    /* The controls as they act: those that are not activated are 0. */
    u64 pin, proc, proc2, exit, entry;
    u64 event;
    /* Of the guest, for rules that depend on its mode. */
    bool ia32e, v8086, unrestricted;
    u64 cr0, cr4, rflags, cs_access, ss_access;
};

static inline u64 field(const struct vmx_check *c, u32 number)
{
    return c->vmcs->read(c->vmcs->context, number);
}

void must(struct vmx_check *c, u32 number, bool holds, const char *rule);

static inline bool implies(bool condition, bool consequence)
{
    return !condition || consequence;
}

/* 57 linear-address bits where CR4.LA57 may be set, else 48. */
static inline unsigned linear_bits(const struct vmx_check *c)
{
    return c->msrs->cap[MSR_VMX_CR4_FIXED1 - MSR_VMX_BASIC] & CR4_LA57 ? 57 : 48;
}

/* Bits 63 down to `low` are all alike. */
static inline bool top_alike(u64 value, unsigned low)
{
    u64 top = value >> low;
    return top == 0 || top == ~0ull >> low;
}

static inline bool canonical(const struct vmx_check *c, u64 address)
{
    return top_alike(address, linear_bits(c) - 1);
}

/* Within the processor's physical-address width. */
static inline bool physical(const struct vmx_check *c, u64 address)
{
    unsigned bits = c->msrs->phys_bits;
    return bits >= 64 || address >> bits == 0;
}

/* 32 bits of memory; false where there is no looking. `implies` does not guard a call of this. */
static inline bool peek(const struct vmx_check *c, u64 address, u32 *value)
{
    return c->vmcs->peek && physical(c, address) && c->vmcs->peek(c->vmcs->context, address, value);
}

/* IA32_S_CET: canonical, bits 9:6 are 0, and not both SUPPRESS and TRACKER. */
bool cet_valid(const struct vmx_check *c, u64 cet);

/* What Intel defines of IA32_EFER. */
#define EFER_DEFINED (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

/* A control word against what the processor allows (A.2 to A.5). */
void must_allowed(struct vmx_check *c, u32 number, enum vmx_word word);

/* A register against its FIXED0 and FIXED1: `must_be` and `may_be` are the numbers of the MSRs. */
void must_fixed(struct vmx_check *c, u32 number, u32 must_be, u32 may_be, u64 free);

void check_execution_controls(struct vmx_check *c);  /* 27.2.1.1: vmx_check_execution.c */
void check_exit_entry_controls(struct vmx_check *c); /* 27.2.1.2-3: vmx_check_controls.c */
void check_host(struct vmx_check *c);                /* 27.2.2-4: vmx_check_host.c */
void check_guest_registers(struct vmx_check *c);     /* 27.3.1.1: vmx_check_guest.c */
void check_guest_segments(struct vmx_check *c);      /* 27.3.1.2: vmx_check_segments.c */
void check_guest_tables_flags(struct vmx_check *c);  /* 27.3.1.3-4: vmx_check_guest.c */
void check_guest_state(struct vmx_check *c);         /* 27.3.1.5-6: vmx_check_state.c */

#endif
