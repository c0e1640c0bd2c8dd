/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_during.h"

/* SDM 3, tables 6-4 and 6-5. Interrupts, NMI and what instructions ask for are benign. */
enum severity { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum severity severity_of(const struct guest_event *event)
{
    if (!event->valid || event->type != EVENT_TYPE_EXCEPTION)
        return BENIGN;
    switch (event->vector) {
    case 0: /* #DE */
    case VECTOR_TS:
    case VECTOR_NP:
    case VECTOR_SS:
    case VECTOR_GP:
    case 21: /* #CP */
        return CONTRIBUTORY;
    case VECTOR_PF:
    case 20: /* #VE */
        return PAGE_FAULT;
    case VECTOR_DF:
        return DOUBLE_FAULT;
    default:
        return BENIGN;
    }
}

void guest_event_during(struct guest *guest, const struct guest_event *first)
{
    enum severity one = severity_of(first), two = severity_of(&guest->event);

    if (one == BENIGN || two == BENIGN || (one == CONTRIBUTORY && two == PAGE_FAULT))
        return;
    if (one == DOUBLE_FAULT) {
        guest->event.valid = false;
        guest->vcpu.vm->end_rip = guest->ops->get(guest, GUEST_RIP);
        vm_stop(guest->vcpu.vm, VM_END_TRIPLE_FAULT, 0);
        return;
    }
    guest_raise_error(guest, VECTOR_DF, 0);
}
