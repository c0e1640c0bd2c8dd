/* SPDX-License-Identifier: MIT */
/* Twenty thousand random instructions in ring 0, over RAM: whatever they are, the guest gets its
 * exceptions and goes on. */
#include "guests/tiny/rt/tiny.h"
#include "guests/tiny/rt/fuzz.h"

TINY(bad_instructions)
{
    unsigned count = 20000, ran = fuzz_instructions(0x7269766574, count, 0x800000);
    print("%u of %u ran\n", ran, count);
    check(ran > count / 20 && ran < count, "%u of %u ran", ran, count);
}
