/* SPDX-License-Identifier: MIT */
/* A loop of page faults, each with its handler, takes no exit: the exception bitmap is empty. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned faults;

static void on_pf(struct frame *frame)
{
    faults++;
    frame->rip += 2; /* movb (%rbx), %al */
}

static void loop(unsigned times)
{
    faults = 0;
    for (unsigned i = 0; i < times; i++)
        __asm__ volatile("movb (%%rbx), %%al" ::"b"(0x8000000000) : "rax", "memory");
    check(faults == times, "%u faults", faults);
}

TINY(zero_pf)
{
    trap_on(PF, on_pf);
    prove_no_exits(loop, "page fault");
}
