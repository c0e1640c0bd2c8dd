/* SPDX-License-Identifier: MIT */
/*
 * An exception with the stack in an address hole: its frame cannot be pushed. Bare, it vanishes and
 * the guest is lost in some way; the host stops the machine and prints its state, or it is lost
 * there too.
 */
#include "guests/tiny/rt/tiny.h"

TINY(bad_stack_hole)
{
    __asm__ volatile("movq %0, %%rsp; ud2" ::"r"(HOLE + 0x1000) : "memory");
    check(false, "still here");
}
