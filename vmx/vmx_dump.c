/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_dump.h"

#include "lib/log.h"
#include "vmx/vmx_bits.h"
#include "vmx/vmx_names.h"

typedef unsigned long long ull; /* what %llx takes */

static ull get(const struct vmcs_image *vmcs, u32 field)
{
    return vmcs->read(vmcs->context, field);
}

static unsigned get32(const struct vmcs_image *vmcs, u32 field)
{
    return (unsigned)get(vmcs, field);
}

static void dump_non_register(const struct vmcs_image *v)
{
    unsigned blocking = get32(v, VMCS_GUEST_BLOCKING);
    log_raw("activity=%s blocking=%x%s%s%s%s%s pending-debug=%llx debugctl=%llx",
            vmx_activity(get32(v, VMCS_GUEST_ACTIVITY)), blocking,
            blocking & BLOCKING_STI ? ",sti" : "", blocking & BLOCKING_MOV_SS ? ",mov-ss" : "",
            blocking & BLOCKING_SMI ? ",smi" : "", blocking & BLOCKING_NMI ? ",nmi" : "",
            blocking & BLOCKING_ENCLAVE ? ",enclave" : "", get(v, VMCS_GUEST_PENDING_DEBUG),
            get(v, VMCS_GUEST_DEBUGCTL));
    log_raw("pdpte %llx %llx %llx %llx link=%llx", get(v, VMCS_GUEST_PDPTE0),
            get(v, VMCS_GUEST_PDPTE1), get(v, VMCS_GUEST_PDPTE2), get(v, VMCS_GUEST_PDPTE3),
            get(v, VMCS_LINK_POINTER));
}

static void dump_event(const struct vmcs_image *v, const char *name, u32 field, u32 error_field)
{
    unsigned event = get32(v, field), vector = event & EVENT_VECTOR;
    if (!(event & EVENT_VALID))
        return;
    if (event & EVENT_HAS_ERROR_CODE)
        log_raw("%s event=%08x: %s, vector %u, error code 0x%x", name, event, vmx_event_type(event),
                vector, get32(v, error_field));
    else
        log_raw("%s event=%08x: %s, vector %u", name, event, vmx_event_type(event), vector);
}

static void dump_exit(const struct vmcs_image *v)
{
    unsigned reason = get32(v, VMCS_EXIT_REASON);
    log_raw("exit reason=%08x %s%s qualification=%llx length=%u instruction=%08x", reason,
            vmx_exit_name(reason), reason & VMX_ENTRY_FAILED ? " (entry failed)" : "",
            get(v, VMCS_EXIT_QUALIFICATION), get32(v, VMCS_EXIT_LENGTH),
            get32(v, VMCS_EXIT_INSTRUCTION));
    log_raw("exit linear=%016llx physical=%016llx instruction-error=%u", get(v, VMCS_GUEST_LINEAR),
            get(v, VMCS_GUEST_PHYSICAL), get32(v, VMCS_INSTRUCTION_ERROR));
    dump_event(v, "exit", VMCS_EXIT_EVENT, VMCS_EXIT_ERROR_CODE);
    dump_event(v, "idt-vectoring", VMCS_IDT_EVENT, VMCS_IDT_ERROR_CODE);
    dump_event(v, "entry", VMCS_ENTRY_EVENT, VMCS_ENTRY_ERROR_CODE);
}

static void dump_controls(const struct vmcs_image *v)
{
    log_raw("controls pin=%08x proc=%08x proc2=%08x exit=%08x entry=%08x exceptions=%08x",
            get32(v, VMCS_PIN_CONTROLS), get32(v, VMCS_PROC_CONTROLS),
            get32(v, VMCS_PROC2_CONTROLS), get32(v, VMCS_EXIT_CONTROLS),
            get32(v, VMCS_ENTRY_CONTROLS), get32(v, VMCS_EXCEPTION_BITMAP));
    log_raw("cr0 real=%08llx mask=%08llx shadow=%08llx", get(v, VMCS_GUEST_CR0),
            get(v, VMCS_CR0_MASK), get(v, VMCS_CR0_SHADOW));
    log_raw("cr4 real=%08llx mask=%08llx shadow=%08llx", get(v, VMCS_GUEST_CR4),
            get(v, VMCS_CR4_MASK), get(v, VMCS_CR4_SHADOW));
    log_raw("eptp=%llx vpid=%04x tpr-threshold=%x intr-status=%04x tsc-offset=%016llx",
            get(v, VMCS_EPT_POINTER), get32(v, VMCS_VPID), get32(v, VMCS_TPR_THRESHOLD),
            get32(v, VMCS_GUEST_INTR_STATUS), get(v, VMCS_TSC_OFFSET));
}

void vmx_dump(const struct vmcs_image *vmcs)
{
    dump_non_register(vmcs);
    dump_exit(vmcs);
    dump_controls(vmcs);
}

void vmx_dump_findings(const struct vmx_findings *findings)
{
    char text[VMX_FINDING_TEXT_MAX];
    unsigned kept = vmx_findings_kept(findings);
    for (unsigned i = 0; i < kept; i++)
        log_raw("%s", vmx_finding_text(&findings->list[i], text, sizeof text));
    if (findings->count > kept)
        log_raw("and %u more", findings->count - kept);
}
