/* SPDX-License-Identifier: MIT */
/* The UART's transmitter by interrupt: THR empty asks for the next byte, reading IIR takes the
 * request back. */
#include "guests/tiny/rt/tiny.h"

static const char text[] = "sent by interrupts, one byte each\r\n";
static volatile unsigned sent, irqs;

static void on_serial(struct frame *frame)
{
    (void)frame;
    irqs++;
    u8 iir = inb(0x3fa);
    check((iir & 0x0f) == 2, "IIR %x", iir);
    if (sent < sizeof(text) - 1)
        outb(0x3f8, (u8)text[sent++]);
    else
        outb(0x3f9, 0);
}

TINY(uart_tx_irq)
{
    tsc_hz();
    outb(0x3fc, 0x0b); /* OUT2 lets it through */
    irq_on(4, on_serial);
    irq_enable();
    outb(0x3f9, 2);
    check(wait_for(inb(0x3f9) == 0, 500), "%u of %lu bytes in half a second", sent,
          sizeof(text) - 1);
    irq_disable();
    check(irqs == sizeof(text), "%u interrupts for %lu bytes", irqs, sizeof(text) - 1);
    check((inb(0x3fa) & 0x0f) == 1, "IIR at the end: %x", inb(0x3fa));

    /* Switched on again it asks at once, for the holding register is empty; IIR's read is the
     * answer. */
    wait_us(5000);
    pic_mask(4);
    outb(0x3f9, 2);
    wait_us(200);
    u8 first = inb(0x3fa), second = inb(0x3fa);
    check((first & 0x0f) == 2 && (second & 0x0f) == 1, "IIR %x, then %x", first, second);
    outb(0x3f9, 0);
}
