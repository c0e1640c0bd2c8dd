/* SPDX-License-Identifier: MIT */
/* INIT to the first processor, by another one if there is one, resets the machine. */
#include "guests/tiny/rt/apic.h"

static void init(unsigned cpu)
{
    (void)cpu;
    apic_icr(0, ICR_INIT | ICR_LEVEL | ICR_ASSERT);
}

TINY(bsp_init)
{
    unsigned total = smp_start();

    if (total > 1)
        cpu_run(total - 1, init);
    else
        init(0);
    wait_us(1000000);
    check(false, "it goes on");
}
