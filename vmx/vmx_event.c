/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/x86/cpu.h"

void vmx_switch(struct vmx_vcpu *v, enum vmx_feature feature, bool on)
{
    struct vmx_controls old = v->controls;

    vmx_control(&v->controls, feature, on);
    if (v->controls.pin != old.pin)
        vmcs_write(VMCS_PIN_CONTROLS, v->controls.pin);
    if (v->controls.proc != old.proc)
        vmcs_write(VMCS_PROC_CONTROLS, v->controls.proc);
    if (v->controls.proc2 != old.proc2)
        vmcs_write(VMCS_PROC2_CONTROLS, v->controls.proc2);
}

/* 25.8.3. In real mode no exception has an error code (6.13, 27.2.1.3). */
static void inject(const struct guest_event *event)
{
    bool has_error = event->has_error && vmcs_read(VMCS_GUEST_CR0) & CR0_PE;

    if (has_error)
        vmcs_write(VMCS_ENTRY_ERROR_CODE, event->error);
    if (event->length)
        vmcs_write(VMCS_ENTRY_LENGTH, event->length);
    vmcs_write(VMCS_ENTRY_EVENT, (u32)(EVENT_VALID | (has_error ? EVENT_HAS_ERROR_CODE : 0) |
                                       (u32)event->type << 8 | event->vector));
}

static bool interrupt_pending(const struct vmx_vcpu *v)
{
    struct vm *vm = v->guest.vcpu.vm;
    return v->guest.vcpu.index == 0 && vm->interrupt_pending(vm);
}

/* STI's and MOV SS's shadows, and IF (25.4.2). */
static bool takes_interrupts(u32 blocking)
{
    return !(blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) &&
           vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
}

/* With virtual NMIs the blocking is the guest's; MOV SS holds NMIs back on some processors, so
 * always here. */
static bool takes_nmi(u32 blocking)
{
    return !(blocking & (BLOCKING_NMI | BLOCKING_MOV_SS | BLOCKING_STI));
}

/*
 * One event an entry; what is left waits for a window, which is an exit as soon as the guest would
 * take it. An event that was already on its way goes first, then NMI, then interrupts (6.9).
 */
void vmx_deliver(struct vmx_vcpu *v)
{
    struct guest *g = &v->guest;
    struct vm *vm = g->vcpu.vm;
    u32 blocking = vmcs_read(VMCS_GUEST_BLOCKING);
    bool busy = g->event.valid;
    bool want_nmi = g->nmi, want_interrupt;

    if (busy) {
        inject(&g->event);
        g->event.valid = false;
    } else if (want_nmi && takes_nmi(blocking)) {
        inject(&(struct guest_event){.vector = 2, .type = EVENT_TYPE_NMI});
        g->nmi = want_nmi = false;
        busy = true;
    }
    lock_take(&vm->device_lock);
    want_interrupt = interrupt_pending(v);
    if (want_interrupt && !busy && takes_interrupts(blocking)) {
        inject(&(struct guest_event){.vector = vm->interrupt_take(vm)});
        want_interrupt = interrupt_pending(v);
    }
    lock_drop(&vm->device_lock);
    vmx_switch(v, VMX_NMI_WINDOW, want_nmi);
    vmx_switch(v, VMX_INTERRUPT_WINDOW, want_interrupt);
}

bool vmx_would_wake(struct vmx_vcpu *v)
{
    struct vm *vm = v->guest.vcpu.vm;
    bool pending;

    if (v->guest.nmi || v->guest.event.valid)
        return true;
    lock_take(&vm->device_lock);
    pending = interrupt_pending(v);
    lock_drop(&vm->device_lock);
    return pending && vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
}

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
        vmcs_write(VMCS_GUEST_BLOCKING, vmcs_read(VMCS_GUEST_BLOCKING) & ~(u32)BLOCKING_NMI);
}
