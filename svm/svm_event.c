/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "svm/svm_cpu.h"

/* 15.20. In real mode no exception has an error code. */
static void inject(struct svm_vcpu *v, const struct guest_event *event)
{
    struct vmcb *vmcb = v->vmcb;
    u64 word = EVENT_VALID | (u64)event->type << 8 | event->vector;

    if (event->has_error && vmcb->save.cr0 & CR0_PE)
        word |= EVENT_HAS_ERROR | (u64)event->error << 32;
    vmcb->control.event = word;
    if (event->type == EVENT_TYPE_EXCEPTION && event->vector == VECTOR_PF) {
        vmcb->save.cr2 = cr2_read(); /* where guest_raise_fault has put it */
        svm_dirty(v, CLEAN_CR2);
    }
}

static bool interrupt_pending(const struct svm_vcpu *v)
{
    struct vm *vm = v->guest.vcpu.vm;
    return v->guest.vcpu.index == 0 && vm->interrupt_pending(vm);
}

static bool in_shadow(const struct svm_vcpu *v)
{
    return v->vmcb->control.shadow & SHADOW_INTERRUPTS;
}

/* An exit as soon as the guest would take an interrupt: a virtual one waits, and its delivery is
 * intercepted (15.21.4). */
static void interrupt_window(struct svm_vcpu *v, bool on)
{
    u64 *word = &v->vmcb->control.virtual_interrupt;

    svm_intercept(v, SVM_EXIT_VINTR, on);
    if (!(*word & V_IRQ) == !on)
        return;
    *word =
        (*word & ~(V_IRQ | V_INTR_PRIO | V_IGN_TPR)) | (on ? V_IRQ | V_INTR_PRIO | V_IGN_TPR : 0);
    svm_dirty(v, CLEAN_VINTR);
}

/* After an IRET that was seen to begin has also ended, which is when RIP has moved, NMIs are free.
 */
static bool nmi_masked(struct svm_vcpu *v)
{
    if (v->iret_seen && v->vmcb->save.rip != v->iret_rip)
        v->nmi_masked = v->iret_seen = false;
    return v->nmi_masked;
}

static void step(struct svm_vcpu *v)
{
    v->stepping = true;
    v->step_tf = v->vmcb->save.rflags & RFLAGS_TF;
    v->vmcb->save.rflags |= RFLAGS_TF;
}

/*
 * Without VNMI the IRET that ends an NMI's handler is intercepted, and SVM has no window for what
 * then stands in the way: the IRET itself or an interrupt shadow is stepped over; an event that is
 * injected now is followed by an exit at once, for the sake of an interrupt of our own.
 */
static void wait_for_nmi(struct svm_vcpu *v, bool busy)
{
    if (nmi_masked(v) && !v->iret_seen)
        return; /* the IRET will tell */
    if (busy)
        arch_kick(arch_core());
    else if (!v->stepping)
        step(v);
}

/* True if an NMI goes in with the next entry. */
static bool deliver_nmi(struct svm_vcpu *v, bool busy)
{
    struct vmcb_control *c = &v->vmcb->control;

    if (svm_caps.has[SVM_VNMI]) { /* 15.21.10: the processor does the rest */
        if (c->virtual_interrupt & V_NMI)
            return false;
        c->virtual_interrupt |= V_NMI;
        svm_dirty(v, CLEAN_VINTR);
        v->guest.nmi = false;
        return false;
    }
    if (busy || in_shadow(v) || nmi_masked(v)) {
        wait_for_nmi(v, busy);
        return false;
    }
    inject(v, &(struct guest_event){.vector = VECTOR_NMI, .type = EVENT_TYPE_NMI});
    v->guest.nmi = false;
    v->nmi_masked = true;
    svm_intercept(v, SVM_EXIT_IRET, true);
    return true;
}

/*
 * One event an entry; what is left waits for a window. An event that was already on its way goes
 * first, then NMI, then interrupts (8.5).
 */
void svm_deliver(struct svm_vcpu *v)
{
    struct guest *g = &v->guest;
    struct vm *vm = g->vcpu.vm;
    bool busy = g->event.valid, want_interrupt;

    if (busy) {
        inject(v, &g->event);
        g->event.valid = false;
    }
    if (unlikely(g->nmi))
        busy |= deliver_nmi(v, busy);
    lock_take(&vm->device_lock);
    want_interrupt = interrupt_pending(v);
    if (want_interrupt && !busy && !in_shadow(v) && v->vmcb->save.rflags & RFLAGS_IF) {
        inject(v, &(struct guest_event){.vector = vm->interrupt_take(vm)});
        want_interrupt = interrupt_pending(v);
    }
    lock_drop(&vm->device_lock);
    interrupt_window(v, want_interrupt);
}

bool svm_would_wake(struct svm_vcpu *v)
{
    struct vm *vm = v->guest.vcpu.vm;
    bool pending;

    if (v->guest.nmi || v->guest.event.valid)
        return true;
    lock_take(&vm->device_lock);
    pending = interrupt_pending(v);
    lock_drop(&vm->device_lock);
    return pending && v->vmcb->save.rflags & RFLAGS_IF;
}

/* INT n, INT3 and INTO are not requeued: RIP still points to them, so they run again. */
void svm_requeue(struct svm_vcpu *v)
{
    u64 event = v->vmcb->control.exit_event;
    u8 vector = (u8)(event & EVENT_VECTOR), type = (u8)EVENT_TYPE(event);

    if (type == EVENT_SOFTWARE || (type == EVENT_TYPE_EXCEPTION && (vector == 3 || vector == 4)))
        return;
    v->guest.event = (struct guest_event){
        .valid = true,
        .vector = vector,
        .type = type,
        .has_error = event & EVENT_HAS_ERROR,
        .error = (u32)(event >> 32),
    };
    if (type == EVENT_TYPE_EXCEPTION && vector == VECTOR_PF)
        cr2_write(v->vmcb->save.cr2);
}

/* The handler's IRET begins: NMIs stay masked until it is through. */
enum guest_action svm_iret(struct guest *guest)
{
    struct svm_vcpu *v = svm_of(guest);

    svm_intercept(v, SVM_EXIT_IRET, false);
    v->iret_seen = true;
    v->iret_rip = v->vmcb->save.rip;
    if (guest->nmi)
        svm_deliver(v);
    return GUEST_RESUME;
}

/* TF is the guest's again; an IRET that went through has loaded it from the guest's stack. */
void svm_step_over(struct svm_vcpu *v)
{
    bool loaded = v->iret_seen && v->vmcb->save.rip != v->iret_rip;

    v->stepping = false;
    v->stepped = true;
    if (!v->step_tf && !loaded)
        v->vmcb->save.rflags &= ~RFLAGS_TF;
}

bool svm_step_was_ours(struct svm_vcpu *v)
{
    if (!v->stepped || v->step_tf || !(v->vmcb->save.dr6 & DR6_BS))
        return false;
    v->vmcb->save.dr6 &= ~DR6_BS;
    svm_dirty(v, CLEAN_DR);
    return true;
}
