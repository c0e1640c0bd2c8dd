/* SPDX-License-Identifier: MIT */
/*
 * Why a VM entry fails: the processor's own checks (SDM 3, 27.2 and 27.3) run in software over a
 * VMCS, each rule by the manual's section. After VM-instruction error 7 or 8, or exit reason 33,
 * what is found here goes into the sentence that stops the machine. Pure: the kernel hands in the
 * current VMCS, the unit tests an array.
 *
 * Not checked: reserved bits that only CPUID tells (performance counters, last-branch records,
 * processor trace), fields of tertiary controls, entries from within SMM. Trivet uses none of them.
 */
#ifndef VMX_VMX_CHECK_H
#define VMX_VMX_CHECK_H

#include "vmx/vmcs.h"
#include "vmx/vmx_caps.h"

/* A rule that does not hold: "27.3.1.2", the rule in words, and the field with its value. */
struct vmx_finding {
    const char *section;
    const char *rule;
    u32 field;
    u64 value;
};

#define VMX_FINDINGS_MAX 16

/* In the manual's order; `count` is all that failed, of which the first ones are kept. */
struct vmx_findings {
    unsigned count;
    struct vmx_finding list[VMX_FINDINGS_MAX];
};

static inline unsigned vmx_findings_kept(const struct vmx_findings *findings)
{
    return findings->count < VMX_FINDINGS_MAX ? findings->count : VMX_FINDINGS_MAX;
}

/*
 * All rules: controls, host state, guest state. `msrs` are the registers of the core that was to
 * enter. True if every rule holds: then the processor knows something that we do not.
 */
bool vmx_check(const struct vmcs_image *vmcs, const struct vmx_msrs *msrs,
               struct vmx_findings *findings);

/* "27.3.1.2 SS.DPL is 0 where CR0.PE is 0 (GUEST_SS_ACCESS is 0xf3)"; returns to. */
const char *vmx_finding_text(const struct vmx_finding *finding, char *to, size_t size);

/* Enough for every finding's text. */
#define VMX_FINDING_TEXT_MAX 200

#endif
