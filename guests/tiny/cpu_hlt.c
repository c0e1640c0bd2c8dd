/* SPDX-License-Identifier: MIT */
/* HLT: an interrupt wakes it, at the instruction behind, after its handler; and each tick does. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 interrupted;

static void on_tick(struct frame *frame)
{
    ticks++;
    interrupted = frame->rip;
}

TINY(cpu_hlt)
{
    extern const char after_hlt[];
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 200));
    for (unsigned i = 1; i <= 20; i++) {
        __asm__ volatile("sti; hlt\n.globl after_hlt\nafter_hlt: cli" ::: "memory");
        check(ticks >= i, "woken without an interrupt");
        check(interrupted == (u64)after_hlt || interrupted == (u64)after_hlt - 1, "woken from %lx",
              interrupted);
    }
    check(ticks == 20, "%u ticks in 20 halts", ticks);

    /* 50 ticks at 200 Hz are a quarter of a second: halting loses no time. */
    u64 start = rdtsc();
    unsigned from = ticks;
    while (ticks < from + 50)
        irq_wait();
    u64 took = rdtsc() - start;
    check(within(took, us_to_tsc(250000), 15), "50 ticks took %lu us", took * 1000000 / tsc_hz());
}
