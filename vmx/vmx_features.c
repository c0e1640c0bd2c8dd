/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_features.h"

#include "lib/fmt.h"

#define ON       FEATURE_ON
#define RUN      FEATURE_RUN
#define FREE     FEATURE_FREE
#define REQUIRED NEED_REQUIRED
#define WANTED   NEED_WANTED
#define SPARE    NEED_SPARE

#define MEND_EPT          "a processor of Intel's Nehalem generation (2008) or later is needed"
#define MEND_UNRESTRICTED "a processor of Intel's Westmere generation (2010) or later is needed"

/* clang-format off */
/*
 * The features. Titles are the manual's: tables 25-5 to 25-14, A.10 for EPT_VPID_CAP, A.6 for MISC,
 * A.1 for BASIC. What a feature needs is 27.2.1.1 and 27.2.1.2 for the controls, and our own use:
 * VPIDs are recycled by flushing all contexts; the three PAT controls go together, or the guest's
 * PAT would stay behind in the host. Controls that are SPARE are of kind RUN: nobody switches them.
 */
static const struct feature features[VMX_FEATURES] = {
    /* the name, the manual's title, word, bit, kind, need, needs */
    [VMX_INS_OUTS_INFO]     = {"ins-outs-info", "INS/OUTS exit information", BASIC, 54, ON, WANTED, {0}, NULL},

    [VMX_EXTINT_EXITING]    = {"extint-exiting", "external-interrupt exiting", PIN, 0, ON, REQUIRED, {0}, NULL},
    [VMX_NMI_EXITING]       = {"nmi-exiting", "NMI exiting", PIN, 3, ON, REQUIRED, {0}, NULL},
    [VMX_VIRTUAL_NMI]       = {"vnmi", "virtual NMIs", PIN, 5, ON, WANTED, {VMX_NMI_EXITING}, NULL},
    [VMX_PREEMPTION_TIMER]  = {"preemption-timer", "activate VMX-preemption timer", PIN, 6, ON, WANTED, {0}, NULL},
    [VMX_POSTED_INTERRUPTS] = {"posted", "process posted interrupts", PIN, 7, RUN, WANTED,
                               {VMX_VIRTUAL_DELIVERY, VMX_ACK_ON_EXIT}, NULL},

    [VMX_INTERRUPT_WINDOW]  = {"interrupt-window", "interrupt-window exiting", PROC, 2, RUN, REQUIRED, {0}, NULL},
    [VMX_TSC_OFFSET]        = {"tsc-offset", "use TSC offsetting", PROC, 3, ON, WANTED, {0}, NULL},
    [VMX_HLT_EXITING]       = {"hlt-exiting", "HLT exiting", PROC, 7, ON, REQUIRED, {0}, NULL},
    [VMX_MWAIT_EXITING]     = {"mwait-exiting", "MWAIT exiting", PROC, 10, ON, WANTED, {0}, NULL},
    [VMX_RDPMC_EXITING]     = {"rdpmc-exiting", "RDPMC exiting", PROC, 11, ON, WANTED, {0}, NULL},
    [VMX_CR3_LOAD_FREE]     = {"cr3-load-free", "no CR3-load exiting", PROC, 15, FREE, WANTED, {0}, NULL},
    [VMX_CR3_STORE_FREE]    = {"cr3-store-free", "no CR3-store exiting", PROC, 16, FREE, WANTED, {0}, NULL},
    [VMX_TERTIARY]          = {"tertiary", "activate tertiary controls", PROC, 17, RUN, SPARE, {0}, NULL},
    [VMX_TPR_SHADOW]        = {"tpr-shadow", "use TPR shadow", PROC, 21, ON, WANTED, {0}, NULL},
    [VMX_NMI_WINDOW]        = {"nmi-window", "NMI-window exiting", PROC, 22, RUN, WANTED, {VMX_VIRTUAL_NMI}, NULL},
    [VMX_IO_BITMAPS]        = {"io-bitmaps", "use I/O bitmaps", PROC, 25, ON, REQUIRED, {0}, NULL},
    [VMX_MONITOR_TRAP]      = {"mtf", "monitor trap flag", PROC, 27, RUN, WANTED, {0}, NULL},
    [VMX_MSR_BITMAPS]       = {"msr-bitmaps", "use MSR bitmaps", PROC, 28, ON, REQUIRED, {0}, NULL},
    [VMX_MONITOR_EXITING]   = {"monitor-exiting", "MONITOR exiting", PROC, 29, ON, WANTED, {0}, NULL},
    [VMX_SECONDARY]         = {"secondary", "activate secondary controls", PROC, 31, ON, REQUIRED, {0}, MEND_EPT},

    [VMX_APIC_ACCESSES]     = {"apic-access", "virtualize APIC accesses", PROC2, 0, RUN, WANTED, {0}, NULL},
    [VMX_EPT]               = {"ept", "enable EPT", PROC2, 1, ON, REQUIRED, {0}, MEND_EPT},
    [VMX_DESCRIPTOR_EXITING] = {"desc-exiting", "descriptor-table exiting", PROC2, 2, RUN, WANTED, {0}, NULL},
    [VMX_RDTSCP]            = {"rdtscp", "enable RDTSCP", PROC2, 3, ON, WANTED, {0}, NULL},
    [VMX_X2APIC_MODE]       = {"x2apic-mode", "virtualize x2APIC mode", PROC2, 4, RUN, WANTED, {VMX_TPR_SHADOW}, NULL},
    [VMX_VPID]              = {"vpid", "enable VPID", PROC2, 5, ON, WANTED, {VMX_INVVPID, VMX_INVVPID_ALL}, NULL},
    [VMX_WBINVD_EXITING]    = {"wbinvd-exiting", "WBINVD exiting", PROC2, 6, ON, WANTED, {0}, NULL},
    [VMX_UNRESTRICTED]      = {"unrestricted-guest", "unrestricted guest", PROC2, 7, ON, REQUIRED, {VMX_EPT},
                               MEND_UNRESTRICTED},
    [VMX_APIC_REGISTERS]    = {"apic-register", "APIC-register virtualization", PROC2, 8, RUN, WANTED,
                               {VMX_TPR_SHADOW}, NULL},
    [VMX_VIRTUAL_DELIVERY]  = {"virtual-delivery", "virtual-interrupt delivery", PROC2, 9, RUN, WANTED,
                               {VMX_TPR_SHADOW, VMX_EXTINT_EXITING}, NULL},
    [VMX_PAUSE_LOOP]        = {"ple", "PAUSE-loop exiting", PROC2, 10, RUN, WANTED, {0}, NULL},
    [VMX_INVPCID]           = {"invpcid", "enable INVPCID", PROC2, 12, ON, WANTED, {0}, NULL},
    [VMX_ENCLS_EXITING]     = {"encls-exiting", "enable ENCLS exiting", PROC2, 15, ON, WANTED, {0}, NULL},
    [VMX_PML]               = {"pml", "enable PML", PROC2, 17, RUN, WANTED, {VMX_EPT, VMX_EPT_AD}, NULL},
    [VMX_XSAVES]            = {"xsaves", "enable XSAVES/XRSTORS", PROC2, 20, ON, WANTED, {0}, NULL},
    [VMX_TSC_SCALING]       = {"tsc-scaling", "use TSC scaling", PROC2, 25, RUN, WANTED, {VMX_TSC_OFFSET}, NULL},
    [VMX_USER_WAIT]         = {"user-wait", "enable user wait and pause", PROC2, 26, ON, WANTED, {0}, NULL},

    [VMX_SAVE_DEBUG]        = {"save-debug", "save debug controls", EXIT, 2, ON, REQUIRED, {0}, NULL},
    [VMX_HOST_64]           = {"host-64", "host address-space size", EXIT, 9, ON, REQUIRED, {0}, NULL},
    [VMX_ACK_ON_EXIT]       = {"ack-on-exit", "acknowledge interrupt on exit", EXIT, 15, ON, WANTED, {0}, NULL},
    [VMX_SAVE_PAT]          = {"save-pat", "save IA32_PAT", EXIT, 18, ON, WANTED,
                               {VMX_LOAD_HOST_PAT, VMX_LOAD_PAT}, NULL},
    [VMX_LOAD_HOST_PAT]     = {"load-host-pat", "load IA32_PAT on exit", EXIT, 19, ON, WANTED,
                               {VMX_SAVE_PAT, VMX_LOAD_PAT}, NULL},
    [VMX_SAVE_EFER]         = {"save-efer", "save IA32_EFER", EXIT, 20, ON, REQUIRED, {0}, NULL},
    [VMX_LOAD_HOST_EFER]    = {"load-host-efer", "load IA32_EFER on exit", EXIT, 21, ON, REQUIRED, {0}, NULL},
    [VMX_SAVE_TIMER]        = {"save-timer", "save VMX-preemption timer", EXIT, 22, RUN, WANTED,
                               {VMX_PREEMPTION_TIMER}, NULL},
    [VMX_LOAD_HOST_CET]     = {"load-host-cet", "load CET state on exit", EXIT, 28, RUN, SPARE, {0}, NULL},
    [VMX_SECONDARY_EXIT]    = {"secondary-exit", "activate secondary exit ctls", EXIT, 31, RUN, SPARE, {0}, NULL},

    [VMX_LOAD_DEBUG]        = {"load-debug", "load debug controls", ENTRY, 2, ON, REQUIRED, {0}, NULL},
    [VMX_IA32E_GUEST]       = {"ia32e-guest", "IA-32e mode guest", ENTRY, 9, RUN, REQUIRED, {0}, NULL},
    [VMX_LOAD_PAT]          = {"load-pat", "load IA32_PAT on entry", ENTRY, 14, ON, WANTED,
                               {VMX_SAVE_PAT, VMX_LOAD_HOST_PAT}, NULL},
    [VMX_LOAD_EFER]         = {"load-efer", "load IA32_EFER on entry", ENTRY, 15, ON, REQUIRED, {0}, NULL},
    [VMX_LOAD_CET]          = {"load-cet", "load CET state on entry", ENTRY, 20, RUN, SPARE, {0}, NULL},

    [VMX_EPT_EXECUTE_ONLY]  = {"ept-execute-only", "EPT execute-only", EPT_CAP, 0, ON, WANTED, {VMX_EPT}, NULL},
    [VMX_EPT_WALK4]         = {"ept-walk4", "EPT page-walk length 4", EPT_CAP, 6, ON, REQUIRED, {VMX_EPT}, NULL},
    [VMX_EPT_WB]            = {"ept-wb", "EPT structures write-back", EPT_CAP, 14, ON, REQUIRED, {VMX_EPT}, NULL},
    [VMX_EPT_2M]            = {"ept-2m", "EPT 2-MByte pages", EPT_CAP, 16, ON, WANTED, {VMX_EPT}, NULL},
    [VMX_EPT_1G]            = {"ept-1g", "EPT 1-GByte pages", EPT_CAP, 17, ON, WANTED, {VMX_EPT}, NULL},
    [VMX_INVEPT]            = {"invept", "INVEPT", EPT_CAP, 20, ON, REQUIRED, {VMX_EPT}, NULL},
    [VMX_EPT_AD]            = {"ept-ad", "EPT accessed and dirty flags", EPT_CAP, 21, ON, WANTED, {VMX_EPT}, NULL},
    [VMX_EPT_EXIT_INFO]     = {"ept-exit-info", "EPT-violation advanced info", EPT_CAP, 22, ON, SPARE, {VMX_EPT}, NULL},
    [VMX_INVEPT_SINGLE]     = {"invept-single", "INVEPT single-context", EPT_CAP, 25, ON, WANTED, {VMX_INVEPT}, NULL},
    [VMX_INVEPT_ALL]        = {"invept-all", "INVEPT all-context", EPT_CAP, 26, ON, REQUIRED, {VMX_INVEPT}, NULL},
    [VMX_INVVPID]           = {"invvpid", "INVVPID", EPT_CAP, 32, ON, WANTED, {0}, NULL},
    [VMX_INVVPID_ADDRESS]   = {"invvpid-address", "INVVPID individual-address", EPT_CAP, 40, ON, WANTED, {VMX_INVVPID}, NULL},
    [VMX_INVVPID_SINGLE]    = {"invvpid-single", "INVVPID single-context", EPT_CAP, 41, ON, WANTED, {VMX_INVVPID}, NULL},
    [VMX_INVVPID_ALL]       = {"invvpid-all", "INVVPID all-context", EPT_CAP, 42, ON, WANTED, {VMX_INVVPID}, NULL},
    [VMX_INVVPID_GLOBALS]   = {"invvpid-globals", "INVVPID retaining globals", EPT_CAP, 43, ON, WANTED, {VMX_INVVPID}, NULL},

    [VMX_STORE_LMA]         = {"store-lma", "EFER.LMA stored on exit", MISC, 5, ON, WANTED, {0}, NULL},
    [VMX_HLT_STATE]         = {"hlt-state", "HLT activity state", MISC, 6, ON, SPARE, {0}, NULL},

    [VMX_UMIP]              = {"umip", "UMIP", CPUID_7C, 2, ON, WANTED, {0}, NULL},
    [VMX_CARE]              = {"care", "care with virtual interrupts", HASTE, 0, ON, SPARE, {VMX_VIRTUAL_DELIVERY}, NULL},
};

/* Several at once, and the short words that people try first. */
static const struct feature_group groups[] = {
    {"apicv",        {VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}},
    {"apic",         {VMX_TPR_SHADOW, VMX_APIC_ACCESSES, VMX_X2APIC_MODE, VMX_APIC_REGISTERS,
                      VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}},
    {"cr3-free",     {VMX_CR3_LOAD_FREE, VMX_CR3_STORE_FREE}},
    {"ept-large",    {VMX_EPT_2M, VMX_EPT_1G}},
    {"pat",          {VMX_SAVE_PAT, VMX_LOAD_HOST_PAT, VMX_LOAD_PAT}},
    {"unrestricted", {VMX_UNRESTRICTED}},
};
/* clang-format on */

const struct feature_table vmx_feature_table = {"vmx", features, VMX_FEATURES, groups,
                                                array_size(groups)};
_Static_assert(VMX_FEATURES <= PREFLIGHT_ROWS_MAX, "the report has a row for each feature");

/*
 * Bochs 2.7 delivers a virtual interrupt that waits for IF as soon as one of the host's comes (its
 * acknowledging looks only at whether there is one). It shows virtual-interrupt delivery without
 * posted interrupts, as no processor of Intel's does; who else does is treated with the same care.
 */
static bool is_hasty(const struct vmx_msrs *msrs)
{
    u64 pin = vmx_limits_of(msrs, PIN).may, proc2 = vmx_limits_of(msrs, PROC2).may;

    return proc2 & BIT(features[VMX_VIRTUAL_DELIVERY].bit) &&
           !(pin & BIT(features[VMX_POSTED_INTERRUPTS].bit));
}

struct feature_limits vmx_feature_limits_of(const void *msrs, unsigned word)
{
    struct feature_limits limits = vmx_limits_of(msrs, word);

    if (word == HASTE)
        limits.may = limits.present = is_hasty(msrs);
    return limits;
}

void vmx_note_places(void)
{
    for (unsigned i = 1; i < VMX_FEATURES; i++)
        vmx_places[i] = (struct vmx_place){(u8)features[i].word, (u8)features[i].bit};
}
