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

#define PERIOD ((u16)(PIT_HZ / 200))

/* 50 ticks at 200 Hz are a quarter of a second: halting loses no time. */
static struct took halts(void)
{
    pit0_prepare(2);
    ticks = 0;
    u64 start = rdtsc(), now = start;
    pit_count(0, PERIOD);
    for (; ticks < 50; irq_wait())
        now = rdtsc();
    return (struct took){now - start, rdtsc() - start};
}

TINY(cpu_hlt)
{
    extern const char after_hlt[];
    tsc_hz();
    irq_on(0, on_tick);
    pit0_prepare(2);
    ticks = 0;
    u64 start = rdtsc();
    pit_count(0, PERIOD);
    for (unsigned i = 1; i <= 20; i++) {
        __asm__ volatile("sti; hlt\n.globl after_hlt\nafter_hlt: cli" ::: "memory");
        check(ticks >= i, "woken without an interrupt");
        check(interrupted == (u64)after_hlt || interrupted == (u64)after_hlt - 1, "woken from %lx",
              interrupted);
    }
    /* A tick that is late is made up for, but none comes that is not due. */
    u64 took = rdtsc() - start;
    check(ticks >= 20 && ticks * pit_to_tsc(PERIOD) <= took + took / 100, "%u ticks in %lu us",
          ticks, took * 1000000 / tsc_hz());
    check_lasts(halts(), 50 * PERIOD, "50 ticks");
}
