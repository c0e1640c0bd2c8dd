/* SPDX-License-Identifier: MIT */
/* The keyboard controller: its tests, its configuration, and (on Trivet) that no keyboard is an
 * answer, too, by interrupt 1. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned came;
static volatile u8 byte, status;

static void on_keyboard(struct frame *frame)
{
    (void)frame;
    came++;
    status = inb(0x64);
    byte = inb(0x60);
}

static void command(u8 value)
{
    check(wait_for(!(inb(0x64) & 2), 100), "the controller's input stays full");
    outb(0x64, value);
}

static void data(u8 value)
{
    check(wait_for(!(inb(0x64) & 2), 100), "the controller's input stays full");
    outb(0x60, value);
}

static u8 ask(u8 value)
{
    command(value);
    check(wait_for(inb(0x64) & 1, 100), "no answer to %x", value);
    return inb(0x60);
}

TINY(i8042_probe)
{
    u8 answer;

    tsc_hz();
    if (inb(0x64) == 0xff)
        skip("no keyboard controller");
    answer = ask(0xaa);
    check(answer == 0x55, "self-test %x", answer);
    check(inb(0x64) & 4, "status %x: not passed", inb(0x64));
    answer = ask(0xab);
    check(answer == 0, "port test %x", answer);
    command(0x60), data(0x61);
    answer = ask(0x20);
    check((answer & 0x5f) == 0x41, "configuration %x", answer);
    if (!on_trivet())
        return;
    irq_on(1, on_keyboard);
    irq_enable();
    data(0xf2);
    check(wait_for(came, 100), "no answer from where the keyboard would be");
    irq_disable();
    check(came == 1 && byte == 0xfe && (status & 0x40), "%u answers, %x, status %x", came, byte,
          status);
}
