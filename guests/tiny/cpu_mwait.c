/* SPDX-License-Identifier: MIT */
/*
 * MONITOR and MWAIT: #UD where CPUID does not offer them; else a write to the line and an interrupt
 * each end the wait (or it does not wait at all), and bad operands are #GP. UMWAIT and TPAUSE
 * likewise.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static u64 line aligned(64);

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void waits(void)
{
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 100));
    while (ticks < 3)
        __asm__ volatile("monitor; sti; mwait; cli" ::"a"(&line), "c"(0), "d"(0) : "memory");
    pic_mask(0);
    check(TRY("monitor", : "a"(&line), "c"(1), "d"(0)) == GP, "MONITOR with ECX = 1");
}

TINY(cpu_mwait)
{
    if (cpuid(1, 0).c >> 3 & 1) {
        waits();
    } else {
        check(TRY("monitor", : "a"(&line), "c"(0), "d"(0)) == UD, "MONITOR is not offered");
        check(TRY("mwait", : "a"(0), "c"(0)) == UD, "MWAIT is not offered");
    }
    if (cpuid(7, 0).c >> 5 & 1) {
        u64 until = rdtsc() + us_to_tsc(100);
        unsigned vector = TRY(".byte 0x66, 0x0f, 0xae, 0xf1", /* tpause %ecx */
                              : "c"(0), "a"((u32)until), "d"((u32)(until >> 32)));
        check(vector == NO_TRAP, "TPAUSE: vector %u", vector);
    } else if (!part_skipped("tpause")) {
        check(TRY(".byte 0x66, 0x0f, 0xae, 0xf1",
                  : "c"(0), "a"(0), "d"(0)) == UD,
              "TPAUSE is not offered");
    }
}
