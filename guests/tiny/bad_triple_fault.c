/* SPDX-License-Identifier: MIT */
/* No IDT and an exception: the host reports reason=triple-fault; a bare machine resets. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_triple_fault)
{
    struct {
        u16 limit;
        u64 base;
    } packed none = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(none) : "memory");
    check(false, "still here");
}
