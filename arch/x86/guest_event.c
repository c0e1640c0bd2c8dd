/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_event.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"
#include "core/run.h"
#include "lib/bits.h"

/* An event that was already on its way, then an NMI. True: one of them goes with the next entry. */
static no_inline bool deliver_first(struct guest *guest, const struct guest_event_ops *ops)
{
    bool busy = ops->busy(guest);

    if (guest->event.valid) {
        if (busy) { /* not to be lost: after the next exit */
            __atomic_or_fetch(&guest->vcpu.attention, (u32)ATTENTION_EVENT, __ATOMIC_SEQ_CST);
        } else {
            ops->inject(guest, &guest->event);
            guest->event.valid = false;
        }
        busy = true;
    }
    if (guest->nmi)
        busy |= ops->deliver_nmi(guest, busy);
    return busy;
}

/* True: an interrupt still waits. */
static bool deliver_interrupt(struct guest *guest, const struct guest_event_ops *ops)
{
    if (ops->busy(guest) || !ops->takes_interrupts(guest))
        return true;
    guest->event = (struct guest_event){.vector = guest->apic->take(guest)};
    ops->inject(guest, &guest->event); /* which holds nothing else then, and stays not valid */
    return guest->apic->pending(guest);
}

/*
 * An event that was already on its way goes first, then NMI, then interrupts (SDM 3, 6.9; APM 2,
 * 8.5).
 */
void guest_deliver(struct guest *guest, const struct guest_event_ops *ops)
{
    bool taken = false;

    if (unlikely(guest->event.valid || guest->nmi))
        taken = deliver_first(guest, ops);
    if (guest->apic_moved && ops->choose_apic)
        ops->choose_apic(guest);
    bool waits = guest->apic->pending(guest);
    if (waits && !taken)
        waits = deliver_interrupt(guest, ops);
    if (waits || guest->window) {
        guest->window = waits || guest->nmi;
        ops->interrupt_window(guest, waits);
    }
    if (guest->apic_virtual)
        ops->sync_apic(guest, guest->apic->raised(guest));
    else
        ops->priority_window(guest, waits ? 0 : guest->apic->held_back(guest));
}

bool guest_would_wake(struct guest *guest)
{
    if ((guest->nmi && !guest->ops->nmi_blocked(guest)) || guest->event.valid)
        return true;
    return guest->apic->due(guest) && guest->ops->get(guest, GUEST_RFLAGS) & RFLAGS_IF;
}

bool guest_attend(struct guest *guest, const struct guest_event_ops *ops)
{
    u32 only = ATTENTION_TIME;

    if (guest->event.valid || guest->nmi ||
        !__atomic_compare_exchange_n(&guest->vcpu.attention, &only, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return guest_look_up(guest, ops);
    ops->rearm(guest);
    return false;
}

static always_inline bool look_up(struct guest *guest, const struct guest_event_ops *ops,
                                  bool rearm)
{
    const u32 out = ATTENTION_STOP | ATTENTION_SIGNAL | ATTENTION_TURN;
    u32 seen = __atomic_fetch_and(&guest->vcpu.attention, out, __ATOMIC_SEQ_CST);

    if (seen & out)
        return true;
    if (rearm || seen & ATTENTION_TIME)
        ops->rearm(guest);
    guest_deliver(guest, ops); /* it may want to look again sooner than that */
    return false;
}

bool guest_look_up(struct guest *guest, const struct guest_event_ops *ops)
{
    return look_up(guest, ops, false);
}

/* Rounded up: a timer that fires before its ns is over would only cost another exit. */
u64 guest_time(struct guest *guest)
{
    u64 time = min_u64(guest->until, run_device_time(&guest->vcpu));

    guest->deadline = time == ~0ull ? time : clock_tsc_of(time) + 1;
    return time;
}

void guest_rearm(struct guest *guest)
{
    if (likely(guest->timed))
        (void)guest_time(guest);
    else
        vcpu_note(&guest->vcpu, ATTENTION_TIME);
}

bool guest_time_has_come(struct guest *guest, const struct guest_event_ops *ops)
{
    u64 now = arch_now();

    if (now >= guest->until)
        return true;
    run_devices(&guest->vcpu, now);
    return look_up(guest, ops, true);
}
