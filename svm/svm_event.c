/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "svm/svm_cpu.h"

#define RETRY_NS     20000
#define SHADOW_TIMES 8

/* 15.20. In real mode no exception has an error code. */
static void inject(struct guest *guest, const struct guest_event *event)
{
    struct vmcb *vmcb = svm_of(guest)->vmcb;
    u64 word = EVENT_VALID | (u64)event->type << 8 | event->vector;

    if (event->has_error && vmcb->save.cr0 & CR0_PE)
        word |= EVENT_HAS_ERROR | (u64)event->error << 32;
    vmcb->control.event = word;
}

static bool busy(struct guest *guest)
{
    return svm_of(guest)->vmcb->control.event & EVENT_VALID;
}

static bool in_shadow(const struct svm_vcpu *v)
{
    return v->vmcb->control.shadow & SHADOW_INTERRUPTS;
}

static bool takes_interrupts(struct guest *guest)
{
    const struct svm_vcpu *v = svm_of(guest);
    return !in_shadow(v) && v->vmcb->save.rflags & RFLAGS_IF;
}

/*
 * QEMU's TCG stores the interrupt shadow at an exit but does not load it at VMRUN (15.21.5): a
 * shadow that lasts over an exit is lost. So as long as RIP has not moved, it holds; but not for
 * ever, since an instruction may jump to itself.
 */
void svm_keep_shadow(struct svm_vcpu *v)
{
    u64 *shadow = &v->vmcb->control.shadow;
    u64 rip = v->vmcb->save.rip;

    if (v->shadow_times && rip == v->shadow_rip && v->shadow_times < SHADOW_TIMES)
        *shadow |= SHADOW_INTERRUPTS;
    if (*shadow & SHADOW_INTERRUPTS)
        v->shadow_times++;
    else
        v->shadow_times = 0;
    v->shadow_rip = rip;
}

/* A virtual interrupt waits, whatever the guest's TPR, and its delivery is intercepted (15.21.4).
 * An exit may have found V_IRQ cleared. */
static void interrupt_window(struct guest *guest, bool on)
{
    struct svm_vcpu *v = svm_of(guest);
    u64 *word = &v->vmcb->control.virtual_interrupt, window = V_IRQ | V_INTR_PRIO | V_IGN_TPR;

    if (on && unlikely(svm_emulated) && in_shadow(v)) { /* it would open at once, and again */
        arch_timer_arm(arch_now() + RETRY_NS);
        vcpu_note(&guest->vcpu, ATTENTION_EVENT); /* or at the next exit, if that is sooner */
        on = false;
    }
    svm_intercept(v, SVM_EXIT_VINTR, on);
    if ((*word & window) == (on ? window : 0))
        return;
    *word = on ? *word | window : *word & ~window;
    svm_dirty(v, CLEAN_VINTR);
}

/* When an IRET that was seen to begin has also ended, RIP has moved, and NMIs are free. */
static bool nmi_masked(struct svm_vcpu *v)
{
    if (v->iret_seen && v->vmcb->save.rip != v->iret_rip)
        v->nmi_masked = v->iret_seen = false;
    return v->nmi_masked;
}

bool svm_nmi_blocked(struct guest *guest)
{
    const struct vmcb_control *c = &svm_of(guest)->vmcb->control;

    return svm_caps.has[SVM_VNMI] ? c->virtual_interrupt & V_NMI_MASK : nmi_masked(svm_of(guest));
}

/*
 * With VNMI the processor does it all (15.21.10), once it has the NMI. Else the IRET that ends a
 * handler is intercepted, and as SVM has no window for what may then still be in the way (that
 * IRET, an interrupt shadow, an event that goes in now), we look again a moment later.
 */
static bool deliver_nmi(struct guest *guest, bool taken)
{
    struct svm_vcpu *v = svm_of(guest);
    u64 *word = &v->vmcb->control.virtual_interrupt;

    if (svm_caps.has[SVM_VNMI]) {
        guest->nmi = false; /* first: one that comes now is another */
        *word |= V_NMI;
        svm_dirty(v, CLEAN_VINTR);
        return false;
    }
    if (nmi_masked(v) && !v->iret_seen)
        return false; /* the IRET will tell */
    if (taken || in_shadow(v) || v->nmi_masked) {
        arch_timer_arm(arch_now() + RETRY_NS);
        return false;
    }
    inject(guest, &(struct guest_event){.vector = VECTOR_NMI, .type = EVENT_TYPE_NMI});
    guest->nmi = false;
    v->nmi_masked = true;
    svm_intercept(v, SVM_EXIT_IRET, true);
    return true;
}

void svm_take_back_nmi(struct svm_vcpu *v)
{
    v->vmcb->control.virtual_interrupt &= ~V_NMI;
    svm_dirty(v, CLEAN_VINTR);
    v->guest.nmi = true;
}

/* MOV to CR8 is intercepted: V_IRQ with a priority would do, but for QEMU's TCG, which takes no
 * heed of it; and which (7.2) aborts at a MOV to CR8 while V_IRQ waits. */
static void priority_window(struct guest *guest, u8 class)
{
    struct svm_vcpu *v = svm_of(guest);
    bool waits = svm_emulated && v->vmcb->control.virtual_interrupt & V_IRQ;

    svm_intercept(v, SVM_EXIT_CR_WRITE(8), class || waits);
}

const struct guest_event_ops svm_event_ops = {
    .busy = busy,
    .inject = inject,
    .takes_interrupts = takes_interrupts,
    .deliver_nmi = deliver_nmi,
    .interrupt_window = interrupt_window,
    .priority_window = priority_window,
    .rearm = svm_arm,
};

/* The handler's IRET begins: NMIs stay masked until it is through. */
enum guest_action svm_iret(struct guest *guest)
{
    struct svm_vcpu *v = svm_of(guest);

    svm_intercept(v, SVM_EXIT_IRET, false);
    v->iret_seen = true;
    v->iret_rip = v->vmcb->save.rip;
    return GUEST_RESUME;
}

/* INT n, INT3 and INTO are not requeued: RIP still points to them, so they run again. */
void svm_requeue(struct svm_vcpu *v)
{
    u64 event = v->vmcb->control.exit_event;
    u8 vector = (u8)(event & EVENT_VECTOR), type = (u8)EVENT_TYPE(event);

    if (type == EVENT_TYPE_SOFTWARE ||
        (type == EVENT_TYPE_EXCEPTION && (vector == 3 || vector == 4)))
        return;
    v->guest.event = (struct guest_event){
        .valid = true,
        .vector = vector,
        .type = type,
        .has_error = event & EVENT_HAS_ERROR,
        .error = (u32)(event >> 32),
    };
}
