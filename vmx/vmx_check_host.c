/* SPDX-License-Identifier: MIT */
/* The host-state area: SDM 3, 27.2.2 to 27.2.4. Trivet itself runs in 64-bit mode. */
#include "vmx/vmx_check_rules.h"

static void must_canonical(struct vmx_check *c, u32 number)
{
    must(c, number, canonical(c, field(c, number)), "the host's address is canonical");
}

/* 27.2.2 */
static void check_control_registers(struct vmx_check *c)
{
    must_fixed(c, VMCS_HOST_CR0, MSR_VMX_CR0_FIXED0, MSR_VMX_CR0_FIXED1, 0);
    must_fixed(c, VMCS_HOST_CR4, MSR_VMX_CR4_FIXED0, MSR_VMX_CR4_FIXED1, 0);
    must(c, VMCS_HOST_CR4,
         implies(field(c, VMCS_HOST_CR4) & CR4_CET, field(c, VMCS_HOST_CR0) & CR0_WP),
         "the host's CR4.CET needs CR0.WP");
    must(c, VMCS_HOST_CR3, physical(c, field(c, VMCS_HOST_CR3)),
         "the host's CR3 is within the physical-address width");
}

static void check_msrs(struct vmx_check *c)
{
    u64 efer = field(c, VMCS_HOST_EFER), lma_lme = EFER_LMA | EFER_LME;
    bool load_efer = c->exit & EXIT_LOAD_EFER, load_cet = c->exit & EXIT_LOAD_CET;
    must_canonical(c, VMCS_HOST_SYSENTER_ESP);
    must_canonical(c, VMCS_HOST_SYSENTER_EIP);
    must(c, VMCS_HOST_PAT, implies(c->exit & EXIT_LOAD_PAT, pat_valid(field(c, VMCS_HOST_PAT))),
         "each byte of the host's IA32_PAT is a memory type");
    must(c, VMCS_HOST_EFER, implies(load_efer, (efer & ~EFER_DEFINED) == 0),
         "reserved bits of the host's IA32_EFER are 0");
    must(c, VMCS_HOST_EFER,
         implies(load_efer, (efer & lma_lme) == (c->exit & EXIT_HOST_64 ? lma_lme : 0)),
         "LMA and LME of the host's IA32_EFER are as 'host address-space size'");
    must(c, VMCS_HOST_S_CET, implies(load_cet, cet_valid(c, field(c, VMCS_HOST_S_CET))),
         "reserved bits of the host's IA32_S_CET are 0 and its address is canonical");
    must(c, VMCS_HOST_SSP_TABLE, implies(load_cet, canonical(c, field(c, VMCS_HOST_SSP_TABLE))),
         "the host's interrupt SSP table is at a canonical address");
    must(c, VMCS_HOST_SSP,
         implies(load_cet,
                 canonical(c, field(c, VMCS_HOST_SSP)) && is_aligned(field(c, VMCS_HOST_SSP), 4)),
         "the host's SSP is canonical and a multiple of 4");
    must(c, VMCS_HOST_PKRS, implies(c->exit & EXIT_LOAD_PKRS, field(c, VMCS_HOST_PKRS) >> 32 == 0),
         "bits 63:32 of the host's IA32_PKRS are 0");
}

/* 27.2.3 */
static void check_segments(struct vmx_check *c)
{
    static const u32 selectors[] = {VMCS_HOST_ES, VMCS_HOST_CS, VMCS_HOST_SS, VMCS_HOST_DS,
                                    VMCS_HOST_FS, VMCS_HOST_GS, VMCS_HOST_TR};
    static const u32 bases[] = {VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_TR_BASE,
                                VMCS_HOST_GDTR_BASE, VMCS_HOST_IDTR_BASE};
    for (unsigned i = 0; i < array_size(selectors); i++)
        must(c, selectors[i], (field(c, selectors[i]) & 7) == 0,
             "RPL and TI of the host's selectors are 0");
    must(c, VMCS_HOST_CS, field(c, VMCS_HOST_CS) != 0, "the host's CS is not null");
    must(c, VMCS_HOST_TR, field(c, VMCS_HOST_TR) != 0, "the host's TR is not null");
    must(c, VMCS_HOST_SS, implies(!(c->exit & EXIT_HOST_64), field(c, VMCS_HOST_SS) != 0),
         "the host's SS is not null outside 64-bit mode");
    for (unsigned i = 0; i < array_size(bases); i++)
        must_canonical(c, bases[i]);
}

/* 27.2.4, for a processor that is in IA-32e mode at the time of entry. */
static void check_address_space(struct vmx_check *c)
{
    bool host64 = c->exit & EXIT_HOST_64;
    must(c, VMCS_EXIT_CONTROLS, host64, "'host address-space size' is 1: the host is 64-bit");
    must(c, VMCS_ENTRY_CONTROLS, implies(c->ia32e, host64),
         "'IA-32e mode guest' needs 'host address-space size'");
    must(c, VMCS_HOST_CR4, implies(host64, field(c, VMCS_HOST_CR4) & CR4_PAE),
         "a 64-bit host has CR4.PAE");
    must(c, VMCS_HOST_CR4, implies(!host64, !(field(c, VMCS_HOST_CR4) & CR4_PCIDE)),
         "a host outside 64-bit mode has no CR4.PCIDE");
    must(c, VMCS_HOST_RIP,
         host64 ? canonical(c, field(c, VMCS_HOST_RIP)) : field(c, VMCS_HOST_RIP) >> 32 == 0,
         "the host's RIP is canonical, or within 32 bits outside 64-bit mode");
}

void check_host(struct vmx_check *c)
{
    c->section = "27.2.2";
    check_control_registers(c);
    check_msrs(c);
    c->section = "27.2.3";
    check_segments(c);
    c->section = "27.2.4";
    check_address_space(c);
}
