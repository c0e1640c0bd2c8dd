/* SPDX-License-Identifier: MIT */
/* Somebody types: each byte comes by the receive interrupt and is echoed; a line is said again;
 * "quit" ends it. */
#include "guests/tiny/rt/tiny.h"

static volatile u8 ring[32768]; /* a paste goes in faster than its echo goes out */
static volatile unsigned put, irqs, lost;
static char line[256];

static void on_serial(struct frame *frame)
{
    (void)frame;
    irqs++;
    check((inb(0x3fa) & 0x0f) != 1, "an interrupt without a source");
    while (inb(0x3fd) & 1) {
        ring[put % sizeof ring] = inb(0x3f8);
        put++;
    }
}

static u8 take(void)
{
    static unsigned got;

    irq_disable();
    while (got == put)
        irq_wait();
    irq_enable();
    lost += put - got > sizeof ring;
    return ring[got++ % sizeof ring];
}

static void send(u8 byte)
{
    while (!(inb(0x3fd) & 0x20))
        pause();
    outb(0x3f8, byte);
}

static void read_line(void)
{
    unsigned length = 0;

    for (u8 byte; (byte = take()) != '\r';) {
        send(byte);
        if (length < sizeof line - 1)
            line[length++] = (char)byte;
    }
    line[length] = 0;
    print("\r\n");
}

TINY(uart_echo)
{
    outb(0x3fa, 0xc1); /* FIFO on, an interrupt at 14 bytes or when no more come */
    outb(0x3fc, 0x0b); /* OUT2 lets it through */
    irq_on(4, on_serial);
    irq_enable();
    outb(0x3f9, 1);
    for (;;) {
        print("type> ");
        read_line();
        if (!strcmp(line, "quit"))
            break;
        print("said: %s\n", line);
    }
    irq_disable();
    outb(0x3f9, 0);
    check(irqs != 0, "no interrupt");
    check(!lost, "the guest itself was too slow");
    print("%u bytes by interrupts\n", put);
}
