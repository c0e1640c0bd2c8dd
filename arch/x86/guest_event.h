/* SPDX-License-Identifier: MIT */
/*
 * In which order a guest's events are delivered, and when a guest looks up from its run: the same
 * on both vendors' processors, whose way to inject one is in their table.
 */
#ifndef ARCH_X86_GUEST_EVENT_H
#define ARCH_X86_GUEST_EVENT_H

#include "arch/x86/guest_apic.h"

struct guest_event_ops {
    /* An event already goes in with the next entry: the last run ended before it. */
    bool (*busy)(struct guest *guest);
    /* With the next entry. */
    void (*inject)(struct guest *guest, const struct guest_event *event);
    /* IF is set, and neither STI nor MOV SS was just done. */
    bool (*takes_interrupts)(struct guest *guest);
    /* An NMI waits. `busy`: something else goes in with the next entry. True: the NMI does. */
    bool (*deliver_nmi)(struct guest *guest, bool busy);
    /* Whether there is to be an exit as soon as the guest takes interrupts. */
    void (*interrupt_window)(struct guest *guest, bool on);
    /* There is to be an exit when the guest's TPR falls below this class; 0: none. */
    void (*priority_window)(struct guest *guest, u8 class);
    /* Chooses guest->apic_virtual by the APIC's mode; and where that is so, tells the processor
     * what guest->apic->raised has said. NULL: it is never so. */
    void (*choose_apic)(struct guest *guest);
    void (*sync_apic)(struct guest *guest, int raised);
    /* The time at which its devices want to run has changed. */
    void (*rearm)(struct guest *guest);
};

/* Delivers what waits, or opens the window for it: one event an entry. Before an entry, when there
 * may be something. */
void guest_deliver(struct guest *guest, const struct guest_event_ops *ops);

/* The ns at which the guest is to exit: enter is over, or a device of its own wants to run. Its
 * deadline becomes that. */
u64 guest_time(struct guest *guest);

/* In the vCPU's own exit: when its devices want to run has changed. */
void guest_rearm(struct guest *guest);

/* The deadline has passed: what was due is run. True: enter is over, out to the core. */
bool guest_time_has_come(struct guest *guest, const struct guest_event_ops *ops);

/*
 * What mostly has come, where guest->apic_virtual: the time of its own APIC, and nothing waits
 * beside that. What sync_apic is to be told; or GUEST_APIC_EARLY, and nothing is done. Of what else
 * is due the new deadline tells.
 */
static always_inline int guest_timer_fires(struct guest *guest)
{
    const struct vcpu *vcpu = &guest->vcpu;

    if (!guest->apic_virtual || guest->apic_moved || vcpu->attention ||
        vcpu->deadline > __atomic_load_n(&vcpu->vm->deadline, __ATOMIC_RELAXED))
        return GUEST_APIC_EARLY;
    return guest->apic->fire(guest);
}

/* True if a halted guest would wake: there is something that it takes. */
bool guest_would_wake(struct guest *guest);

/* What another core or a device may want: delivered. True: out to the core. */
bool guest_look_up(struct guest *guest, const struct guest_event_ops *ops);

/* The same after an exit, where nothing else than attention tells of something new. */
bool guest_attend(struct guest *guest, const struct guest_event_ops *ops);

#endif
