/* SPDX-License-Identifier: MIT */
/*
 * STI's shadow: a waiting interrupt comes after the instruction behind STI, whatever that is (one
 * that exits too); STI CLI lets none in; STI under IF = 1 gives no shadow (SDM 3A 6.8.3, 2B STI).
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came_at;

static void on_tick(struct frame *frame)
{
    ticks++;
    came_at = frame->rip;
}

/* IRQ 0 requested and waiting, IF = 0. */
static void make_waiting(void)
{
    pit_set(0, 0, 20);
    check(wait_for(pic_requests() & 1, 100), "IRQ 0 is not requested");
}

#define SHADOW(text, what)                                                                         \
    do {                                                                                           \
        u64 after_;                                                                                \
        make_waiting();                                                                            \
        ticks = 0;                                                                                 \
        __asm__ volatile("leaq 1f(%%rip), %0\n sti\n" text "\n1: nop\n nop\n cli"                  \
                         : "=&S"(after_)                                                           \
                         :                                                                         \
                         : "memory", "rax", "rbx", "rcx", "rdx");                                  \
        check(ticks == 1 && came_at == after_, "%s: %u interrupts, RIP %lx, not %lx", what, ticks, \
              came_at, after_);                                                                    \
    } while (0)

TINY(ev_sti_shadow)
{
    irq_on(0, on_tick);
    SHADOW("nop", "nop");
    SHADOW("cpuid", "cpuid");
    SHADOW("inb $0x61, %%al", "in");
    SHADOW("movb $0xfe, %%al", "mov");
    SHADOW("movq %%cr3, %%rax", "mov from cr3");

    make_waiting();
    ticks = 0;
    for (unsigned i = 0; i < 100; i++)
        __asm__ volatile("sti; cli" ::: "memory");
    check(ticks == 0, "STI CLI let %u in", ticks);
    __asm__ volatile("sti; nop; nop; cli" ::: "memory");
    check(ticks == 1, "it did not come at all");

    /* POPF and IRET that set IF have no shadow. */
    u64 after;
    make_waiting();
    ticks = 0;
    __asm__ volatile("leaq 1f(%%rip), %0; pushfq; orq $0x200, (%%rsp); popfq; 1: nop; cli"
                     : "=&r"(after)::"memory");
    check(ticks == 1 && came_at == after, "POPF: %u, RIP %lx not %lx", ticks, came_at, after);
}
