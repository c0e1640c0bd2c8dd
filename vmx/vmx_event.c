/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_apic.h"

#include "arch/x86/cpu.h"

static void write_if(u32 field, u32 value, u32 old)
{
    if (value != old)
        vmcs_write_any(field, value);
}

void vmx_switch_now(struct vmx_vcpu *v, enum vmx_feature feature, bool on)
{
    struct vmx_controls old = v->controls;

    v->on[feature] = on;
    vmx_control(&v->controls, feature, on);
    write_if(VMCS_PIN_CONTROLS, v->controls.pin, old.pin);
    write_if(VMCS_PROC_CONTROLS, v->controls.proc, old.proc);
    write_if(VMCS_PROC2_CONTROLS, v->controls.proc2, old.proc2);
}

/* 25.8.3. In real mode no exception has an error code (6.13, 27.2.1.3). */
static void inject(struct guest *guest, const struct guest_event *event)
{
    bool has_error = event->has_error && vmcs_read(VMCS_GUEST_CR0) & CR0_PE;
    (void)guest;

    if (has_error)
        vmcs_write(VMCS_ENTRY_ERROR_CODE, event->error);
    if (event->length)
        vmcs_write(VMCS_ENTRY_LENGTH, event->length);
    vmcs_write(VMCS_ENTRY_EVENT, (u32)(EVENT_VALID | (has_error ? EVENT_HAS_ERROR_CODE : 0) |
                                       (u32)event->type << 8 | event->vector));
}

/* The processor clears the bit at each exit. */
static bool busy(struct guest *guest)
{
    (void)guest;
    return vmcs_read(VMCS_ENTRY_EVENT) & EVENT_VALID;
}

/* A debug trap goes before any interrupt (6.9), and an entry that injects one would lose it
 * (27.7.3). */
static bool trap_waits(void)
{
    return vmcs_read(VMCS_GUEST_PENDING_DEBUG) & (PENDING_BS | PENDING_ENABLED);
}

/* STI's and MOV SS's shadows, and IF (25.4.2). */
static bool takes_interrupts(struct guest *guest)
{
    (void)guest;
    return !(vmcs_read(VMCS_GUEST_BLOCKING) & (BLOCKING_STI | BLOCKING_MOV_SS)) &&
           vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF && !trap_waits();
}

/*
 * Blocking by NMI is the processor's to know where NMIs are virtual. Elsewhere an IRET ends nothing
 * (26.3): the handler is taken to be over when the guest takes interrupts again.
 */
bool vmx_nmi_blocked(struct guest *guest)
{
    struct vmx_vcpu *v = vmx_of(guest);

    if (vmx_caps.has[VMX_VIRTUAL_NMI])
        return vmcs_read(VMCS_GUEST_BLOCKING) & BLOCKING_NMI;
    v->nmi_blocked = v->nmi_blocked && (busy(guest) || !takes_interrupts(guest));
    return v->nmi_blocked;
}

void vmx_nmi_block(struct vmx_vcpu *v, bool on)
{
    u32 blocking = vmcs_read(VMCS_GUEST_BLOCKING) & ~(u32)BLOCKING_NMI;

    if (vmx_caps.has[VMX_VIRTUAL_NMI])
        vmcs_write(VMCS_GUEST_BLOCKING, blocking | (on ? (u32)BLOCKING_NMI : 0));
    else
        v->nmi_blocked = on;
}

/* MOV SS holds NMIs back on some processors, so always here. */
static bool takes_nmi(struct guest *guest)
{
    return !(vmcs_read(VMCS_GUEST_BLOCKING) & (BLOCKING_MOV_SS | BLOCKING_STI)) &&
           !vmx_nmi_blocked(guest) && !trap_waits();
}

static bool deliver_nmi(struct guest *guest, bool taken)
{
    bool goes = !taken && takes_nmi(guest);

    if (goes) {
        inject(guest, &(struct guest_event){.vector = 2, .type = EVENT_TYPE_NMI});
        guest->nmi = false;
        vmx_of(guest)->nmi_blocked = true;
    }
    if (vmx_caps.has[VMX_NMI_WINDOW])
        vmx_switch(vmx_of(guest), VMX_NMI_WINDOW, guest->nmi);
    return goes;
}

/* Without an NMI window this one serves for both. */
static void interrupt_window(struct guest *guest, bool on)
{
    vmx_switch(vmx_of(guest), VMX_INTERRUPT_WINDOW,
               on || (guest->nmi && !vmx_caps.has[VMX_NMI_WINDOW]));
}

/* 25.6.8, 30.1.2: an exit, reason 43, when VTPR falls below. Without the shadow CR8 exits anyway.
 */
static void priority_window(struct guest *guest, u8 class)
{
    struct vmx_vcpu *v = vmx_of(guest);

    if (v->tpr_threshold == class || !vmx_caps.has[VMX_TPR_SHADOW])
        return;
    v->tpr_threshold = class;
    vmcs_write(VMCS_TPR_THRESHOLD, class);
}

const struct guest_event_ops vmx_event_ops = {
    .busy = busy,
    .inject = inject,
    .takes_interrupts = takes_interrupts,
    .deliver_nmi = deliver_nmi,
    .interrupt_window = interrupt_window,
    .priority_window = priority_window,
    .choose_apic = vmx_apic_choose,
    .sync_apic = vmx_apic_sync,
    .rearm = vmx_arm,
};

void vmx_requeue(struct vmx_vcpu *v)
{
    u32 event = vmcs_read(VMCS_IDT_EVENT);
    u8 type = (u8)bits_get(event, 10, 8);

    if (!(event & EVENT_VALID))
        return;
    v->guest.event = (struct guest_event){
        .valid = true,
        .vector = (u8)event,
        .type = type,
        .has_error = event & EVENT_HAS_ERROR_CODE,
    };
    if (event & EVENT_HAS_ERROR_CODE)
        v->guest.event.error = vmcs_read(VMCS_IDT_ERROR_CODE);
    if (type >= EVENT_SOFTWARE_INTERRUPT)
        v->guest.event.length = (u8)vmcs_read(VMCS_EXIT_LENGTH);
    if (type == EVENT_NMI) /* it is delivered anew: its own blocking must not stop it (28.2.4) */
        vmx_nmi_block(v, false);
}
