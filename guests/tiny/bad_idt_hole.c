/* SPDX-License-Identifier: MIT */
/* The IDT in an address hole: its gates read as ones, so #GP, #DF, triple fault; or the host stops
 * the machine at the access. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_idt_hole)
{
    struct {
        u16 limit;
        u64 base;
    } packed hole = {4095, (u64)HOLE};
    __asm__ volatile("lidt %0; int3" ::"m"(hole) : "memory");
    check(false, "still here");
}
