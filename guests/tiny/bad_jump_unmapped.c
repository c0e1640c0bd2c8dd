/* SPDX-License-Identifier: MIT */
/*
 * A jump to an address hole. Bare, the ones read there are #UD: ok. A host that does not fetch from
 * holes stops the machine and prints its state.
 */
#include "guests/tiny/rt/tiny.h"

TINY(bad_jump_unmapped)
{
    u64 rsp;
    unsigned vector = TRY("movq %%rsp, %0; jmp *%1", "=&b"(rsp) : "r"(HOLE) : "memory");
    __asm__ volatile("movq %0, %%rsp" ::"r"(rsp) : "memory");
    check(vector == UD, "vector %u", vector);
}
