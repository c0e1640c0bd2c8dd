/* SPDX-License-Identifier: MIT */
/* Port 0x92's fast reset resets the machine. */
#include "guests/tiny/rt/tiny.h"

TINY(reset_port_a)
{
    outb(0x92, inb(0x92) & 0xfe);
    outb(0x92, inb(0x92) | 0x01);
    wait_us(10000);
    check(false, "it goes on");
}
