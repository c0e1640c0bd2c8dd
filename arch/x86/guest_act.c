/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_act.h"

/*
 * Past the instruction, or with length 0 past one element of a string instruction. That ends a
 * shadow of STI or MOV SS, takes RF back (between elements it is set: SDM 3, 18.3.1.1), wraps where
 * 32-bit code ends at 4 GiB, and traps for single-step and for breakpoints that were met.
 */
static void end(struct guest *guest, u64 length, const struct guest_act_ops *ops)
{
    const struct guest_ops *regs = guest->ops;
    u64 rip = regs->get(guest, GUEST_RIP) + length, rflags = regs->get(guest, GUEST_RFLAGS);
    u64 resume = length ? 0 : RFLAGS_RF;
    u64 why = guest->hits | (rflags & RFLAGS_TF ? DR6_BS : 0);

    if (length)
        regs->set(guest, GUEST_RIP, regs->code_bits(guest) == 64 ? rip : (u32)rip);
    if ((rflags & RFLAGS_RF) != resume)
        regs->set(guest, GUEST_RFLAGS, rflags ^ RFLAGS_RF);
    ops->end_shadow(guest);
    guest->hits = 0;
    if (unlikely(why))
        ops->trap(guest, why);
}

bool guest_wakes(struct guest *guest)
{
    guest->halted = guest->halted && !guest_would_wake(guest);
    return !guest->halted;
}

/* Past the instruction, and to sleep unless something wakes it at once, as a trap of its own. */
static bool halt(struct guest *guest, const struct guest_act_ops *ops)
{
    guest->halted = !ops->trap_waits(guest) && !guest_would_wake(guest);
    return guest->halted || guest_look_up(guest, ops->events);
}

bool guest_act(struct guest *guest, enum guest_action action, const struct guest_act_ops *ops)
{
    u64 length = guest->length;

    switch (action) {
    case GUEST_LOOK:
        return true;
    case GUEST_RESUME:
        break;
    case GUEST_AGAIN:
        end(guest, 0, ops);
        break;
    case GUEST_SKIP:
        end(guest, length, ops);
        break;
    default:
        if (!ops->length(guest, &length))
            break;
        end(guest, length, ops);
        if (action == GUEST_HALT)
            return halt(guest, ops);
    }
    if (ops->wants_look(guest))
        return guest_look_up(guest, ops->events);
    return (guest->event.valid || guest->vcpu.attention) && guest_attend(guest, ops->events);
}
