/* SPDX-License-Identifier: MIT */
/* A loop of STI, CLI, PUSHF, POPF and software interrupts takes no exit. */
#include "guests/tiny/rt/tiny.h"

static void on_int(struct frame *frame)
{
    (void)frame;
}

static void loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        __asm__ volatile("sti; nop; cli; pushfq; popfq; int $0x70" ::: "memory");
}

TINY(zero_interrupt_flag)
{
    trap_on(0x70, on_int);
    prove_no_exits(loop, "STI, CLI, INT");
}
