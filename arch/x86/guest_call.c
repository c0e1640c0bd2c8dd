/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"

#include "arch/x86/guest_space.h"
#include "lib/log.h"
#include "lib/string.h"

/*
 * Hypercalls: RAX is the number and then the result, ~0 where there is no such call. They are for
 * guests that know Trivet; the paravirtual interfaces of others come by CPUID leaf and MSR.
 *
 * 0  nothing; 0
 * 1  how many exits this vCPU has had
 * 2  prints a price: RDI is the linear address of its name, up to 32 of a-z, 0-9 and -, and a zero;
 *    RSI its ticks. The name first-tsc gives a reading of the TSC: what is printed, as
 *    first-instruction, is the time to it from the loader's hand-over. Only with `bench` on
 * Trivet's command line, else ~0; ~0 for any other name, and a name that cannot be read is a page
 * fault
 */
enum { CALL_NOTHING = 0, CALL_EXITS = 1, CALL_PRICE = 2 };

#define NAME_MAX 32

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* False: a fault is queued. The name is empty if it is none. */
static bool read_name(struct guest *guest, u64 linear, char name[NAME_MAX + 1])
{
    for (unsigned i = 0; i <= NAME_MAX; i++) {
        if (!guest_read_linear(guest, linear + i, &name[i], 1))
            return false;
        if (!name[i])
            return true;
        if (!in_name(name[i]))
            break;
    }
    name[0] = 0;
    return true;
}

static no_inline enum guest_action print_price(struct guest *guest)
{
    u64 *rax = &guest->gpr[GPR_RAX];
    u64 ticks = guest->gpr[GPR_RSI], from = guest->vcpu.vm->bench_from;
    char name[NAME_MAX + 1];

    if (from && !read_name(guest, guest->gpr[GPR_RDI], name))
        return GUEST_RESUME;
    if (!from || !name[0]) {
        *rax = ~0ull;
        return GUEST_NEXT;
    }
    if (strcmp(name, "first-tsc") == 0)
        log_event("bench", "name=first-instruction ticks=%lu", ticks - from);
    else
        log_event("bench", "name=%s ticks=%lu", name, ticks);
    *rax = 0;
    return GUEST_NEXT;
}

static no_inline enum guest_action other_call(struct guest *guest)
{
    u64 *rax = &guest->gpr[GPR_RAX];

    switch (*rax) {
    case CALL_EXITS:
        *rax = stats_exits(&guest->vcpu.stats);
        break;
    case CALL_PRICE:
        return print_price(guest);
    default:
        *rax = ~0ull;
        break;
    }
    return GUEST_NEXT;
}

enum guest_action guest_hypercall(struct guest *guest)
{
    if (likely(guest->gpr[GPR_RAX] == CALL_NOTHING))
        return GUEST_NEXT;
    return other_call(guest);
}
