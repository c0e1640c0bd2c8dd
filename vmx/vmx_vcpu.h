/* SPDX-License-Identifier: MIT */
/*
 * A virtual processor on VMX: its VMCS, and what of the exit path is kept beside it.
 */
#ifndef VMX_VMX_VCPU_H
#define VMX_VMX_VCPU_H

#include "arch/x86/guest.h"
#include "arch/x86/guest_asid.h"
#include "arch/x86/guest_event.h"
#include "arch/x86/guest_exit.h"
#include "arch/x86/guest_start.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_bits.h"
#include "vmx/vmx_cpu.h"
#include "vmx/vmx_vm.h"

struct vmx_vcpu {
    struct guest guest; /* first */
    u64 host_stack;     /* vmx_entry.S's */
    hpa_t vmcs;
    struct vmx_controls controls; /* as they stand in the VMCS */
    u64 pat;                      /* where the controls do not switch it: kept, without effect */
    bool on[VMX_FEATURES];        /* what vmx_switch has switched on */
    u64 apic_told[4];             /* EOI exits, as they stand in the VMCS */
    u8 apic_mode;                 /* enum guest_apic_mode, likewise */
    u32 tpr_threshold;            /* as it stands in the VMCS */
    u32 exit_began;               /* TSC, its low half */
    bool launched;                /* since the last VMCLEAR */
    bool loaded_before;
    bool nmi_blocked; /* without virtual NMIs: vmx_event.c */
    struct asid vpid;
};

static inline struct vmx_vcpu *vmx_of(struct guest *guest)
{
    return (struct vmx_vcpu *)guest;
}

/* vmx_vcpu.c: the engine's functions. */
struct vcpu *vmx_vcpu_create(struct vm *vm, u32 index);
void vmx_vcpu_destroy(struct vcpu *vcpu);
void vmx_vcpu_start(struct vcpu *vcpu, const struct guest_start *start);
void vmx_vcpu_load(struct vcpu *vcpu);
void vmx_vcpu_unload(struct vcpu *vcpu);

/* vmx_exit.c */
enum run_end vmx_enter(struct vcpu *vcpu, u64 until);
void vmx_vcpu_dump(struct vcpu *vcpu);
void vmx_arm(struct guest *guest); /* for guest_time */
const char *vmx_exit_kind_name(unsigned kind);

/* vmx_entry.S, and what it calls. True: out to the core. */
void vmx_run(struct vmx_vcpu *vcpu);
extern const char vmx_exit_point[];
#define VMX_QUICK_REASONS 57
extern const guest_exit_handler vmx_quick[VMX_QUICK_REASONS];
bool vmx_exited(struct vmx_vcpu *vcpu, u32 reason, enum guest_action action);
bool vmx_time_is_over(struct vmx_vcpu *vcpu);
void vmx_entry_failed(struct vmx_vcpu *vcpu);

/* vmx_event.c */

extern const struct guest_event_ops vmx_event_ops;

/* Takes up again an event whose delivery an exit has cut short (SDM 3, 28.2.4). */
void vmx_requeue(struct vmx_vcpu *vcpu);

/* Whether an NMI is being served; that one begins or ends to be. */
bool vmx_nmi_blocked(struct guest *guest);
void vmx_nmi_block(struct vmx_vcpu *vcpu, bool on);

/* Switches a control that comes and goes, in the copy and in the VMCS. */
void vmx_switch_now(struct vmx_vcpu *vcpu, enum vmx_feature feature, bool on);

static inline void vmx_switch(struct vmx_vcpu *vcpu, enum vmx_feature feature, bool on)
{
    if (vcpu->on[feature] != on)
        vmx_switch_now(vcpu, feature, on);
}

/* vmx_cr.c: the access to a control register that an exit's qualification describes. */
enum guest_action vmx_cr_access(struct vmx_vcpu *vcpu);
void vmx_cr0_set(struct vmx_vcpu *vcpu, u64 value);
void vmx_cr4_set(struct vmx_vcpu *vcpu, u64 value);
must_check bool vmx_cr3_load(struct vmx_vcpu *vcpu, u64 value); /* false: #GP(0) is due */
void vmx_efer_set(struct vmx_vcpu *vcpu, u64 value);

/* vmx_vcpu.c: after the guest's page tables have changed under an exit. */
void vmx_forget(const struct vmx_vcpu *vcpu);

/* vmx_state.c: registers for the shared handlers. */
extern const struct guest_ops vmx_guest_ops;

#endif
