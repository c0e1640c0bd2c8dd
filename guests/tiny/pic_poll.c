/* SPDX-License-Identifier: MIT */
/* The poll command: the highest request, acknowledged by the read; and a request that goes away is
 * IRQ 7 or what it was. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks, spurious;
static volatile u8 in_service;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    outb(0x20, 0x60);
}

static void on_spurious(struct frame *frame)
{
    (void)frame;
    spurious++;
    in_service = pic_in_service();
}

static u8 poll(void)
{
    outb(0x20, 0x0c);
    return inb(0x20);
}

TINY(pic_poll)
{
    tsc_hz();
    outb(0x21, 0xfe);
    pit_control(0, 0); /* counts no more: the tick that the runtime has begun may have come */
    if (poll() & 0x80)
        outb(0x20, 0x60);
    check(!(poll() & 0x80), "poll without a request");
    pit_set(0, 0, 20);
    wait_for(pic_requests() & 1, 100);
    u8 first = poll();
    check(first == 0x80, "poll says %x, not 80", first);
    check(pic_in_service() & 1, "poll does not acknowledge");
    outb(0x20, 0x60);

    /* OUT goes low again before the acknowledge: data sheet, IR7; chips that keep the edge: IR0. */
    trap_on(IRQ_BASE, on_tick);
    trap_on(IRQ_BASE + 7, on_spurious);
    pit_set(0, 0, 20);
    wait_for(pic_requests() & 1, 100);
    pit_control(0, 0);
    __asm__ volatile("sti; nop; nop; cli" ::: "memory");
    check(ticks + spurious <= 1, "%u ticks, %u spurious", ticks, spurious);
    check(!spurious || !(in_service & 0x80), "a spurious interrupt is in service");
}
