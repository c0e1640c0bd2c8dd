/* SPDX-License-Identifier: MIT */
/* Exit and entry controls: SDM 3, 27.2.1.2 and 27.2.1.3. */
#include "vmx/vmx_check_rules.h"

/* Vectors whose exceptions push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
#define ERROR_CODE_VECTORS (BIT(8) | MASK(14, 10) | BIT(17))

/* A list of MSRs, 16 bytes each, is aligned and ends within the physical-address width. */
static void must_list(struct vmx_check *c, u32 address_field, u32 count_field)
{
    u64 address = field(c, address_field), count = field(c, count_field);
    must(c, address_field, implies(count, is_aligned(address, 16)),
         "the address of an MSR list is a multiple of 16");
    must(c, address_field,
         implies(count, physical(c, address) && physical(c, address + count * 16 - 1)),
         "an MSR list lies within the physical-address width");
}

static void check_exit(struct vmx_check *c)
{
    must_allowed(c, VMCS_EXIT_CONTROLS, EXIT);
    if (c->exit & EXIT_SECONDARY)
        must_allowed(c, VMCS_EXIT2, EXIT2);
    must(c, VMCS_EXIT_CONTROLS, implies(c->exit & EXIT_SAVE_TIMER, c->pin & PIN_PREEMPTION_TIMER),
         "'save VMX-preemption timer value' needs 'activate VMX-preemption timer'");
    must_list(c, VMCS_EXIT_MSR_STORE, VMCS_EXIT_MSR_STORE_COUNT);
    must_list(c, VMCS_EXIT_MSR_LOAD, VMCS_EXIT_MSR_LOAD_COUNT);
}

static void check_vector(struct vmx_check *c, u64 type, u64 vector)
{
    bool monitor_trap = vmx_limits_of(c->msrs, PROC).may & PROC_MONITOR_TRAP;
    must(c, VMCS_ENTRY_EVENT, type != 1, "the event's type is not the reserved 1");
    must(c, VMCS_ENTRY_EVENT, implies(type == EVENT_OTHER, monitor_trap),
         "an event of type 7 needs a processor with the monitor trap flag");
    must(c, VMCS_ENTRY_EVENT, implies(type == EVENT_NMI, vector == 2), "an NMI has vector 2");
    must(c, VMCS_ENTRY_EVENT, implies(type == EVENT_HARDWARE_EXCEPTION, vector <= 31),
         "a hardware exception has a vector up to 31");
    must(c, VMCS_ENTRY_EVENT, implies(type == EVENT_OTHER, vector == 0),
         "an event of type 7 has vector 0");
}

/* IA32_VMX_BASIC[56] leaves it to software which hardware exceptions have an error code. */
static void check_error_code(struct vmx_check *c, u64 type, u64 vector)
{
    bool has = c->event & EVENT_HAS_ERROR_CODE,
         strict = !(vmx_cap(c->msrs, MSR_VMX_BASIC) >> 56 & 1);
    bool pushes = vector < 32 && (ERROR_CODE_VECTORS >> vector & 1);
    bool exception = type == EVENT_HARDWARE_EXCEPTION, protected = c->cr0 & CR0_PE;
    must(c, VMCS_ENTRY_EVENT, implies(strict && exception && protected && pushes, has),
         "an exception that pushes an error code is injected with one in protected mode");
    must(c, VMCS_ENTRY_EVENT, implies(has, exception),
         "only a hardware exception is injected with an error code");
    must(c, VMCS_ENTRY_EVENT, implies(has, protected),
         "no event is injected with an error code where CR0.PE is 0");
    must(c, VMCS_ENTRY_EVENT, implies(has && strict && exception, pushes),
         "an exception that pushes no error code is injected without one");
    must(c, VMCS_ENTRY_ERROR_CODE, implies(has, field(c, VMCS_ENTRY_ERROR_CODE) >> 16 == 0),
         "bits 31:16 of the injected error code are 0");
}

static void check_event(struct vmx_check *c)
{
    u64 type = bits_get(c->event, 10, 8), vector = c->event & EVENT_VECTOR;
    u64 length = field(c, VMCS_ENTRY_LENGTH);
    bool software = type >= EVENT_SOFTWARE_INTERRUPT && type <= EVENT_SOFTWARE_EXCEPTION;
    bool may_be_0 = vmx_cap(c->msrs, MSR_VMX_MISC) >> 30 & 1;
    check_vector(c, type, vector);
    check_error_code(c, type, vector);
    must(c, VMCS_ENTRY_EVENT, (c->event & MASK(30, 12)) == 0, "the event's bits 30:12 are 0");
    must(c, VMCS_ENTRY_LENGTH, implies(software, length <= 15 && (length > 0 || may_be_0)),
         "a software event's instruction length is 1 to 15, or 0 where IA32_VMX_MISC[30] says so");
}

static void check_entry(struct vmx_check *c)
{
    must_allowed(c, VMCS_ENTRY_CONTROLS, ENTRY);
    if (c->event & EVENT_VALID)
        check_event(c);
    must_list(c, VMCS_ENTRY_MSR_LOAD, VMCS_ENTRY_MSR_LOAD_COUNT);
    must(c, VMCS_ENTRY_CONTROLS, !(c->entry & (ENTRY_TO_SMM | ENTRY_END_DUAL_MONITOR)),
         "'entry to SMM' and 'deactivate dual-monitor treatment' are 0 outside SMM");
}

void check_exit_entry_controls(struct vmx_check *c)
{
    c->section = "27.2.1.2";
    check_exit(c);
    c->section = "27.2.1.3";
    check_entry(c);
}
