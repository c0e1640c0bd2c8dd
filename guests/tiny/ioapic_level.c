/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC's levels, by the serial port's transmitter: once an EOI as long as the line stands;
 * remote IRR and TMR between; the EOI's broadcast, the EOI register, and a mask put on and off.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x64
#define ENTRY  (IOAPIC_LEVEL | VECTOR)

static volatile u32 came, quiet_at, wrong;

/* Its line stands as long as the transmitter is empty and its interrupt is on. */
static void line_up(void)
{
    outb(0x3f9, 2);
}

static void line_down(void)
{
    outb(0x3f9, 0);
}

static void on_level(struct frame *frame)
{
    (void)frame;
    came++;
    wrong |= !apic_bit(APIC_TMR, VECTOR);
    wrong |= (u32) !(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR) << 1;
    if (came >= quiet_at)
        line_down();
    apic_eoi();
    wrong |= (u32)(came >= quiet_at && ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR) << 2;
}

static void expect(const char *mode, const char *what, u32 due)
{
    irq_enable();
    wait_us(300);
    irq_disable();
    check(came == due, "%s, %s: %u interrupts, not %u", mode, what, came, due);
    check(!wrong, "%s, %s: wrong %x (1 TMR, 2 remote IRR, 4 it stays)", mode, what, wrong);
    came = wrong = 0;
}

static void all(const char *mode)
{
    came = wrong = 0;
    quiet_at = 5;
    ioapic_set(PIN_UART, ENTRY);
    line_up();
    expect(mode, "five EOIs while it stands", 5);
    quiet_at = 1;
    line_up();
    line_down(); /* it was accepted: it comes all the same */
    expect(mode, "a level that has gone", 1);
    ioapic_set(PIN_UART, IOAPIC_MASKED | ENTRY);
    line_up();
    expect(mode, "masked", 0);
    ioapic_set(PIN_UART, ENTRY);
    expect(mode, "unmasked while it stands", 1);
    line_down();
    line_up();
    check(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR, "%s: accepted, without remote IRR", mode);
    check(apic_bit(APIC_IRR, VECTOR) && apic_bit(APIC_TMR, VECTOR), "%s: accepted", mode);
    *(volatile u32 *)(IOAPIC_PAGE + 0x40) = VECTOR + 1; /* another's EOI */
    check(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR, "%s: ended by another's EOI", mode);
    line_down();
    *(volatile u32 *)(IOAPIC_PAGE + 0x40) = VECTOR;
    check(!(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR), "%s: not ended by the register", mode);
    wrong = 0;
    irq_window();
    came = wrong = 0; /* it had no remote IRR any more */
    line_up();
    ioapic_set(PIN_UART, IOAPIC_MASKED | VECTOR); /* edge: what was stuck is free */
    check(!(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR), "%s: an edge with remote IRR", mode);
    line_down();
    irq_window();
    came = wrong = 0;
}

TINY(ioapic_level)
{
    tsc_hz();
    outb(0x3fc, 0x0b);
    trap_on(VECTOR, on_level);
    apic_both(all);
}
