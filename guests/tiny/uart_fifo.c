/* SPDX-License-Identifier: MIT */
/* The UART's receive FIFO, filled by loopback: sixteen bytes in order, trigger level, overrun,
 * reset, timeout. */
#include "guests/tiny/rt/tiny.h"

static u8 lsr(void)
{
    return inb(0x3fd);
}

static u8 seen; /* LSR, whose reading clears the errors */

static void send(unsigned from, unsigned count)
{
    seen = 0;
    for (unsigned i = 0; i < count; i++) {
        outb(0x3f8, (u8)(from + i));
        u8 now = 0;
        wait_for((seen |= now = lsr(), (now & 0x60) == 0x60), 10);
    }
    wait_us(200);
    seen |= lsr();
}

TINY(uart_fifo)
{
    tsc_hz();
    wait_us(5000);
    outb(0x3fc, 0x10);
    outb(0x3fa, 0x87); /* on, both reset, trigger at 8 */
    check((inb(0x3fa) & 0xc0) == 0xc0, "IIR does not show FIFOs: %x", inb(0x3fa));
    lsr();

    outb(0x3f9, 1);
    send(0x40, 8);
    check((inb(0x3fa) & 0x07) == 4, "IIR at the trigger level: %x", inb(0x3fa));
    for (unsigned i = 0; i < 5; i++)
        inb(0x3f8);
    check(wait_for((inb(0x3fa) & 0x0f) == 12, 20), "IIR below it, after a while: %x", inb(0x3fa));
    outb(0x3f9, 0);
    outb(0x3fa, 0x83);
    check(!(lsr() & 1), "a reset leaves bytes");

    send(0x20, 16);
    check(!(seen & 2), "overrun with sixteen");
    for (unsigned i = 0; i < 16; i++) {
        u8 back = inb(0x3f8);
        check(back == 0x20 + i, "byte %u is %x", i, back);
    }
    check(!(lsr() & 1), "a seventeenth");
    send(0x20, 18);
    check(seen & 2, "no overrun with eighteen");
    check(!(lsr() & 2), "the overrun stays");
    outb(0x3fa, 7);
    outb(0x3fc, 3);
}
