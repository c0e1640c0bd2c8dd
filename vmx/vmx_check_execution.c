/* SPDX-License-Identifier: MIT */
/* Execution controls: SDM 3, 27.2.1.1. */
#include "vmx/vmx_check_rules.h"

/* A page whose address a field holds. */
static void must_page(struct vmx_check *c, u32 number, bool used)
{
    must(c, number, implies(used, is_aligned(field(c, number), 4096)),
         "the address of a page that is used is a multiple of 4096");
    must(c, number, implies(used, physical(c, field(c, number))),
         "the address of a page that is used is within the physical-address width");
}

static void check_words(struct vmx_check *c)
{
    must_allowed(c, VMCS_PIN_CONTROLS, PIN);
    must_allowed(c, VMCS_PROC_CONTROLS, PROC);
    if (c->proc & PROC_SECONDARY)
        must_allowed(c, VMCS_PROC2_CONTROLS, PROC2);
    if (c->proc & PROC_TERTIARY)
        must_allowed(c, VMCS_PROC3, PROC3);
    must(c, VMCS_CR3_TARGETS,
         field(c, VMCS_CR3_TARGETS) <= bits_get(vmx_cap(c->msrs, MSR_VMX_MISC), 24, 16),
         "there are no more CR3 targets than IA32_VMX_MISC allows");
}

/* The guest's task priority is the byte at 80H of the virtual-APIC page. */
static bool threshold_reached(struct vmx_check *c)
{
    u32 vtpr;
    u64 page = field(c, VMCS_VIRTUAL_APIC);
    if (!is_aligned(page, 4096) || !peek(c, page + 0x80, &vtpr))
        return true;
    return bits_get(field(c, VMCS_TPR_THRESHOLD), 3, 0) <= bits_get(vtpr, 7, 4);
}

static void check_bitmaps_and_tpr(struct vmx_check *c)
{
    bool shadow = c->proc & PROC_TPR_SHADOW, delivery = c->proc2 & PROC2_VIRTUAL_DELIVERY;
    bool by_page = shadow && !delivery && !(c->proc2 & PROC2_APIC_ACCESSES);
    must_page(c, VMCS_IO_BITMAP_A, c->proc & PROC_IO_BITMAPS);
    must_page(c, VMCS_IO_BITMAP_B, c->proc & PROC_IO_BITMAPS);
    must_page(c, VMCS_MSR_BITMAP, c->proc & PROC_MSR_BITMAPS);
    must_page(c, VMCS_VIRTUAL_APIC, shadow);
    must(c, VMCS_TPR_THRESHOLD,
         implies(shadow && !delivery, field(c, VMCS_TPR_THRESHOLD) >> 4 == 0),
         "bits 31:4 of the TPR threshold are 0");
    must(c, VMCS_TPR_THRESHOLD, !by_page || threshold_reached(c),
         "the TPR threshold is not above the virtual TPR's bits 7:4");
    must(c, VMCS_PROC2_CONTROLS, implies(c->proc2 & PROC2_X2APIC_MODE, shadow),
         "'virtualize x2APIC mode' needs 'use TPR shadow'");
    must(c, VMCS_PROC2_CONTROLS, implies(c->proc2 & PROC2_APIC_REGISTERS, shadow),
         "'APIC-register virtualization' needs 'use TPR shadow'");
    must(c, VMCS_PROC2_CONTROLS, implies(delivery, shadow),
         "'virtual-interrupt delivery' needs 'use TPR shadow'");
}

static void check_nmi_and_apic(struct vmx_check *c)
{
    bool delivery = c->proc2 & PROC2_VIRTUAL_DELIVERY, posted = c->pin & PIN_POSTED_INTERRUPTS;
    must(c, VMCS_PIN_CONTROLS, implies(c->pin & PIN_VIRTUAL_NMIS, c->pin & PIN_NMI),
         "'virtual NMIs' needs 'NMI exiting'");
    must(c, VMCS_PROC_CONTROLS, implies(c->proc & PROC_NMI_WINDOW, c->pin & PIN_VIRTUAL_NMIS),
         "'NMI-window exiting' needs 'virtual NMIs'");
    must_page(c, VMCS_APIC_ACCESS, c->proc2 & PROC2_APIC_ACCESSES);
    must(c, VMCS_PROC2_CONTROLS,
         implies(c->proc2 & PROC2_X2APIC_MODE, !(c->proc2 & PROC2_APIC_ACCESSES)),
         "'virtualize x2APIC mode' and 'virtualize APIC accesses' exclude each other");
    must(c, VMCS_PIN_CONTROLS, implies(delivery, c->pin & PIN_EXTERNAL_INTERRUPT),
         "'virtual-interrupt delivery' needs 'external-interrupt exiting'");
    must(c, VMCS_PROC2_CONTROLS, implies(posted, delivery),
         "'process posted interrupts' needs 'virtual-interrupt delivery'");
    must(c, VMCS_EXIT_CONTROLS, implies(posted, c->exit & EXIT_ACKNOWLEDGE),
         "'process posted interrupts' needs 'acknowledge interrupt on exit'");
    must(c, VMCS_POSTED_VECTOR, implies(posted, field(c, VMCS_POSTED_VECTOR) <= 255),
         "the posted-interrupt vector is at most 255");
    must(c, VMCS_POSTED_DESCRIPTOR,
         implies(posted, is_aligned(field(c, VMCS_POSTED_DESCRIPTOR), 64)),
         "the posted-interrupt descriptor is aligned to 64 bytes");
    must(c, VMCS_POSTED_DESCRIPTOR, implies(posted, physical(c, field(c, VMCS_POSTED_DESCRIPTOR))),
         "the posted-interrupt descriptor is within the physical-address width");
}

/* The EPT pointer: table 25-9, and A.10 for what the processor offers. */
static void check_ept_pointer(struct vmx_check *c)
{
    u64 eptp = field(c, VMCS_EPT_POINTER), cap = vmx_cap(c->msrs, MSR_VMX_EPT_VPID_CAP);
    u64 type = bits_get(eptp, 2, 0), levels = bits_get(eptp, 5, 3) + 1;
    must(c, VMCS_EPT_POINTER,
         (type == MEMORY_TYPE_UC && (cap & BIT(8))) || (type == MEMORY_TYPE_WB && (cap & BIT(14))),
         "the EPT pointer's memory type is one that the processor offers");
    must(c, VMCS_EPT_POINTER, (levels == 4 && (cap & BIT(6))) || (levels == 5 && (cap & BIT(7))),
         "the EPT pointer's walk length is one that the processor offers");
    must(c, VMCS_EPT_POINTER, implies(eptp & BIT(6), cap & BIT(21)),
         "accessed and dirty flags for EPT are on only where the processor has them");
    must(c, VMCS_EPT_POINTER, implies(eptp & BIT(7), cap & BIT(23)),
         "supervisor shadow-stack control in EPT is on only where the processor has it");
    must(c, VMCS_EPT_POINTER, (eptp & MASK(11, 8)) == 0 && physical(c, eptp),
         "the EPT pointer's reserved bits are 0");
}

static void check_ept_users(struct vmx_check *c)
{
    bool ept = c->proc2 & PROC2_EPT;
    must(c, VMCS_PROC2_CONTROLS, implies(c->proc2 & PROC2_PML, ept), "'enable PML' needs EPT");
    must_page(c, VMCS_PML_ADDRESS, c->proc2 & PROC2_PML);
    must(c, VMCS_PROC2_CONTROLS, implies(c->unrestricted, ept), "'unrestricted guest' needs EPT");
    must(c, VMCS_PROC2_CONTROLS, implies(c->proc2 & PROC2_EPT_EXECUTE_MODES, ept),
         "'mode-based execute control for EPT' needs EPT");
    must(c, VMCS_PROC2_CONTROLS, implies(c->proc2 & PROC2_EPT_SUB_PAGE, ept),
         "'sub-page write permissions for EPT' needs EPT");
    must_page(c, VMCS_SPP_TABLE, c->proc2 & PROC2_EPT_SUB_PAGE);
    must(c, VMCS_PROC2_CONTROLS,
         implies(c->proc2 & PROC2_PT_GUEST_PHYSICAL,
                 ept && (c->entry & ENTRY_LOAD_RTIT_CTL) && (c->exit & EXIT_CLEAR_RTIT_CTL)),
         "'Intel PT uses guest physical addresses' needs EPT, and IA32_RTIT_CTL loaded and "
         "cleared");
}

/* What Trivet leaves off; an entry that fails here has found garbage in the controls. */
static void check_functions_and_shadowing(struct vmx_check *c)
{
    bool functions = c->proc2 & PROC2_VM_FUNCTIONS;
    u64 chosen = functions ? field(c, VMCS_VM_FUNCTIONS) : 0;
    must(c, VMCS_VM_FUNCTIONS, (chosen & ~vmx_cap(c->msrs, MSR_VMX_VMFUNC)) == 0,
         "no VM function is on that IA32_VMX_VMFUNC does not allow");
    must(c, VMCS_VM_FUNCTIONS, implies(chosen & VM_FUNCTION_EPTP_SWITCH, c->proc2 & PROC2_EPT),
         "'EPTP switching' needs EPT");
    must_page(c, VMCS_EPTP_LIST, chosen & VM_FUNCTION_EPTP_SWITCH);
    must_page(c, VMCS_VMREAD_BITMAP, c->proc2 & PROC2_VMCS_SHADOWING);
    must_page(c, VMCS_VMWRITE_BITMAP, c->proc2 & PROC2_VMCS_SHADOWING);
    must_page(c, VMCS_VE_INFORMATION, c->proc2 & PROC2_EPT_VE);
}

void check_execution_controls(struct vmx_check *c)
{
    c->section = "27.2.1.1";
    check_words(c);
    check_bitmaps_and_tpr(c);
    check_nmi_and_apic(c);
    must(c, VMCS_VPID, implies(c->proc2 & PROC2_VPID, field(c, VMCS_VPID) != 0),
         "the VPID is not 0: that is the host's");
    if (c->proc2 & PROC2_EPT)
        check_ept_pointer(c);
    check_ept_users(c);
    check_functions_and_shadowing(c);
    must(c, VMCS_TSC_MULTIPLIER,
         implies(c->proc2 & PROC2_TSC_SCALING, field(c, VMCS_TSC_MULTIPLIER) != 0),
         "the TSC multiplier is not 0");
}
