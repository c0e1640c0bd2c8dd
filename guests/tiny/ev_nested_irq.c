/* SPDX-License-Identifier: MIT */
/* Interrupts while exceptions and other interrupts are served: none lost, RFLAGS and registers come
 * back. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks, traps;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void on_ud(struct frame *frame)
{
    traps++;
    frame->rip += 2;
    unsigned before = ticks;
    irq_enable();
    if (traps % 16 == 0)
        check(wait_for(ticks != before, 100), "no tick inside the handler");
    irq_disable();
}

TINY(ev_nested_irq)
{
    tsc_hz();
    irq_on(0, on_tick);
    trap_on(UD, on_ud);
    pit_set(0, 2, (u16)(PIT_HZ / 2000));
    irq_enable();
    for (unsigned i = 1; i <= 320; i++) {
        u64 rbx = i, r8_ = ~(u64)i;
        __asm__ volatile("movq %1, %%r8; stc; ud2; sbbq $0, %0; movq %%r8, %1; incq %0"
                         : "+b"(rbx), "+r"(r8_)::"r8", "cc");
        if (!check(rbx == i && r8_ == ~(u64)i, "round %u: %lx %lx", i, rbx, r8_))
            break;
        check(flags_read() & FLAG_IF, "IF after IRET");
    }
    irq_disable();
    check(traps == 320, "%u traps", traps);
    check(ticks >= 20, "%u ticks", ticks);
}
