/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_check.h"

#include "lib/fmt.h"
#include "vmx/vmx_check_rules.h"
#include "vmx/vmx_names.h"

void must(struct vmx_check *c, u32 number, bool holds, const char *rule)
{
    struct vmx_findings *findings = c->findings;
    if (holds)
        return;
    if (findings->count < VMX_FINDINGS_MAX)
        findings->list[findings->count] =
            (struct vmx_finding){c->section, rule, number, field(c, number)};
    findings->count++;
}

void must_fixed(struct vmx_check *c, u32 number, u32 must_be, u32 may_be, u64 free)
{
    u64 value = field(c, number);
    u64 fixed0 = c->msrs->cap[must_be - MSR_VMX_BASIC];
    u64 fixed1 = c->msrs->cap[may_be - MSR_VMX_BASIC];
    must(c, number, (fixed0 & ~free & ~value) == 0,
         "every bit is 1 that VMX operation fixes to 1 (IA32_VMX_CRn_FIXED0)");
    must(c, number, (value & ~fixed1) == 0,
         "no bit is 1 that VMX operation fixes to 0 (IA32_VMX_CRn_FIXED1)");
}

void must_allowed(struct vmx_check *c, u32 number, enum vmx_word word)
{
    struct feature_limits limits = vmx_limits_of(c->msrs, word);
    u64 value = field(c, number);
    must(c, number, (limits.must & ~value) == 0,
         "every control is 1 that the capability MSR says must be 1");
    must(c, number, (value & ~limits.may) == 0,
         "no control is 1 that the capability MSR does not allow");
}

bool cet_valid(const struct vmx_check *c, u64 cet)
{
    return canonical(c, cet) && !(cet & MASK(9, 6)) && (cet & MASK(11, 10)) != MASK(11, 10);
}

/* Controls that another control has to activate count as 0 without it. */
static void read_controls(struct vmx_check *c)
{
    c->pin = field(c, VMCS_PIN_CONTROLS);
    c->proc = field(c, VMCS_PROC_CONTROLS);
    c->proc2 = c->proc & PROC_SECONDARY ? field(c, VMCS_PROC2_CONTROLS) : 0;
    c->exit = field(c, VMCS_EXIT_CONTROLS);
    c->entry = field(c, VMCS_ENTRY_CONTROLS);
    c->event = field(c, VMCS_ENTRY_EVENT);
}

static void read_mode(struct vmx_check *c)
{
    c->cr0 = field(c, VMCS_GUEST_CR0);
    c->cr4 = field(c, VMCS_GUEST_CR4);
    c->rflags = field(c, VMCS_GUEST_RFLAGS);
    c->cs_access = field(c, VMCS_GUEST_CS_ACCESS);
    c->ss_access = field(c, VMCS_GUEST_SS_ACCESS);
    c->ia32e = c->entry & ENTRY_IA32E_GUEST;
    c->v8086 = c->rflags & RFLAGS_VM;
    c->unrestricted = c->proc2 & PROC2_UNRESTRICTED;
}

bool vmx_check(const struct vmcs_image *vmcs, const struct vmx_msrs *msrs,
               struct vmx_findings *findings)
{
    struct vmx_check c = {.vmcs = vmcs, .msrs = msrs, .findings = findings};
    findings->count = 0;
    read_controls(&c);
    read_mode(&c);
    check_execution_controls(&c);
    check_exit_entry_controls(&c);
    check_host(&c);
    check_guest_registers(&c);
    check_guest_segments(&c);
    check_guest_tables_flags(&c);
    check_guest_state(&c);
    return findings->count == 0;
}

const char *vmx_finding_text(const struct vmx_finding *finding, char *to, size_t size)
{
    fmt_text(to, size, "%s %s (%s is 0x%llx)", finding->section, finding->rule,
             vmcs_field_name(finding->field), (unsigned long long)finding->value);
    return to;
}
