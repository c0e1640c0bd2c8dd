/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_names.h"

#include "vmx/vmcs.h"
#include "vmx/vmx_bits.h"

/* clang-format off */

/* SDM 3, appendix C. */
static const char *const exit_names[VMX_EXIT_REASONS] = {
    [0]  = "exception",           [1]  = "external-interrupt", [2]  = "triple-fault",
    [3]  = "init",                [4]  = "sipi",               [5]  = "io-smi",
    [6]  = "smi",                 [7]  = "interrupt-window",   [8]  = "nmi-window",
    [9]  = "task-switch",         [10] = "cpuid",              [11] = "getsec",
    [12] = "hlt",                 [13] = "invd",               [14] = "invlpg",
    [15] = "rdpmc",               [16] = "rdtsc",              [17] = "rsm",
    [18] = "vmcall",              [19] = "vmclear",            [20] = "vmlaunch",
    [21] = "vmptrld",             [22] = "vmptrst",            [23] = "vmread",
    [24] = "vmresume",            [25] = "vmwrite",            [26] = "vmxoff",
    [27] = "vmxon",               [28] = "cr-access",          [29] = "dr-access",
    [30] = "io",                  [31] = "rdmsr",              [32] = "wrmsr",
    [33] = "entry-guest-state",   [34] = "entry-msr-load",     [35] = "reserved-35",
    [36] = "mwait",               [37] = "monitor-trap",       [38] = "reserved-38",
    [39] = "monitor",             [40] = "pause",              [41] = "entry-machine-check",
    [42] = "reserved-42",         [43] = "tpr-below-threshold", [44] = "apic-access",
    [45] = "virtual-eoi",         [46] = "gdtr-idtr",          [47] = "ldtr-tr",
    [48] = "ept-violation",       [49] = "ept-misconfiguration", [50] = "invept",
    [51] = "rdtscp",              [52] = "preemption-timer",   [53] = "invvpid",
    [54] = "wbinvd",              [55] = "xsetbv",             [56] = "apic-write",
    [57] = "rdrand",              [58] = "invpcid",            [59] = "vmfunc",
    [60] = "encls",               [61] = "rdseed",             [62] = "pml-full",
    [63] = "xsaves",              [64] = "xrstors",            [65] = "pconfig",
    [66] = "spp-event",           [67] = "umwait",             [68] = "tpause",
    [69] = "loadiwkey",           [70] = "enclv",              [71] = "reserved-71",
    [72] = "enqcmd-pasid",        [73] = "enqcmds-pasid",      [74] = "bus-lock",
    [75] = "instruction-timeout",
};

/* SDM 3, table 31-1; 14, 21 and 27 are not used. */
static const char *const instruction_errors[] = {
    [1]  = "VMCALL in VMX root operation",
    [2]  = "VMCLEAR of an address that cannot hold a VMCS",
    [3]  = "VMCLEAR of the VMXON region",
    [4]  = "VMLAUNCH with a VMCS that is not clear",
    [5]  = "VMRESUME with a VMCS that is not launched",
    [6]  = "VMRESUME after VMXOFF and VMXON, without a new launch",
    [7]  = "VM entry with an invalid control field",
    [8]  = "VM entry with an invalid host-state field",
    [9]  = "VMPTRLD of an address that cannot hold a VMCS",
    [10] = "VMPTRLD of the VMXON region",
    [11] = "VMPTRLD of a VMCS with another processor's revision",
    [12] = "VMREAD or VMWRITE of a field that this processor lacks",
    [13] = "VMWRITE to a read-only field",
    [15] = "VMXON in VMX root operation",
    [16] = "VM entry with an invalid executive-VMCS pointer",
    [17] = "VM entry with an executive VMCS that is not launched",
    [18] = "VM entry with an executive-VMCS pointer other than the VMXON pointer, at the end of the "
           "dual-monitor treatment",
    [19] = "VMCALL with a VMCS that is not clear, at the start of the dual-monitor treatment",
    [20] = "VMCALL with an invalid VM-exit control field",
    [22] = "VMCALL with the wrong MSEG revision, at the start of the dual-monitor treatment",
    [23] = "VMXOFF under the dual-monitor treatment of SMIs and SMM",
    [24] = "VMCALL with invalid SMM-monitor features, at the start of the dual-monitor treatment",
    [25] = "VM entry with an invalid execution control in the executive VMCS, on return from SMM",
    [26] = "VM entry while events are blocked by MOV SS",
    [28] = "INVEPT or INVVPID with an invalid operand",
};

static const char *const event_types[8] = {
    [EVENT_EXTERNAL_INTERRUPT]   = "external interrupt",
    [1]                          = "reserved type 1",
    [EVENT_NMI]                  = "NMI",
    [EVENT_HARDWARE_EXCEPTION]   = "hardware exception",
    [EVENT_SOFTWARE_INTERRUPT]   = "software interrupt",
    [EVENT_PRIVILEGED_EXCEPTION] = "privileged software exception",
    [EVENT_SOFTWARE_EXCEPTION]   = "software exception",
    [EVENT_OTHER]                = "other event",
};

static const char *const activities[] = {
    [ACTIVITY_ACTIVE] = "active", [ACTIVITY_HLT] = "hlt", [ACTIVITY_SHUTDOWN] = "shutdown",
    [ACTIVITY_WAIT_SIPI] = "wait-for-sipi",
};

#define FIELD_ROW(field, encoding) {encoding, &#field[sizeof "VMCS_" - 1]},
const struct vmcs_field_row vmcs_field_rows[] = {VMCS_FIELDS(FIELD_ROW)};
const unsigned vmcs_field_count = array_size(vmcs_field_rows);

/* clang-format on */

static const char *word_of(const char *const *words, size_t count, u64 index)
{
    return index < count && words[index] ? words[index] : "unknown";
}

const char *vmx_exit_name(u32 reason)
{
    return word_of(exit_names, array_size(exit_names), VMX_EXIT_BASIC(reason));
}

const char *vmx_instruction_error(u32 error)
{
    return word_of(instruction_errors, array_size(instruction_errors), error);
}

/* What the qualification adds to reason 33: 27.8. */
static const char *guest_state_failure(u64 qualification)
{
    switch (qualification) {
    case 2:
        return "invalid guest state: the PDPTEs could not be loaded";
    case 3:
        return "invalid guest state: an NMI was to be injected under blocking by STI";
    case 4:
        return "invalid guest state: the VMCS link pointer";
    default:
        return "invalid guest state";
    }
}

const char *vmx_entry_failure(u32 reason, u64 qualification)
{
    switch (VMX_EXIT_BASIC(reason)) {
    case 33:
        return guest_state_failure(qualification);
    case 34:
        return "an entry of the MSR-load list, numbered from 1 in the qualification";
    case 41:
        return "a machine check during VM entry";
    default:
        return "unknown";
    }
}

const char *vmx_event_type(u32 event)
{
    return event_types[bits_get(event, 10, 8)];
}

const char *vmx_activity(u32 activity)
{
    return word_of(activities, array_size(activities), activity);
}

const char *vmcs_field_name(u32 field)
{
    for (unsigned i = 0; i < vmcs_field_count; i++)
        if (vmcs_field_rows[i].field == field)
            return vmcs_field_rows[i].name;
    return "unknown";
}
