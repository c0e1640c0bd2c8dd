/* SPDX-License-Identifier: MIT */
/* The 8259's registers: masks hold interrupts back but not requests; IRR and ISR tell; an EOI makes
 * way for the next. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u8 in_service;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    in_service = pic_in_service();
}

TINY(pic_mask)
{
    for (unsigned value = 0; value < 256; value += 51) {
        outb(0x21, (u8)(value | 1));
        outb(0xa1, (u8)~value);
        check(inb(0x21) == (value | 1) && inb(0xa1) == (u8)~value, "masks %x %x", inb(0x21),
              inb(0xa1));
    }
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
    tsc_hz();
    trap_on(IRQ_BASE, on_tick);
    pit_set(0, 0, 100);
    irq_enable();
    wait_for(pic_requests() & 1, 100);
    check(ticks == 0, "an interrupt through the mask");
    check(pic_requests() & 1, "IRR: no request");
    check(!(pic_in_service() & 1), "ISR: in service");
    outb(0x21, 0xfe);
    check(wait_for(ticks == 1, 10), "unmasked, and no interrupt");
    check(in_service & 1, "ISR in the handler: %x", in_service);
    check(!(pic_requests() & 1), "IRR after the acknowledge");

    /* No EOI yet: the next has to wait for it. */
    pit_set(0, 0, 100);
    wait_for(pic_requests() & 1, 100);
    check(ticks == 1, "an interrupt before the EOI");
    outb(0x20, 0x20);
    check(wait_for(ticks == 2, 10), "none after the EOI");
    outb(0x20, 0x60);
    irq_disable();
    check(!(pic_in_service() & 1), "ISR after a specific EOI");
}
