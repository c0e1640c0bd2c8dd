/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"

/*
 * Hypercalls: RAX is the number and then the result. They are for guests that know Trivet; the
 * paravirtual interfaces of others come by CPUID leaf and MSR.
 */
enum { CALL_NOTHING = 0, CALL_EXITS = 1 };

enum guest_action guest_hypercall(struct guest *guest)
{
    u64 *rax = &guest->gpr[GPR_RAX];

    switch (*rax) {
    case CALL_NOTHING:
        break;
    case CALL_EXITS:
        *rax = guest->vcpu.stats.exits;
        break;
    default:
        *rax = ~0ull;
        break;
    }
    return GUEST_NEXT;
}
