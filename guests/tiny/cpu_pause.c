/* SPDX-License-Identifier: MIT */
/* PAUSE in a long loop: PAUSE-loop exiting costs time, but the loop goes on and interrupts arrive.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void user_pause(void)
{
    for (unsigned i = 0; i < 10000; i++)
        pause();
    user_end();
}

TINY(cpu_pause)
{
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    irq_enable();
    for (unsigned i = 0; i < 500000; i++)
        pause();
    check(wait_for(ticks >= 10, 500), "%u ticks while pausing", ticks);
    irq_disable();
    check(user_run(user_pause, 0) == VECTOR_LEAVE, "PAUSE in ring 3");
}
