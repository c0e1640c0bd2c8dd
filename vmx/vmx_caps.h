/* SPDX-License-Identifier: MIT */
/*
 * What of VMX Trivet uses on this processor: a pure function from the capability registers to the
 * controls, or to the reason why not (Intel SDM vol. 3 appendix A, 25.6-25.8, 27.2.1). The reading
 * of the registers, per core, is vmx_cpu.c's; the recorded sets of the unit tests come in the same
 * struct.
 */
#ifndef VMX_VMX_CAPS_H
#define VMX_VMX_CAPS_H

#include "arch/x86/features.h"
#include "arch/x86/msr.h"
#include "arch/x86/preflight.h"

/* In the manual's order. The table in vmx_caps.c has the names, bits and dependencies. */
enum vmx_feature {
    VMX_NO_FEATURE,
    VMX_INS_OUTS_INFO,  /* VMX_BASIC */
    VMX_EXTINT_EXITING, /* pin-based */
    VMX_NMI_EXITING,
    VMX_VIRTUAL_NMI,
    VMX_PREEMPTION_TIMER,
    VMX_POSTED_INTERRUPTS,
    VMX_INTERRUPT_WINDOW, /* primary processor-based */
    VMX_TSC_OFFSET,
    VMX_HLT_EXITING,
    VMX_MWAIT_EXITING,
    VMX_RDPMC_EXITING,
    VMX_CR3_LOAD_FREE,
    VMX_CR3_STORE_FREE,
    VMX_TERTIARY,
    VMX_TPR_SHADOW,
    VMX_NMI_WINDOW,
    VMX_IO_BITMAPS,
    VMX_MONITOR_TRAP,
    VMX_MSR_BITMAPS,
    VMX_MONITOR_EXITING,
    VMX_SECONDARY,
    VMX_APIC_ACCESSES, /* secondary */
    VMX_EPT,
    VMX_DESCRIPTOR_EXITING,
    VMX_RDTSCP,
    VMX_X2APIC_MODE,
    VMX_VPID,
    VMX_WBINVD_EXITING,
    VMX_UNRESTRICTED,
    VMX_APIC_REGISTERS,
    VMX_VIRTUAL_DELIVERY,
    VMX_PAUSE_LOOP,
    VMX_INVPCID,
    VMX_ENCLS_EXITING,
    VMX_PML,
    VMX_XSAVES,
    VMX_TSC_SCALING,
    VMX_USER_WAIT,
    VMX_SAVE_DEBUG, /* exit */
    VMX_HOST_64,
    VMX_ACK_ON_EXIT,
    VMX_SAVE_PAT,
    VMX_LOAD_HOST_PAT,
    VMX_SAVE_EFER,
    VMX_LOAD_HOST_EFER,
    VMX_SAVE_TIMER,
    VMX_LOAD_HOST_CET,
    VMX_SECONDARY_EXIT,
    VMX_LOAD_DEBUG, /* entry */
    VMX_IA32E_GUEST,
    VMX_LOAD_PAT,
    VMX_LOAD_EFER,
    VMX_LOAD_CET,
    VMX_EPT_EXECUTE_ONLY, /* EPT_VPID_CAP */
    VMX_EPT_WALK4,
    VMX_EPT_WB,
    VMX_EPT_2M,
    VMX_EPT_1G,
    VMX_INVEPT,
    VMX_EPT_AD,
    VMX_EPT_EXIT_INFO,
    VMX_INVEPT_SINGLE,
    VMX_INVEPT_ALL,
    VMX_INVVPID,
    VMX_INVVPID_ADDRESS,
    VMX_INVVPID_SINGLE,
    VMX_INVVPID_ALL,
    VMX_INVVPID_GLOBALS,
    VMX_STORE_LMA, /* MISC */
    VMX_HLT_STATE,
    VMX_UMIP, /* CPUID */
    VMX_CARE, /* ours: virtual interrupts are not left to the processor where they may wait */
    VMX_FEATURES
};

/* The raw registers; one that cannot be read (#GP) is 0 and its `present` bit clear. */
struct vmx_msrs {
    u64 cap[MSR_VMX_LAST - MSR_VMX_BASIC + 1]; /* by number, from MSR_VMX_BASIC on */
    u32 present;                               /* bit n: cap[n] could be read */
    bool feature_control_present;
    u64 feature_control;
    u32 cpuid_1_ecx;
    u32 cpuid_7_ecx;
    u8 phys_bits; /* CPUID.80000008.EAX[7:0]; 36 without that leaf */
};

/* What the command line switched off; all false: nothing. */
struct vmx_wishes {
    const char *off[VMX_FEATURES]; /* the word that did it, NULL: as the processor has it */
};

/* The control words as they go into the VMCS, must-be-one bits included. */
struct vmx_controls {
    u32 pin, proc, proc2, exit, entry;
    u64 proc3, exit2;
};

struct vmx_caps {
    bool has[VMX_FEATURES]; /* may be used: never one that is forced off or lacks what it needs */
    /*
     * All features of kind FEATURE_ON. Those of kind FEATURE_RUN (the windows, APIC virtualization,
     * posted interrupts, PML, TSC scaling and so on: per vCPU) are still 0: see vmx_control.
     * Without a TPR shadow, CR8 exits are on.
     */
    struct vmx_controls controls;
    u32 revision;    /* the first word of every VMXON region and VMCS */
    u32 region_size; /* 1..4096 */
    bool true_msrs;
    u8 timer_shift;
    u8 phys_bits;
    u16 cr3_targets;
    u16 msr_list_max;
    u64 cr0_must, cr0_may; /* for the host; a guest may also clear PE and PG: vmx_guest_cr0_must */
    u64 cr4_must, cr4_may;
    bool open_feature_control; /* it is unlocked: write vmx_feature_control_open() before VMXON */
};

/* The MSR bitmap (25.6.9), in the form of arch/x86/guest_maps.h. */
/* clang-format off */
#define VMX_MSR_LAYOUT {.first = {0, 0xc0000000}, .ranges = 2, .step = 1, .write = 0x4000}
/* clang-format on */

/* CR0 bits that a guest under unrestricted guest cannot have 0 (27.3.1.1). */
static inline u64 vmx_guest_cr0_must(const struct vmx_caps *caps)
{
    return caps->cr0_must & ~(BIT(0) | BIT(31));
}

/* FEATURE_CONTROL as Trivet locks it where the firmware has left it open (24.7). */
static inline u64 vmx_feature_control_open(u64 now)
{
    return now | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK;
}

/* EPTP bits 11:0: write-back, four levels, accessed and dirty flags if there are any (25.6.11). */
static inline u64 vmx_eptp_bits(const struct vmx_caps *caps)
{
    return MEMORY_TYPE_WB | 3u << 3 | (caps->has[VMX_EPT_AD] ? BIT(6) : 0);
}

/*
 * False: the report has the refusal, and *caps is not to be used. Either way the report has the
 * table, unless the registers themselves are missing.
 */
bool vmx_negotiate(const struct vmx_msrs *msrs, const struct vmx_wishes *wishes,
                   struct vmx_caps *caps, struct preflight *report) must_check;

/*
 * Whether another core can do what the first one negotiated. False: the report, which need not be
 * started, has the reason in a sentence.
 */
bool vmx_core_fits(const struct vmx_msrs *core, const struct vmx_caps *caps,
                   struct preflight *report) must_check;

/*
 * Switches a feature of kind FEATURE_RUN that caps->has. APIC accesses and x2APIC mode exclude each
 * other (27.2.1.1): switching one on switches the other off.
 */
void vmx_control(struct vmx_controls *controls, enum vmx_feature feature, bool on);

#endif
