/* SPDX-License-Identifier: MIT */
/* What of the guest is no register, and the PDPTEs: SDM 3, 27.3.1.5 and 27.3.1.6. */
#include "vmx/vmx_check_rules.h"

#define DEBUGCTL_BTF BIT(1)

/* The event that the entry injects. */
static bool injects(const struct vmx_check *c, enum event_type type)
{
    return (c->event & EVENT_VALID) && bits_get(c->event, 10, 8) == type;
}

/* Events that reach a processor in this activity state. */
static bool event_allowed(const struct vmx_check *c, u64 activity)
{
    u64 vector = c->event & EVENT_VECTOR;
    bool exception = injects(c, EVENT_HARDWARE_EXCEPTION);
    if (!(c->event & EVENT_VALID) || activity == ACTIVITY_ACTIVE)
        return true;
    if (activity == ACTIVITY_HLT)
        return injects(c, EVENT_EXTERNAL_INTERRUPT) || injects(c, EVENT_NMI) ||
               (exception && (vector == 1 || vector == 18)) ||
               (injects(c, EVENT_OTHER) && vector == 0);
    if (activity == ACTIVITY_SHUTDOWN)
        return injects(c, EVENT_NMI) || (exception && vector == 18);
    return false;
}

static void check_activity(struct vmx_check *c)
{
    u64 activity = field(c, VMCS_GUEST_ACTIVITY), blocking = field(c, VMCS_GUEST_BLOCKING);
    u64 states = BIT(ACTIVITY_ACTIVE) | bits_get(vmx_cap(c->msrs, MSR_VMX_MISC), 8, 6) << 1;
    must(c, VMCS_GUEST_ACTIVITY, activity <= 3 && (states >> activity & 1),
         "the activity state is one that IA32_VMX_MISC offers");
    must(c, VMCS_GUEST_ACTIVITY,
         implies(activity == ACTIVITY_HLT, bits_get(c->ss_access, 6, 5) == 0),
         "the HLT state needs SS.DPL 0");
    must(c, VMCS_GUEST_ACTIVITY,
         implies(blocking & (BLOCKING_STI | BLOCKING_MOV_SS), activity == ACTIVITY_ACTIVE),
         "blocking by STI or MOV SS needs the active state");
    must(c, VMCS_GUEST_ACTIVITY, event_allowed(c, activity),
         "the injected event is one that the activity state lets through");
}

static void check_blocking(struct vmx_check *c)
{
    u64 blocking = field(c, VMCS_GUEST_BLOCKING);
    bool sti = blocking & BLOCKING_STI, mov_ss = blocking & BLOCKING_MOV_SS;
    bool nmi = injects(c, EVENT_NMI);
    must(c, VMCS_GUEST_BLOCKING, blocking >> 5 == 0, "bits 31:5 of the blocking are 0");
    must(c, VMCS_GUEST_BLOCKING, !(sti && mov_ss), "STI and MOV SS do not block both");
    must(c, VMCS_GUEST_BLOCKING, implies(sti, c->rflags & RFLAGS_IF),
         "blocking by STI needs RFLAGS.IF");
    must(c, VMCS_GUEST_BLOCKING, implies(injects(c, EVENT_EXTERNAL_INTERRUPT), !sti && !mov_ss),
         "STI and MOV SS do not block where an external interrupt is injected");
    must(c, VMCS_GUEST_BLOCKING, implies(nmi, !mov_ss),
         "MOV SS does not block where an NMI is injected");
    must(c, VMCS_GUEST_BLOCKING, !(blocking & BLOCKING_SMI), "SMIs are not blocked outside SMM");
    must(c, VMCS_GUEST_BLOCKING, implies(nmi, !sti),
         "STI does not block where an NMI is injected (some processors do not mind)");
    must(c, VMCS_GUEST_BLOCKING,
         implies(nmi && (c->pin & PIN_VIRTUAL_NMIS), !(blocking & BLOCKING_NMI)),
         "virtual NMIs are not blocked where one is injected");
    must(c, VMCS_GUEST_BLOCKING, implies(blocking & BLOCKING_ENCLAVE, !mov_ss),
         "MOV SS does not block after an enclave's interruption");
}

/* A single step that is pending has to be as TF and BTF have it. */
static void check_pending_debug(struct vmx_check *c)
{
    u64 pending = field(c, VMCS_GUEST_PENDING_DEBUG), blocking = field(c, VMCS_GUEST_BLOCKING);
    bool stepping = (c->rflags & RFLAGS_TF) && !(field(c, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);
    bool held = (blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) ||
                field(c, VMCS_GUEST_ACTIVITY) == ACTIVITY_HLT;
    must(c, VMCS_GUEST_PENDING_DEBUG,
         (pending & (MASK(11, 4) | BIT(13) | BIT(15) | MASK(63, 17))) == 0,
         "reserved bits of the pending debug exceptions are 0");
    must(c, VMCS_GUEST_PENDING_DEBUG, implies(held && stepping, pending & PENDING_BS),
         "a single step (TF without BTF) is pending under blocking by STI or MOV SS, or in HLT");
    must(c, VMCS_GUEST_PENDING_DEBUG, implies(held && !stepping, !(pending & PENDING_BS)),
         "no single step is pending without TF, or with BTF, under blocking or in HLT");
    must(c, VMCS_GUEST_PENDING_DEBUG,
         implies(pending & PENDING_RTM,
                 (pending & MASK(15, 0)) == PENDING_ENABLED && !(blocking & BLOCKING_MOV_SS)),
         "a debug exception inside a transaction stands alone, and MOV SS does not block");
}

/* The VMCS that the link pointer names: its first word is the revision, and bit 31 "shadow". */
static bool link_fits(const struct vmx_check *c, u64 link)
{
    u32 word, revision = (u32)(vmx_cap(c->msrs, MSR_VMX_BASIC) & VMX_BASIC_REVISION);
    u32 shadow = c->proc2 & PROC2_VMCS_SHADOWING ? 1u << 31 : 0;
    if (!peek(c, link, &word))
        return true;
    return word == (revision | shadow);
}

static void check_link(struct vmx_check *c)
{
    u64 link = field(c, VMCS_LINK_POINTER);
    bool sound = is_aligned(link, 4096) && physical(c, link);
    if (link == ~0ull)
        return;
    must(c, VMCS_LINK_POINTER, sound,
         "the VMCS link pointer is all ones, or a page within the physical-address width");
    must(c, VMCS_LINK_POINTER, !sound || link_fits(c, link),
         "the linked VMCS has this processor's revision, and is a shadow as the controls say");
}

/* 27.3.1.6: under PAE paging with EPT, the entries come from the VMCS. */
static void check_pdptes(struct vmx_check *c)
{
    bool pae = (c->cr0 & CR0_PG) && (c->cr4 & CR4_PAE) && !c->ia32e;
    if (!pae || !(c->proc2 & PROC2_EPT))
        return;
    for (u32 i = 0; i < 4; i++) {
        u32 number = VMCS_GUEST_PDPTE0 + 2 * i;
        u64 entry = field(c, number);
        must(c, number,
             implies(entry & 1, (entry & (MASK(2, 1) | MASK(8, 5))) == 0 && physical(c, entry)),
             "reserved bits of a PDPTE that is present are 0");
    }
}

void check_guest_state(struct vmx_check *c)
{
    c->section = "27.3.1.5";
    check_activity(c);
    check_blocking(c);
    check_pending_debug(c);
    check_link(c);
    c->section = "27.3.1.6";
    check_pdptes(c);
}
