/* SPDX-License-Identifier: MIT */
/* HLT with interrupts off: it never ends by itself; the host says that the machine is dead, or
 * waits for an NMI. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_halt)
{
    print("halting, IF = 0\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}
