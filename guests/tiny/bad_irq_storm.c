/* SPDX-License-Identifier: MIT */
/* The timer at the highest rate that the chip knows, the serial port asking all the time, for 300
 * ms; then ok. */
#include "guests/tiny/rt/tiny.h"

static volatile u64 ticks, requested;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void on_serial(struct frame *frame)
{
    (void)frame;
    requested++;
    inb(0x3fa);
    outb(0x3f9, 0);
}

/* At this rate a request may be gone before it is acknowledged. */
static void on_spurious(struct frame *frame)
{
    (void)frame;
}

TINY(bad_irq_storm)
{
    u64 end = rdtsc() + us_to_tsc(300000);
    outb(0x3fc, 0x0b);
    trap_on(IRQ_BASE + 7, on_spurious);
    irq_on(0, on_tick);
    irq_on(4, on_serial);
    pit_set(0, 2, 2);
    /* At least so long as this machine has its turns in it. */
    for (u64 turns = 0; rdtsc() < end || (ticks + requested <= 100 && turns < 1000000); turns++) {
        outb(0x3f9, 2); /* the transmitter is empty: it asks at once */
        __asm__ volatile("sti; nop; nop; cli" ::: "memory");
    }
    outb(0x3f9, 0);
    pit_set(0, 0, 0);
    print("%lu timer interrupts, %lu of the serial port\n", ticks, requested);
    check(ticks + requested > 100, "hardly any");
}
