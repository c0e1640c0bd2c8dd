/* SPDX-License-Identifier: MIT */
/* The reset control register, a byte in the window of PCI's address register, resets the machine.
 */
#include "guests/tiny/rt/tiny.h"

TINY(reset_cf9)
{
    outl(0xcf8, 0x80000600); /* byte 1 would be a reset */
    outb(0xcf9, 0x02);
    outb(0xcf9, 0x06);
    wait_us(10000);
    check(false, "it goes on");
}
