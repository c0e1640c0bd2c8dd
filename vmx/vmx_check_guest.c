/* SPDX-License-Identifier: MIT */
/* Guest registers other than segments: SDM 3, 27.3.1.1, 27.3.1.3 and 27.3.1.4. */
#include "vmx/vmx_check_rules.h"

/* IA32_DEBUGCTL: bits 5:3 and 63:16. */
#define DEBUGCTL_RESERVED (MASK(5, 3) | MASK(63, 16))

#define RFLAGS_RESERVED (BIT(3) | BIT(5) | BIT(15) | MASK(63, 22))
#define RFLAGS_FIXED_1  BIT(1)

static void must_canonical(struct vmx_check *c, u32 number)
{
    must(c, number, canonical(c, field(c, number)), "the guest's address is canonical");
}

static void check_control_registers(struct vmx_check *c)
{
    bool paging = c->cr0 & CR0_PG;
    must_fixed(c, VMCS_GUEST_CR0, MSR_VMX_CR0_FIXED0, MSR_VMX_CR0_FIXED1,
               c->unrestricted ? CR0_PE | CR0_PG : 0);
    must(c, VMCS_GUEST_CR0, implies(paging, c->cr0 & CR0_PE), "CR0.PG needs CR0.PE");
    must_fixed(c, VMCS_GUEST_CR4, MSR_VMX_CR4_FIXED0, MSR_VMX_CR4_FIXED1, 0);
    must(c, VMCS_GUEST_CR4, implies(c->cr4 & CR4_CET, c->cr0 & CR0_WP), "CR4.CET needs CR0.WP");
    must(c, VMCS_GUEST_CR0, implies(c->ia32e, paging), "an IA-32e mode guest has CR0.PG");
    must(c, VMCS_GUEST_CR4, implies(c->ia32e, c->cr4 & CR4_PAE),
         "an IA-32e mode guest has CR4.PAE");
    must(c, VMCS_GUEST_CR4, implies(!c->ia32e, !(c->cr4 & CR4_PCIDE)),
         "a guest outside IA-32e mode has no CR4.PCIDE");
    must(c, VMCS_GUEST_CR3, physical(c, field(c, VMCS_GUEST_CR3)),
         "CR3 is within the physical-address width");
}

static void check_efer(struct vmx_check *c)
{
    u64 efer = field(c, VMCS_GUEST_EFER);
    bool lma = efer & EFER_LMA, lme = efer & EFER_LME;
    must(c, VMCS_GUEST_EFER, (efer & ~EFER_DEFINED) == 0, "reserved bits of IA32_EFER are 0");
    must(c, VMCS_GUEST_EFER, lma == c->ia32e, "EFER.LMA is as 'IA-32e mode guest'");
    must(c, VMCS_GUEST_EFER, implies(c->cr0 & CR0_PG, lma == lme),
         "EFER.LMA and EFER.LME are alike under CR0.PG");
}

static void check_debug_and_msrs(struct vmx_check *c)
{
    bool debug = c->entry & ENTRY_LOAD_DEBUG, cet = c->entry & ENTRY_LOAD_CET;
    u64 bounds = c->entry & ENTRY_LOAD_BNDCFGS ? field(c, VMCS_GUEST_BNDCFGS) : 0;
    must(c, VMCS_GUEST_DEBUGCTL,
         implies(debug, (field(c, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_RESERVED) == 0),
         "reserved bits of IA32_DEBUGCTL are 0");
    must(c, VMCS_GUEST_DR7, implies(debug, field(c, VMCS_GUEST_DR7) >> 32 == 0),
         "bits 63:32 of DR7 are 0");
    must_canonical(c, VMCS_GUEST_SYSENTER_ESP);
    must_canonical(c, VMCS_GUEST_SYSENTER_EIP);
    must(c, VMCS_GUEST_S_CET, implies(cet, cet_valid(c, field(c, VMCS_GUEST_S_CET))),
         "reserved bits of IA32_S_CET are 0 and its address is canonical");
    must(c, VMCS_GUEST_SSP_TABLE, implies(cet, canonical(c, field(c, VMCS_GUEST_SSP_TABLE))),
         "the interrupt SSP table is at a canonical address");
    must(c, VMCS_GUEST_PAT, implies(c->entry & ENTRY_LOAD_PAT, pat_valid(field(c, VMCS_GUEST_PAT))),
         "each byte of IA32_PAT is a memory type");
    if (c->entry & ENTRY_LOAD_EFER)
        check_efer(c);
    must(c, VMCS_GUEST_BNDCFGS, (bounds & MASK(11, 2)) == 0 && canonical(c, bounds),
         "reserved bits of IA32_BNDCFGS are 0 and its address is canonical");
    must(c, VMCS_GUEST_PKRS,
         implies(c->entry & ENTRY_LOAD_PKRS, field(c, VMCS_GUEST_PKRS) >> 32 == 0),
         "bits 63:32 of IA32_PKRS are 0");
    must(c, VMCS_GUEST_UINV, implies(c->entry & ENTRY_LOAD_UINV, field(c, VMCS_GUEST_UINV) < 256),
         "bits 15:8 of the user-interrupt vector are 0");
}

void check_guest_registers(struct vmx_check *c)
{
    c->section = "27.3.1.1";
    check_control_registers(c);
    check_debug_and_msrs(c);
}

/* 27.3.1.3 */
static void check_descriptor_tables(struct vmx_check *c)
{
    must_canonical(c, VMCS_GUEST_GDTR_BASE);
    must_canonical(c, VMCS_GUEST_IDTR_BASE);
    must(c, VMCS_GUEST_GDTR_LIMIT, field(c, VMCS_GUEST_GDTR_LIMIT) >> 16 == 0,
         "bits 31:16 of the GDTR limit are 0");
    must(c, VMCS_GUEST_IDTR_LIMIT, field(c, VMCS_GUEST_IDTR_LIMIT) >> 16 == 0,
         "bits 31:16 of the IDTR limit are 0");
}

/*
 * 27.3.1.4. A 64-bit RIP has only its bits above the linear-address width alike: one that runs off
 * the end of the canonical half may be entered, and faults there.
 */
static void check_rip_and_flags(struct vmx_check *c)
{
    bool code64 = c->ia32e && (c->cs_access & ACCESS_L);
    u64 rip = field(c, VMCS_GUEST_RIP), ssp = field(c, VMCS_GUEST_SSP);
    bool external = (c->event & EVENT_VALID) && bits_get(c->event, 10, 8) == 0;
    must(c, VMCS_GUEST_RIP, implies(!code64, rip >> 32 == 0),
         "bits 63:32 of RIP are 0 outside 64-bit mode");
    must(c, VMCS_GUEST_RIP, implies(code64, top_alike(rip, linear_bits(c))),
         "RIP's bits above the linear-address width are alike in 64-bit mode");
    must(c, VMCS_GUEST_RFLAGS, (c->rflags & RFLAGS_RESERVED) == 0, "reserved bits of RFLAGS are 0");
    must(c, VMCS_GUEST_RFLAGS, c->rflags & RFLAGS_FIXED_1, "bit 1 of RFLAGS is 1");
    must(c, VMCS_GUEST_RFLAGS, implies(c->v8086, !c->ia32e), "RFLAGS.VM is 0 in IA-32e mode");
    must(c, VMCS_GUEST_RFLAGS, implies(c->v8086, c->cr0 & CR0_PE),
         "RFLAGS.VM is 0 where CR0.PE is 0");
    must(c, VMCS_GUEST_RFLAGS, implies(external, c->rflags & RFLAGS_IF),
         "RFLAGS.IF is 1 where an external interrupt is injected");
    if (!(c->entry & ENTRY_LOAD_CET))
        return;
    must(c, VMCS_GUEST_SSP, is_aligned(ssp, 4), "SSP is a multiple of 4");
    must(c, VMCS_GUEST_SSP, code64 ? top_alike(ssp, linear_bits(c)) : ssp >> 32 == 0,
         "SSP is within the linear addresses of the guest's mode");
}

void check_guest_tables_flags(struct vmx_check *c)
{
    c->section = "27.3.1.3";
    check_descriptor_tables(c);
    c->section = "27.3.1.4";
    check_rip_and_flags(c);
}
