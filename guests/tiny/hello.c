/* SPDX-License-Identifier: MIT */
/* The one that `make run` shows: a greeting by the UART, then the timer's interrupts counted. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

TINY(hello)
{
    print("Hello from a guest of 64 bits, on %s.\n", on_trivet() ? "Trivet" : "the bare machine");
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 100));
    while (ticks < 125) {
        irq_wait();
        if (ticks % 25 == 0)
            print("tick %u: another quarter of a second\n", ticks);
    }
    pic_mask(0);
}
