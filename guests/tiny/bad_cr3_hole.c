/* SPDX-License-Identifier: MIT */
/* CR3 in an address hole: every walk reads ones, reserved bits and all: triple fault, or the host
 * stops the machine. */
#include "guests/tiny/rt/tiny.h"

TINY(bad_cr3_hole)
{
    write_cr3((u64)HOLE);
    check(false, "still here");
}
