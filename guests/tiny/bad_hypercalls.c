/* SPDX-License-Identifier: MIT */
/* Fifty thousand hypercalls with random numbers and arguments, by both instructions: ~0, nothing
 * else. */
#include "guests/tiny/rt/tiny.h"
#include "guests/tiny/rt/fuzz.h"

TINY(bad_hypercalls)
{
    if (!on_trivet())
        skip("no Trivet");
    u64 state = 0x68797065;
    for (unsigned i = 0; i < 50000; i++) {
        u64 number = random(&state) >> (random(&state) & 63), rax = number;
        u64 rbx = random(&state), rcx = random(&state), rdx = random(&state), rsi = ~0ull, rdi = 0;
        u64 b = rbx, c = rcx, d = rdx;
        if (i & 1)
            __asm__ volatile("vmcall"
                             : "+a"(rax), "+b"(b), "+c"(c), "+d"(d)
                             : "S"(rsi), "D"(rdi)
                             : "memory");
        else
            __asm__ volatile("vmmcall"
                             : "+a"(rax), "+b"(b), "+c"(c), "+d"(d)
                             : "S"(rsi), "D"(rdi)
                             : "memory");
        bool good = number == HYPER_NOTHING ? rax == 0
                    : number == HYPER_EXITS ? rax > 0
                                            : rax == ~0ull;
        if (!check(good && b == rbx && c == rcx && d == rdx, "hypercall %lx: %lx", number, rax))
            break;
    }
}
