/* SPDX-License-Identifier: MIT */
/* What a machine starts with: zeroed memory (no other guest's), clean debug registers, TSC running,
 * no interrupt pending. */
#include "guests/tiny/rt/tiny.h"

TINY(state_fresh)
{
    check((read_dr7() & 0xff) == 0, "DR7 %lx", read_dr7());
    check(!(flags_read() & (FLAG_IF | FLAG_TF | FLAG_DF)), "RFLAGS %lx", flags_read());
    check(pic_in_service() == 0, "in service %x", pic_in_service());
    check(rdmsr(MSR_EFER) >> 12 == 0, "EFER %lx", rdmsr(MSR_EFER));
    if (!on_trivet())
        return; /* a bare machine's memory has firmware and loader in it */
    check(rdmsr(MSR_PAT) == 0x0007040600070406, "PAT %lx", rdmsr(MSR_PAT));
    check(rdmsr(MSR_LSTAR) == 0 && rdmsr(MSR_STAR) == 0, "LSTAR %lx", rdmsr(MSR_LSTAR));
    u64 top = mem_top();
    /* Above the image and the loader's tables; mem_top puts back what it finds. */
    for (u64 at = 0x1000000; at < top; at += 8)
        if (!check(*(u64 *)at == 0, "memory at %lx holds %lx", at, *(u64 *)at))
            break;
}
