/* SPDX-License-Identifier: MIT */
/*
 * Priorities of the 8259, with the timer (0) and the serial port (4): the lower number first, a
 * higher one nests, a lower one waits for the EOI; set priority turns them round; special mask mode
 * and automatic EOI.
 */
#include "guests/tiny/rt/tiny.h"

static char order[8];
static volatile unsigned events;
static volatile bool nest, no_eoi;

static void note(char c)
{
    if (events < sizeof(order))
        order[events] = c;
    events++;
}

/* Big letters: entered; small ones: left. */
static void on_timer(struct frame *frame)
{
    (void)frame;
    note('T');
    if (nest) {
        __asm__ volatile("sti; nop; nop; cli" ::: "memory");
        note('t');
    }
    if (!no_eoi)
        outb(0x20, 0x60);
}

static void on_serial(struct frame *frame)
{
    (void)frame;
    note('S');
    inb(0x3fa);
    outb(0x3f9, 0);
    if (nest) {
        __asm__ volatile("sti; nop; nop; cli" ::: "memory");
        note('s');
    }
    if (!no_eoi)
        outb(0x20, 0x64);
}

/* Both requested behind the masks (THR empty interrupts at once), then let in. */
static void both(const char *expected, const char *what)
{
    events = 0;
    memset(order, 0, sizeof(order));
    outb(0x21, 0xff);
    pit_set(0, 0, 20);
    outb(0x3f9, 2);
    check(wait_for((pic_requests() & 0x11) == 0x11, 100), "%s: requests %x", what, pic_requests());
    outb(0x21, 0xee);
    __asm__ volatile("sti; nop; nop; nop; nop; cli" ::: "memory");
    check(!strncmp(order, expected, sizeof(order)), "%s: %.8s, not %s", what, order, expected);
}

TINY(pic_priority)
{
    tsc_hz();
    wait_us(3000); /* whatever was printed is sent */
    trap_on(IRQ_BASE, on_timer);
    trap_on(IRQ_BASE + 4, on_serial);
    outb(0x3fc, 0x0b); /* OUT2 */
    outb(0x21, 0xee);
    both("TS", "fixed");
    nest = true;
    both("TtSs", "the lower one waits for the EOI");
    outb(0x20, 0xc0); /* input 0 is the lowest now */
    both("SsTt", "turned round");
    outb(0x20, 0xc7);
    both("TtSs", "turned back");

    /* Automatic EOI: nothing stays in service, so the other nests at once. */
    outb(0x20, 0x11);
    outb(0x21, 0x20);
    outb(0x21, 0x04);
    outb(0x21, 0x03);
    outb(0x21, 0xee);
    no_eoi = true;
    both("TSst", "automatic EOI");
    pic_init();
}
