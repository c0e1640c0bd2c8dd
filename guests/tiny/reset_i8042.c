/* SPDX-License-Identifier: MIT */
/* The keyboard controller's pulse on the reset line resets the machine. */
#include "guests/tiny/rt/tiny.h"

TINY(reset_i8042)
{
    check(wait_for(!(inb(0x64) & 2), 100), "the controller's input stays full");
    outb(0x64, 0xff); /* no line */
    outb(0x64, 0xfe);
    wait_us(10000);
    check(false, "it goes on");
}
