/* SPDX-License-Identifier: MIT */
/* ACPI's soft-off ends the machine at once, with status 0. */
#include "guests/tiny/rt/tiny.h"

TINY(pm_soft_off)
{
    if (!on_trivet())
        skip("ACPI's registers are elsewhere");
    outw(0x604, 5 << 10); /* the type alone */
    outw(0x604, 1 << 13 | 5 << 10);
    check(false, "it goes on");
}
