/* SPDX-License-Identifier: MIT */
/* An endless loop with interrupts off: it never ends, and a host that shares its core goes on all
 * the same. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_loop)
{
    print("looping, IF = 0\n");
    for (;;)
        barrier();
}
