/* SPDX-License-Identifier: MIT */
/*
 * What is done after an exit, by the action that its handler returned: the one place where
 * instructions end that the processor has not ended itself. The vendor's part of it is a table.
 */
#ifndef ARCH_X86_GUEST_ACT_H
#define ARCH_X86_GUEST_ACT_H

#include "arch/x86/flags.h"
#include "arch/x86/guest_event.h"

#define DR6_HITS MASK(3, 0)
#define DR6_BS   BIT(14)

struct guest_act_ops {
    /* Of the instruction that has exited, in bytes. False: it cannot be read any more, and a fault
     * is queued or the machine stops. */
    bool (*length)(struct guest *guest, u64 *length);
    /* The instruction behind STI or MOV SS is over. */
    void (*end_shadow)(struct guest *guest);
    /* #DB behind the instruction: what DR6 is to tell. */
    void (*trap)(struct guest *guest, u64 why);
    /* One of those is on its way, where it does not wait in guest->event. */
    bool (*trap_waits)(struct guest *guest);
    /* Something may be deliverable that nothing else tells of. */
    bool (*wants_look)(struct guest *guest);
    const struct guest_event_ops *events;
};

/* On the way in: false, it sleeps on. */
bool guest_wakes(struct guest *guest);

/* True: out to the core. */
bool guest_act(struct guest *guest, enum guest_action action, const struct guest_act_ops *ops);

/*
 * The end of an instruction does nothing but to move RIP, which stays between the same multiples of
 * 4 GiB: for a vendor's short cut round guest_act, on the way that most exits take. `other` is what
 * is to be 0 beside that.
 */
static always_inline bool guest_ends_plainly(u64 rip, u64 length, u64 rflags, u32 other)
{
    u32 end;

    return likely(!other && !(rflags & (RFLAGS_TF | RFLAGS_RF)) &&
                  !__builtin_add_overflow((u32)rip, (u32)length, &end));
}

#endif
