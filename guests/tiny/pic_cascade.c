/* SPDX-License-Identifier: MIT */
/*
 * The second 8259 behind the first one's input 2: with a clock chip, its interrupt 8 by way of
 * both; without one, the second chip's registers.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u8 isr[2];

static u8 cmos(u8 index)
{
    outb(0x70, index);
    return inb(0x71);
}

static void cmos_set(u8 index, u8 value)
{
    outb(0x70, index);
    outb(0x71, value);
}

static void on_clock(struct frame *frame)
{
    (void)frame;
    ticks++;
    isr[0] = pic_in_service();
    outb(0xa0, 0x0b);
    isr[1] = inb(0xa0);
    cmos(0x0c);
}

static void registers(void)
{
    outb(0xa0, 0x11);
    outb(0xa1, 0x70);
    outb(0xa1, 0x02);
    outb(0xa1, 0x01);
    outb(0xa1, 0x5a);
    check(inb(0xa1) == 0x5a, "mask %x", inb(0xa1));
    outb(0xa0, 0x0b);
    check(inb(0xa0) == 0, "in service: %x", inb(0xa0));
    outb(0xa0, 0x0c);
    check(!(inb(0xa0) & 0x80), "poll finds a request");
    pic_init();
}

TINY(pic_cascade)
{
    tsc_hz();
    registers();
    if (cmos(0x0a) == 0xff && cmos(0x0b) == 0xff)
        return;
    cmos_set(0x0a, 0x26); /* periodic, 1024 Hz */
    cmos_set(0x0b, (u8)(cmos(0x0b) | 0x40));
    cmos(0x0c);
    irq_on(8, on_clock);
    irq_enable();
    check(wait_for(ticks >= 10, 5000), "%u interrupts of the clock", ticks);
    irq_disable();
    check((isr[0] & 4) && (isr[1] & 1), "in service: %x %x", isr[0], isr[1]);
    /* Masked at the first chip's input 2, the second one is silent. */
    outb(0x21, 0xff);
    cmos(0x0c);
    unsigned before = ticks;
    irq_enable();
    wait_us(5000);
    irq_disable();
    check(ticks == before, "%u through input 2's mask", ticks - before);
    cmos_set(0x0b, (u8)(cmos(0x0b) & ~0x40));
}
