/* SPDX-License-Identifier: MIT */
/* A loop of MOV to and from CR8 takes no exit: the TPR shadow answers. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        write_cr8(i & 15);
        if (read_cr8() != (i & 15))
            check(false, "CR8 is not %u", i & 15);
    }
    write_cr8(0);
}

TINY(zero_cr8)
{
    prove_no_exits(loop, "MOV CR8");
}
