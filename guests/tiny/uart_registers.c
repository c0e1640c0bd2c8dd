/* SPDX-License-Identifier: MIT */
/* The UART's registers: scratch, divisor latch, LCR and IER as written, IER's high bits zero, LCR
 * and FCR each their own. */
#include "guests/tiny/rt/tiny.h"

TINY(uart_registers)
{
    tsc_hz();
    wait_us(5000);
    for (unsigned value = 0; value < 256; value += 17) {
        outb(0x3ff, (u8)value);
        check(inb(0x3ff) == value, "scratch %x is %x", value, inb(0x3ff));
    }
    outb(0x3f9, 0xff);
    check(inb(0x3f9) == 0x0f, "IER %x", inb(0x3f9));
    outb(0x3f9, 0);
    u8 ier = inb(0x3f9), lcr = inb(0x3fb);
    outb(0x3fb, 0x83);
    outb(0x3f8, 0x34);
    outb(0x3f9, 0x12);
    check(inb(0x3f8) == 0x34 && inb(0x3f9) == 0x12, "divisor %x %x", inb(0x3f8), inb(0x3f9));
    outb(0x3f8, 1);
    outb(0x3f9, 0);
    outb(0x3fb, lcr);
    check(inb(0x3fb) == 3 && inb(0x3f9) == ier, "LCR %x IER %x", inb(0x3fb), inb(0x3f9));
    check((inb(0x3fd) & 0x60) == 0x60, "LSR when idle: %x", inb(0x3fd));
    outb(0x3fa, 0);
    check((inb(0x3fa) & 0xc0) == 0, "IIR without FIFOs: %x", inb(0x3fa));
    outb(0x3fa, 1);
    check((inb(0x3fa) & 0xc0) == 0xc0, "IIR with FIFOs: %x", inb(0x3fa));
    check((inb(0x3fc) & 0xe0) == 0, "MCR's high bits: %x", inb(0x3fc));
}
