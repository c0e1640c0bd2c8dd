/* SPDX-License-Identifier: MIT */
/* vmx_check: each rule about the guest's state broken once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/vmx_broken.h"

#define ENTRY_BASE (0x11fb | BIT(2) | BIT(14) | BIT(15))
#define TOO_HIGH   (1ull << 46)
#define HOLE       0x0000800000000000ull

/* Not an unrestricted guest, and its CS and SS as they are set here. */
static void restricted32(void)
{
    paged32();
    fields[VMCS_PROC2_CONTROLS] &= ~BIT(7);
}

static void nmi_64(void)
{
    long64();
    fields[VMCS_ENTRY_EVENT] = 0x80000202;
}

static void sti_64(void)
{
    long64();
    fields[VMCS_GUEST_BLOCKING] = 1;
}

/* clang-format off */
static const struct broken register_rules[] = {
    {long64, "27.3.1.1", VMCS_GUEST_CR0, "fixes to 1", {VMCS_GUEST_CR0, 0x80000011}, {{0}}},
    {real16, "27.3.1.1", VMCS_GUEST_CR0, "fixes to 1", {VMCS_GUEST_CR0, 0x10}, {{0}}},
    {restricted32, "27.3.1.1", VMCS_GUEST_CR0, "fixes to 1", {VMCS_GUEST_CR0, 0x31}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR0, "fixes to 0", {VMCS_GUEST_CR0, 0x180000031}, {{0}}},
    {real16, "27.3.1.1", VMCS_GUEST_CR0, "CR0.PG needs", {VMCS_GUEST_CR0, 0x80000030}, {{VMCS_GUEST_CR0, 0x31}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR4, "fixes to 1", {VMCS_GUEST_CR4, 0x20}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR4, "fixes to 0", {VMCS_GUEST_CR4, 0x3020}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR4, "CR4.CET", {VMCS_GUEST_CR4, 0x802020}, {{MSR_SIDE | 0x489, 0xb727ff}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR0, "has CR0.PG", {VMCS_GUEST_CR0, 0x31}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR4, "has CR4.PAE", {VMCS_GUEST_CR4, 0x2000}, {{0}}},
    {paged32, "27.3.1.1", VMCS_GUEST_CR4, "no CR4.PCIDE", {VMCS_GUEST_CR4, 0x22000}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_CR3, "physical-address", {VMCS_GUEST_CR3, TOO_HIGH}, {{VMCS_GUEST_CR4, 0x22020}, {VMCS_GUEST_CR3, TOO_HIGH - 1}}},
    {long64, "27.3.1.1", VMCS_GUEST_DEBUGCTL, "IA32_DEBUGCTL", {VMCS_GUEST_DEBUGCTL, 8}, {{VMCS_GUEST_DEBUGCTL, 0xffc7}}},
    {long64, "27.3.1.1", VMCS_GUEST_DR7, "DR7", {VMCS_GUEST_DR7, 1ull << 32}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_SYSENTER_ESP, "canonical", {VMCS_GUEST_SYSENTER_ESP, HOLE}, {{0}}},
    {paged32, "27.3.1.1", VMCS_GUEST_SYSENTER_EIP, "canonical", {VMCS_GUEST_SYSENTER_EIP, HOLE}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_S_CET, "IA32_S_CET", {VMCS_GUEST_S_CET, 0xc00}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(20)}, {VMCS_GUEST_S_CET, 0x800}}},
    {long64, "27.3.1.1", VMCS_GUEST_SSP_TABLE, "SSP table", {VMCS_GUEST_SSP_TABLE, HOLE}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(20)}}},
    {long64, "27.3.1.1", VMCS_GUEST_PAT, "IA32_PAT", {VMCS_GUEST_PAT, 0x0807040600070406}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_PAT, "IA32_PAT", {VMCS_GUEST_PAT, 3}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_EFER, "reserved bits", {VMCS_GUEST_EFER, 0x1d01}, {{0}}},
    {long64, "27.3.1.1", VMCS_GUEST_EFER, "EFER.LMA is as", {VMCS_GUEST_EFER, 0}, {{0}}},
    {paged32, "27.3.1.1", VMCS_GUEST_EFER, "are alike", {VMCS_GUEST_EFER, 0x100}, {{0}}},
    {real16, "27.3.1.1", VMCS_GUEST_EFER, "EFER.LMA is as", {VMCS_GUEST_EFER, 0x400}, {{VMCS_GUEST_EFER, 0x100}}},
    {long64, "27.3.1.1", VMCS_GUEST_BNDCFGS, "IA32_BNDCFGS", {VMCS_GUEST_BNDCFGS, 4}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(16)}, {VMCS_GUEST_BNDCFGS, 0x1003}}},
    {long64, "27.3.1.1", VMCS_GUEST_PKRS, "IA32_PKRS", {VMCS_GUEST_PKRS, 1ull << 63}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(22)}}},
    {long64, "27.3.1.1", VMCS_GUEST_UINV, "user-interrupt", {VMCS_GUEST_UINV, 0x100}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(19)}}},
};

static const struct broken segment_rules[] = {
    {v8086, "27.3.1.2", VMCS_GUEST_CS_BASE, "selector times 16", {VMCS_GUEST_CS_BASE, 0x12300}, {{0}}},
    {v8086, "27.3.1.2", VMCS_GUEST_GS_LIMIT, "limit is 0xffff", {VMCS_GUEST_GS_LIMIT, 0xfffff}, {{0}}},
    {v8086, "27.3.1.2", VMCS_GUEST_SS_ACCESS, "rights are 0xf3", {VMCS_GUEST_SS_ACCESS, 0x93}, {{0}}},
    {v8086, "27.3.1.2", VMCS_GUEST_ES_ACCESS, "rights are 0xf3", {VMCS_GUEST_ES_ACCESS, UNUSABLE}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_BASE, "CS.base", {VMCS_GUEST_CS_BASE, 1ull << 32}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "CS has type", {VMCS_GUEST_CS_ACCESS, 0xa09a}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "CS has type", {VMCS_GUEST_CS_ACCESS, 0xa097}, {{VMCS_GUEST_CS_ACCESS, 0xa093}}},
    {restricted32, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "CS has type", {VMCS_GUEST_CS_ACCESS, 0xc093}, {{0}}},
    {paged32, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "CS.DPL is 0 where CS has type 3", {VMCS_GUEST_CS_ACCESS, 0xc0f3}, {{VMCS_GUEST_CS_ACCESS, 0xc093}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "type 9 or 11", {VMCS_GUEST_CS_ACCESS, 0xa0fb}, {{0}}},
    {user64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "type 9 or 11", {VMCS_GUEST_CS_ACCESS, 0xa099}, {{VMCS_GUEST_CS_ACCESS, 0xa0f9}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "type 13 or 15", {VMCS_GUEST_CS_ACCESS, 0xa0bf}, {{VMCS_GUEST_CS_ACCESS, 0xa09f}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "CS.D is 0", {VMCS_GUEST_CS_ACCESS, 0xe09b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "S is 1", {VMCS_GUEST_CS_ACCESS, 0xa08b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "present", {VMCS_GUEST_CS_ACCESS, 0xa01b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "11:8 and 31:17", {VMCS_GUEST_CS_ACCESS, 0xa19b}, {{VMCS_GUEST_CS_ACCESS, 0xb09b}}},
    {long64, "27.3.1.2", VMCS_GUEST_DS_ACCESS, "11:8 and 31:17", {VMCS_GUEST_DS_ACCESS, 0x2c093}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "G is 0", {VMCS_GUEST_CS_LIMIT, 0xffffeffe}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_CS_ACCESS, "G is 1", {VMCS_GUEST_CS_ACCESS, 0x209b}, {{0}}},
    {restricted32, "27.3.1.2", VMCS_GUEST_SS, "SS.RPL is CS.RPL", {VMCS_GUEST_CS, 0x09}, {{0}}},
    {restricted32, "27.3.1.2", VMCS_GUEST_SS_ACCESS, "SS.DPL is SS.RPL", {VMCS_GUEST_SS_ACCESS, 0xc0b3}, {{VMCS_GUEST_CS_ACCESS, 0xc09f}}},
    {paged32, "27.3.1.2", VMCS_GUEST_SS_ACCESS, "SS.DPL is 0 where CS has type 3", {VMCS_GUEST_SS_ACCESS, 0xc0f3}, {{VMCS_GUEST_CS_ACCESS, 0xc093}}},
    {real16, "27.3.1.2", VMCS_GUEST_SS_ACCESS, "where CR0.PE is 0", {VMCS_GUEST_SS_ACCESS, 0xf3}, {{VMCS_GUEST_CS_ACCESS, 0x9f}}},
    {paged32, "27.3.1.2", VMCS_GUEST_SS_ACCESS, "type 3 or 7", {VMCS_GUEST_SS_ACCESS, 0xc091}, {{VMCS_GUEST_SS_ACCESS, 0xc097}}},
    {paged32, "27.3.1.2", VMCS_GUEST_SS_BASE, "63:32 of the bases", {VMCS_GUEST_SS_BASE, 1ull << 32}, {{VMCS_GUEST_SS_BASE, 0xffffffff}}},
    {long64, "27.3.1.2", VMCS_GUEST_ES_BASE, "63:32 of the bases", {VMCS_GUEST_ES_ACCESS, 0xc093}, {{VMCS_GUEST_ES_ACCESS, UNUSABLE}, {VMCS_GUEST_ES_BASE, ~0ull}}},
    {paged32, "27.3.1.2", VMCS_GUEST_DS_ACCESS, "accessed", {VMCS_GUEST_DS_ACCESS, 0xc092}, {{VMCS_GUEST_DS_ACCESS, UNUSABLE}}},
    {paged32, "27.3.1.2", VMCS_GUEST_ES_ACCESS, "readable", {VMCS_GUEST_ES_ACCESS, 0xc099}, {{VMCS_GUEST_ES_ACCESS, 0xc09b}}},
    {user64, "27.3.1.2", VMCS_GUEST_DS_ACCESS, "DPL is not below", {VMCS_GUEST_DS_ACCESS, 0xc093}, {{VMCS_GUEST_DS_ACCESS, 0xc09f}}},
    {long64, "27.3.1.2", VMCS_GUEST_FS_BASE, "FS.base and GS.base", {VMCS_GUEST_FS_BASE, HOLE}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_GS_BASE, "FS.base and GS.base", {VMCS_GUEST_GS_BASE, HOLE}, {{0}}},
    {paged32, "27.3.1.2", VMCS_GUEST_FS_ACCESS, "S is 1", {VMCS_GUEST_FS_ACCESS, 0xc083}, {{0}}},
    {paged32, "27.3.1.2", VMCS_GUEST_GS_ACCESS, "present", {VMCS_GUEST_GS_ACCESS, 0xc013}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR, "TI 0", {VMCS_GUEST_TR, 0x1c}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_BASE, "TR.base", {VMCS_GUEST_TR_BASE, HOLE}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "busy TSS", {VMCS_GUEST_TR_ACCESS, 0x89}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "busy TSS", {VMCS_GUEST_TR_ACCESS, 0x83}, {{0}}},
    {paged32, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "busy TSS", {VMCS_GUEST_TR_ACCESS, 0x81}, {{VMCS_GUEST_TR_ACCESS, 0x83}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "S is 0", {VMCS_GUEST_TR_ACCESS, 0x9b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "present", {VMCS_GUEST_TR_ACCESS, 0x0b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "TR is usable", {VMCS_GUEST_TR_ACCESS, 0x1008b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_TR_ACCESS, "G is 0", {VMCS_GUEST_TR_ACCESS, 0x808b}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR, "TI 0", {VMCS_GUEST_LDTR, 0x24}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR_BASE, "LDTR.base", {VMCS_GUEST_LDTR_BASE, HOLE}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR_ACCESS, "LDTR has type 2", {VMCS_GUEST_LDTR_ACCESS, 0x8b}, {{VMCS_GUEST_LDTR_ACCESS, UNUSABLE | 0xf0f}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR_ACCESS, "S is 0", {VMCS_GUEST_LDTR_ACCESS, 0x92}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR_ACCESS, "present", {VMCS_GUEST_LDTR_ACCESS, 0x02}, {{0}}},
    {long64, "27.3.1.2", VMCS_GUEST_LDTR_ACCESS, "G is 1", {VMCS_GUEST_LDTR_LIMIT, 0x100000}, {{VMCS_GUEST_LDTR_LIMIT, 0xfffff}}},
};

static const struct broken table_and_flag_rules[] = {
    {long64, "27.3.1.3", VMCS_GUEST_GDTR_BASE, "canonical", {VMCS_GUEST_GDTR_BASE, HOLE}, {{0}}},
    {paged32, "27.3.1.3", VMCS_GUEST_IDTR_BASE, "canonical", {VMCS_GUEST_IDTR_BASE, HOLE}, {{0}}},
    {real16, "27.3.1.3", VMCS_GUEST_GDTR_LIMIT, "GDTR limit", {VMCS_GUEST_GDTR_LIMIT, 0x10000}, {{VMCS_GUEST_GDTR_LIMIT, 0xffff}}},
    {real16, "27.3.1.3", VMCS_GUEST_IDTR_LIMIT, "IDTR limit", {VMCS_GUEST_IDTR_LIMIT, 0x80000000}, {{0}}},
    {paged32, "27.3.1.4", VMCS_GUEST_RIP, "63:32 of RIP", {VMCS_GUEST_RIP, 1ull << 32}, {{VMCS_GUEST_RIP, 0xffffffff}}},
    {long64, "27.3.1.4", VMCS_GUEST_RIP, "63:32 of RIP", {VMCS_GUEST_CS_ACCESS, 0xc09b}, {{0}}},
    /* HOLE is just above what is canonical, and may be entered. */
    {long64, "27.3.1.4", VMCS_GUEST_RIP, "linear-address width", {VMCS_GUEST_RIP, 0x1000000000000}, {{VMCS_GUEST_RIP, HOLE}}},
    {long64, "27.3.1.4", VMCS_GUEST_RFLAGS, "reserved bits", {VMCS_GUEST_RFLAGS, 0x400202}, {{0}}},
    {long64, "27.3.1.4", VMCS_GUEST_RFLAGS, "reserved bits", {VMCS_GUEST_RFLAGS, 0x20a}, {{VMCS_GUEST_RFLAGS, 0x3d7fd7}}},
    {long64, "27.3.1.4", VMCS_GUEST_RFLAGS, "bit 1", {VMCS_GUEST_RFLAGS, 0x200}, {{0}}},
    {long64, "27.3.1.4", VMCS_GUEST_RFLAGS, "injected", {VMCS_GUEST_RFLAGS, 2}, {{VMCS_ENTRY_EVENT, 0x80000020}}},
    {long64, "27.3.1.4", VMCS_GUEST_SSP, "multiple of 4", {VMCS_GUEST_SSP, 1}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(9) | BIT(20)}, {VMCS_GUEST_SSP, HIGH_BASE}}},
    {paged32, "27.3.1.4", VMCS_GUEST_SSP, "within the linear", {VMCS_GUEST_SSP, 1ull << 32}, {{VMCS_ENTRY_CONTROLS, ENTRY_BASE | BIT(20)}}},
};

static const struct broken state_rules[] = {
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "IA32_VMX_MISC", {VMCS_GUEST_ACTIVITY, 4}, {{VMCS_GUEST_ACTIVITY, 3}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "IA32_VMX_MISC", {MSR_SIDE | 0x485, 0x300481a5}, {{VMCS_GUEST_ACTIVITY, 1}}},
    {user64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "SS.DPL 0", {VMCS_GUEST_ACTIVITY, 1}, {{0}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "active state", {VMCS_GUEST_BLOCKING, 1}, {{VMCS_GUEST_ACTIVITY, 2}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "active state", {VMCS_GUEST_BLOCKING, 2}, {{VMCS_GUEST_ACTIVITY, 1}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "lets through", {VMCS_ENTRY_EVENT, 0x80000b0d}, {{VMCS_GUEST_ACTIVITY, 1}, {VMCS_ENTRY_EVENT, 0x80000020}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "lets through", {VMCS_ENTRY_EVENT, 0x80000480}, {{VMCS_GUEST_ACTIVITY, 1}, {VMCS_ENTRY_EVENT, 0x80000301}, {VMCS_ENTRY_LENGTH, 2}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "lets through", {VMCS_ENTRY_EVENT, 0x80000020}, {{VMCS_GUEST_ACTIVITY, 2}, {VMCS_ENTRY_EVENT, 0x80000202}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "lets through", {VMCS_ENTRY_EVENT, 0x80000700}, {{VMCS_GUEST_ACTIVITY, 2}, {VMCS_ENTRY_EVENT, 0x80000312}}},
    {long64, "27.3.1.5", VMCS_GUEST_ACTIVITY, "lets through", {VMCS_GUEST_ACTIVITY, 3}, {{VMCS_ENTRY_EVENT, 0x80000202}}},
    {long64, "27.3.1.5", VMCS_GUEST_BLOCKING, "bits 31:5", {VMCS_GUEST_BLOCKING, 0x20}, {{VMCS_GUEST_BLOCKING, 0x18}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "do not block both", {VMCS_GUEST_BLOCKING, 3}, {{0}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "needs RFLAGS.IF", {VMCS_GUEST_RFLAGS, 2}, {{0}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "external interrupt", {VMCS_ENTRY_EVENT, 0x80000020}, {{0}}},
    {long64, "27.3.1.5", VMCS_GUEST_BLOCKING, "external interrupt", {VMCS_GUEST_BLOCKING, 2}, {{VMCS_ENTRY_EVENT, 0x80000020}}},
    {nmi_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "MOV SS does not block where an NMI", {VMCS_GUEST_BLOCKING, 2}, {{0}}},
    {nmi_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "STI does not block where an NMI", {VMCS_GUEST_BLOCKING, 1}, {{0}}},
    {nmi_64, "27.3.1.5", VMCS_GUEST_BLOCKING, "virtual NMIs", {VMCS_PIN_CONTROLS, 0x3f}, {{VMCS_PIN_CONTROLS, 0x1f}, {VMCS_GUEST_BLOCKING, 8}}},
    {long64, "27.3.1.5", VMCS_GUEST_BLOCKING, "SMIs", {VMCS_GUEST_BLOCKING, 4}, {{0}}},
    {long64, "27.3.1.5", VMCS_GUEST_BLOCKING, "enclave", {VMCS_GUEST_BLOCKING, 0x12}, {{VMCS_GUEST_BLOCKING, 0x10}}},
    {long64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "reserved bits", {VMCS_GUEST_PENDING_DEBUG, 0x2000}, {{VMCS_GUEST_PENDING_DEBUG, 0x500f}}},
    {long64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "reserved bits", {VMCS_GUEST_PENDING_DEBUG, 0x20000}, {{0}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "TF without BTF", {VMCS_GUEST_PENDING_DEBUG, 0}, {{VMCS_GUEST_PENDING_DEBUG, 0x4000}, {VMCS_GUEST_RFLAGS, 0x302}, {0}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "no single step", {VMCS_GUEST_PENDING_DEBUG, 0x4000}, {{0}}},
    {sti_64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "no single step", {VMCS_GUEST_PENDING_DEBUG, 0x4000}, {{VMCS_GUEST_DEBUGCTL, 2}, {VMCS_GUEST_RFLAGS, 0x302}}},
    {long64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "no single step", {VMCS_GUEST_ACTIVITY, 1}, {{VMCS_GUEST_PENDING_DEBUG, 0x4000}}},
    {long64, "27.3.1.5", VMCS_GUEST_PENDING_DEBUG, "transaction", {VMCS_GUEST_PENDING_DEBUG, 0x11001}, {{VMCS_GUEST_PENDING_DEBUG, 0x11000}}},
    {long64, "27.3.1.5", VMCS_LINK_POINTER, "all ones", {VMCS_LINK_POINTER, 0x7008}, {{VMCS_LINK_POINTER, 0x7000}}},
    {long64, "27.3.1.5", VMCS_LINK_POINTER, "all ones", {VMCS_LINK_POINTER, TOO_HIGH}, {{0}}},
    {long64, "27.3.1.5", VMCS_LINK_POINTER, "revision", {MSR_SIDE | 0x480, 0x00d8100000000005}, {{VMCS_LINK_POINTER, 0x7000}}},
    {long64, "27.3.1.5", VMCS_LINK_POINTER, "shadow", {VMCS_PROC2_CONTROLS, 0x40a2}, {{VMCS_LINK_POINTER, 0x7000}}},
    {pae32, "27.3.1.6", VMCS_GUEST_PDPTE0, "PDPTE", {VMCS_GUEST_PDPTE0, 0x2003}, {{VMCS_GUEST_PDPTE0, 0x2e19}}},
    {pae32, "27.3.1.6", VMCS_GUEST_PDPTE2, "PDPTE", {VMCS_GUEST_PDPTE2, 0x2101}, {{0}}},
    {pae32, "27.3.1.6", VMCS_GUEST_PDPTE3, "PDPTE", {VMCS_GUEST_PDPTE3, 0x8000000000002001}, {{0}}},
};
/* clang-format on */

static void test_registers(void **state)
{
    (void)state;
    break_each(register_rules, array_size(register_rules));
}

static void test_segments(void **state)
{
    (void)state;
    break_each(segment_rules, array_size(segment_rules));
}

static void test_tables_and_flags(void **state)
{
    (void)state;
    break_each(table_and_flag_rules, array_size(table_and_flag_rules));
}

static void test_state(void **state)
{
    (void)state;
    break_each(state_rules, array_size(state_rules));
}

static bool found(const struct vmx_findings *findings, u32 field, const char *words)
{
    for (unsigned i = 0; i < vmx_findings_kept(findings); i++)
        if (findings->list[i].field == field && strstr(findings->list[i].rule, words))
            return true;
    return false;
}

/* RFLAGS.VM changes what is asked of the segments, so these two rules do not fail alone. */
static void test_vm_flag(void **state)
{
    (void)state;
    struct vmx_msrs msrs = ideal();
    struct vmx_findings findings;
    v8086();
    fields[VMCS_GUEST_CR0] = 0x30;
    assert_false(vmx_check(&image, &msrs, &findings));
    assert_true(found(&findings, VMCS_GUEST_RFLAGS, "RFLAGS.VM is 0 where CR0.PE is 0"));
    v8086();
    fields[VMCS_ENTRY_CONTROLS] |= BIT(9);
    assert_false(vmx_check(&image, &msrs, &findings));
    assert_true(found(&findings, VMCS_GUEST_RFLAGS, "RFLAGS.VM is 0 in IA-32e mode"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_tables_and_flags), cmocka_unit_test(test_state),
        cmocka_unit_test(test_vm_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
