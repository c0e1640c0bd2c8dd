/* SPDX-License-Identifier: MIT */
/* A loop of #UD, #BP and #GP with their handlers takes no exit. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned faults;

static void on_fault(struct frame *frame)
{
    faults++;
    frame->rip += 2; /* ud2 and mov %eax, %es are two bytes each */
}

static void on_bp(struct frame *frame)
{
    (void)frame;
    faults++;
}

static void loop(void)
{
    faults = 0;
    for (unsigned i = 0; i < PROOF_LOOPS / 4; i++)
        __asm__ volatile("ud2; int3; .byte 0x8e, 0xc0" ::"a"(0x7ff8)
                         : "memory"); /* mov %eax, %es */
    check(faults == PROOF_LOOPS / 4 * 3, "%u faults", faults);
}

TINY(zero_ud)
{
    trap_on(UD, on_fault);
    trap_on(GP, on_fault);
    trap_on(BP, on_bp);
    prove_no_exits(loop, "#UD, #BP, #GP");
}
