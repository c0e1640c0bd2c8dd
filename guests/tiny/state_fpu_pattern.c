/* SPDX-License-Identifier: MIT */
/*
 * For two machines side by side on one core: each fills its vector and x87 registers with a pattern
 * of its own (from the TSC) and looks for it again and again, halting and computing in between.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static u64 seed;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void fill(void)
{
    __asm__ volatile(
        "movq %0, %%xmm0; punpcklqdq %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm5; movdqa %%xmm0, %%xmm13\n"
        "fninit; fildll %1" ::"r"(seed),
        "m"(seed));
}

static bool found(void)
{
    u64 low, high, mid;
    s64 x87;
    __asm__ volatile(
        "movq %%xmm0, %0; pshufd $0xee, %%xmm5, %%xmm1; movq %%xmm1, %1; movq %%xmm13, %2\n"
        "fld %%st(0); fistpll %3"
        : "=r"(low), "=r"(high), "=r"(mid), "=m"(x87));
    return low == seed && high == seed && mid == seed && (u64)x87 == seed;
}

TINY(state_fpu_pattern)
{
    seed = (rdtsc() * 0x9e3779b97f4a7c15) >> 8;
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    fill();
    u64 rounds = 0;
    irq_enable();
    while (ticks < 300) {
        if (ticks % 8 == 0)
            __asm__ volatile("hlt");
        rounds++;
        if (!check(found(), "round %lu: not my pattern %lx", rounds, seed))
            break;
    }
    irq_disable();
}
