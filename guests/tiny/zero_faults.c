/* SPDX-License-Identifier: MIT */
/* A loop of #BP and #GP with their handlers takes no exit. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned faults;

static void on_fault(struct frame *frame)
{
    faults++;
    frame->rip += 2; /* mov %eax, %es is two bytes */
}

static void on_bp(struct frame *frame)
{
    (void)frame;
    faults++;
}

static void loop(unsigned times)
{
    faults = 0;
    for (unsigned i = 0; i < times / 2; i++)
        __asm__ volatile("int3; .byte 0x8e, 0xc0" ::"a"(0x7ff8) : "memory"); /* mov %eax, %es */
    check(faults == times / 2 * 2, "%u faults", faults);
}

TINY(zero_faults)
{
    trap_on(GP, on_fault);
    trap_on(BP, on_bp);
    prove_no_exits(loop, "#BP, #GP");
}
