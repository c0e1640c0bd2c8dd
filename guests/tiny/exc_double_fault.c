/* SPDX-License-Identifier: MIT */
/*
 * #DF: a page fault whose own frame cannot be pushed, a #GP whose gate is not there, a #PF whose
 * gate is bad. Error code 0, on its IST stack; the guest goes on.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned double_faults;
extern volatile u64 back_rsp, back_rip;
volatile u64 back_rsp, back_rip;

static void on_df(struct frame *frame)
{
    double_faults++;
    check(frame->error == 0, "error code %lx", frame->error);
    frame->rsp = back_rsp;
    frame->rip = back_rip;
}

/* Runs text (%1 is `at`) where #DF is to bring it back behind. */
#define DOUBLE(text, what)                                                                         \
    do {                                                                                           \
        unsigned before_ = double_faults;                                                          \
        __asm__ volatile("movq %%rsp, back_rsp\n movq $7f, back_rip\n" text "\n7:"                 \
                         : "+&r"(spare)                                                            \
                         : "r"(at)                                                                 \
                         : "memory", "rax");                                                       \
        check(double_faults == before_ + 1, "%s: no #DF", what);                                   \
    } while (0)

TINY(exc_double_fault)
{
    u64 *table = page_split((void *)0x600000);
    u64 at = 0x602000, spare = 0;
    trap_on(DF, on_df);
    table[1] = table[2] = 0;
    invlpg((void *)0x601000);
    invlpg((void *)0x602000);

    DOUBLE("movq %1, %%rsp\n pushq $0", "stack not present");
    DOUBLE("movq %1, %%rsp\n ud2", "stack not present, #UD");
    rt_idt[PF].type = 0x0e;
    DOUBLE("movb (%1), %%al", "#PF gate not present");
    rt_idt[PF].type = 0x8e;
    rt_idt[GP].type = 0x0e;
    DOUBLE("movq $0x7ff8, %%rax\n mov %%eax, %%es", "#GP gate not present");
    rt_idt[GP].type = 0x8e;
    rt_idt[NP].type = 0x0e;
    rt_idt[0x50].type = 0x0e;
    DOUBLE("int $0x50", "#NP, whose gate is not present either");
    rt_idt[NP].type = 0x8e;

    /* A page fault after a page fault is double; after an interrupt's it is not. */
    table[1] = 0x601003;
    check(TRY("movb (%0), %%al",
              : "r"(at)
              : "rax") == PF &&
              trap.cr2 == at,
          "a plain #PF afterwards");
}
