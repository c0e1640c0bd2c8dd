/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_event.h"

#include "arch/x86/cpu.h"

/* The PIC's line goes to the first processor; under the device lock. */
static bool interrupt_pending(const struct guest *guest)
{
    struct vm *vm = guest->vcpu.vm;
    return guest->vcpu.index == 0 && vm->interrupt_pending(vm);
}

/*
 * An event that was already on its way goes first, then NMI, then interrupts (SDM 3, 6.9; APM 2,
 * 8.5).
 */
void guest_deliver(struct guest *guest, const struct guest_event_ops *ops)
{
    struct vm *vm = guest->vcpu.vm;
    bool busy = ops->busy(guest), want_interrupt;

    if (guest->event.valid) {
        if (busy) { /* not to be lost: after the next exit */
            __atomic_or_fetch(&guest->vcpu.attention, (u32)ATTENTION_EVENT, __ATOMIC_SEQ_CST);
        } else {
            ops->inject(guest, &guest->event);
            guest->event.valid = false;
        }
        busy = true;
    }
    if (unlikely(guest->nmi))
        busy |= ops->deliver_nmi(guest, busy);
    lock_take(&vm->device_lock);
    want_interrupt = interrupt_pending(guest);
    if (want_interrupt && !busy && ops->takes_interrupts(guest)) {
        ops->inject(guest, &(struct guest_event){.vector = vm->interrupt_take(vm)});
        want_interrupt = interrupt_pending(guest);
    }
    lock_drop(&vm->device_lock);
    ops->interrupt_window(guest, want_interrupt);
}

bool guest_would_wake(struct guest *guest)
{
    struct vm *vm = guest->vcpu.vm;
    bool pending;

    if ((guest->nmi && !guest->ops->nmi_blocked(guest)) || guest->event.valid)
        return true;
    lock_take(&vm->device_lock);
    pending = interrupt_pending(guest);
    lock_drop(&vm->device_lock);
    return pending && guest->ops->get(guest, GUEST_RFLAGS) & RFLAGS_IF;
}

bool guest_look_up(struct guest *guest, const struct guest_event_ops *ops)
{
    u32 seen = __atomic_fetch_and(&guest->vcpu.attention, (u32)ATTENTION_STOP, __ATOMIC_SEQ_CST);

    if (seen & ATTENTION_STOP)
        return true;
    guest_deliver(guest, ops);
    return seen & ATTENTION_TIME;
}
