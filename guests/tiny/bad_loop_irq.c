/* SPDX-License-Identifier: MIT */
/* An endless loop with interrupts on and the timer ticking: it never ends. */
#include "guests/tiny/rt/tiny.h"

static void on_tick(struct frame *frame)
{
    (void)frame;
}

TINY(bad_loop_irq)
{
    print("looping, IF = 1\n");
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 100));
    irq_enable();
    for (;;)
        barrier();
}
