/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: VMCALL and VMMCALL alike; number 0 does nothing, 1 counts exits, every other says ~0;
 * nothing but RAX changes.
 */
#include "guests/tiny/rt/tiny.h"

static void registers_kept(void)
{
    u64 rbx = 1, rcx = 2, rdx = 3, rsi = 4, rdi = 5, rax = 12345;
    __asm__ volatile("vmcall"
                     : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)::"memory");
    check(rax == ~0ull, "hypercall 12345 is %lx", rax);
    check(rbx == 1 && rcx == 2 && rdx == 3 && rsi == 4 && rdi == 5, "registers changed");
}

TINY(cpu_hypercall)
{
    if (!on_trivet())
        skip("no Trivet");
    check(hypercall_vmcall(HYPER_NOTHING) == 0, "VMCALL 0");
    check(hypercall_vmmcall(HYPER_NOTHING) == 0, "VMMCALL 0");
    u64 last = hypercall_vmcall(HYPER_EXITS);
    check(last > 0, "no exits so far");
    for (unsigned i = 0; i < 100; i++) {
        u64 now = i & 1 ? hypercall_vmmcall(HYPER_EXITS) : hypercall_vmcall(HYPER_EXITS);
        check(now > last, "this call is not counted: %lu, then %lu", last, now);
        last = now;
    }
    static const u64 unknown[] = {2, 0xffffffff, 1ull << 32, ~0ull, 1ull << 63};
    for (unsigned i = 0; i < array_size(unknown); i++)
        check(hypercall(unknown[i]) == ~0ull, "hypercall %lx", unknown[i]);
    registers_kept();
}
