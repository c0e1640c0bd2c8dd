/* SPDX-License-Identifier: MIT */
/*
 * The last processor ends the machine, by port 0xf4, while the first spins with IF = 0 and others
 * halt and spin. The status is its own: 0.
 */
#include "guests/tiny/rt/apic.h"

static void end(unsigned cpu)
{
    (void)cpu;
    print("ok smp_stop\n");
    for (unsigned i = 0; i < 200000 && !(inb(0x3fd) & 0x40); i++)
        pause();
    outb(0xf4, 0);
    check(false, "it goes on");
}

static void spin(unsigned cpu)
{
    (void)cpu;
    irq_disable();
    for (;;)
        __asm__ volatile("");
}

TINY(smp_stop)
{
    unsigned total = smp_start();

    if (total < 2)
        skip("one processor");
    if (total > 2)
        cpu_run(1, spin);
    cpu_run(total - 1, end);
    spin(0);
}
