/* SPDX-License-Identifier: MIT */
/*
 * Nested interrupts: a higher class comes into a handler, the same and lower ones wait for the EOI;
 * ISR, IRR, TMR and PPR tell; a vector in service waits once more in IRR, and only once; an EOI
 * with nothing in service is nothing (SDM 3, 11.8.4, 11.8.5).
 */
#include "guests/tiny/rt/apic.h"

static const char *mode;
static char text[64];
static unsigned length;

static void note(char c)
{
    if (length + 1 < sizeof text)
        text[length++] = c;
    text[length] = 0;
}

static void expect(const char *due)
{
    check(!strcmp(text, due), "%s: the order is %s, not %s", mode, text, due);
    length = 0;
    text[0] = 0;
}

static void on_low(struct frame *frame)
{
    (void)frame;
    note('a');
    check(apic_bit(APIC_ISR, 0x61) && !apic_bit(APIC_IRR, 0x61), "%s: 61 is in service", mode);
    check(!apic_bit(APIC_TMR, 0x61), "%s: 61 is no level", mode);
    check(apic_read(APIC_PPR) == 0x60, "%s: PPR %x in 61's handler", mode, apic_read(APIC_PPR));
    apic_self(0x62); /* its class */
    apic_self(0x41); /* below */
    apic_self(0x61); /* itself, twice: one is kept */
    apic_self(0x61);
    irq_enable();
    __asm__ volatile("nop; nop");
    check(apic_bit(APIC_IRR, 0x62) && apic_bit(APIC_IRR, 0x41) && apic_bit(APIC_IRR, 0x61),
          "%s: they wait", mode);
    apic_self(0x81);
    __asm__ volatile("nop; nop");
    irq_disable();
    note('b');
    if (length > 40)
        done();
    trap_on(0x61, NULL);
}

static void on_again(struct frame *frame)
{
    (void)frame;
    note('A');
    apic_eoi();
}

static void on_first(struct frame *frame)
{
    on_low(frame);
    trap_on(0x61, on_again);
    apic_eoi();
}

static void on_high(struct frame *frame)
{
    (void)frame;
    note('(');
    check(apic_bit(APIC_ISR, 0x61) && apic_bit(APIC_ISR, 0x81), "%s: both are in service", mode);
    check(apic_read(APIC_PPR) == 0x80, "%s: PPR %x in 81's handler", mode, apic_read(APIC_PPR));
    apic_eoi();
    check(apic_bit(APIC_ISR, 0x61) && !apic_bit(APIC_ISR, 0x81), "%s: the higher ends first", mode);
    check(apic_read(APIC_PPR) == 0x60, "%s: PPR %x after 81's EOI", mode, apic_read(APIC_PPR));
    note(')');
}

static void on_class(struct frame *frame)
{
    (void)frame;
    note('c');
    apic_eoi();
}

static void on_below(struct frame *frame)
{
    (void)frame;
    note('d');
    apic_eoi();
}

/* An EOI before the handler's end lets the same one in again, within it. */
static void on_early(struct frame *frame)
{
    (void)frame;
    note('<');
    apic_eoi();
    if (length < 3) {
        apic_self(0x75);
        irq_window();
    }
    note('>');
}

static void all(const char *which)
{
    mode = which;
    length = 0;
    trap_on(0x61, on_first);
    trap_on(0x81, on_high);
    trap_on(0x62, on_class);
    trap_on(0x41, on_below);
    trap_on(0x75, on_early);
    apic_eoi();
    apic_eoi();
    check(apic_read(APIC_PPR) == 0, "%s: PPR %x", mode, apic_read(APIC_PPR));
    apic_self(0x61);
    irq_enable();
    wait_us(100);
    irq_disable();
    expect("a()bcAd");
    for (u32 at = 0; at < 0x80; at += 16)
        check(!apic_read(APIC_ISR + at) && !apic_read(APIC_IRR + at), "%s: something is left",
              mode);
    apic_self(0x75);
    irq_window();
    expect("<<<>>>");
}

TINY(apic_eoi_order)
{
    tsc_hz();
    apic_both(all);
}
