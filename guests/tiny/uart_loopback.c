/* SPDX-License-Identifier: MIT */
/* The UART in loopback: bytes come back, modem outputs appear as inputs with their change bits,
 * nothing goes out. */
#include "guests/tiny/rt/tiny.h"

static u8 lsr(void)
{
    return inb(0x3fd);
}

static void bytes(void)
{
    for (unsigned i = 0; i < 256; i += 5) {
        outb(0x3f8, (u8)i);
        if (!check(wait_for(lsr() & 1, 10), "byte %u does not come back", i))
            return;
        u8 back = inb(0x3f8);
        check(back == i, "byte %u is %u", i, back);
    }
    check(!(lsr() & 1), "data ready with nothing there");
}

static void modem(void)
{
    static const u8 map[4] = {0x20, 0x10, 0x40, 0x80}; /* DTR: DSR, RTS: CTS, OUT1: RI, OUT2: DCD */
    outb(0x3fc, 0x10);
    inb(0x3fe);
    for (unsigned i = 0; i < 4; i++) {
        outb(0x3fc, (u8)(0x10 | 1u << i));
        u8 msr = inb(0x3fe);
        check((msr & 0xf0) == map[i], "MCR bit %u: MSR %x", i, msr);
        check((msr & 0x0f) == (i == 2 ? 0 : map[i] >> 4), "MCR bit %u: change bits %x", i,
              msr & 15);
        check(!(inb(0x3fe) & 0x0f), "MCR bit %u: the change bits stay", i);
        outb(0x3fc, 0x10);
        msr = inb(0x3fe);
        check(msr == map[i] >> 4, "MCR bit %u cleared: %x", i, msr); /* RI's end is what counts */
    }
}

static void by_interrupt(void)
{
    outb(0x3f9, 1);
    outb(0x3f8, 0x77);
    check(wait_for((inb(0x3fa) & 0x0f) == 4, 10), "IIR %x with a byte there", inb(0x3fa));
    check(inb(0x3f8) == 0x77, "the byte");
    check((inb(0x3fa) & 0x0f) == 1, "IIR after the read: %x", inb(0x3fa));
    outb(0x3f9, 0);
}

TINY(uart_loopback)
{
    tsc_hz();
    wait_us(5000);
    outb(0x3fa, 0); /* no FIFO */
    outb(0x3fc, 0x10);
    while (lsr() & 1)
        inb(0x3f8);
    bytes();
    by_interrupt();
    modem();
    outb(0x3fc, 3);
    outb(0x3fa, 7);
}
