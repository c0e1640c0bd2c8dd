/* SPDX-License-Identifier: MIT */
/* A loop of INVLPG takes no exit. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        invlpg(PLAY_A + i % 256 * 4096);
}

TINY(zero_invlpg)
{
    prove_no_exits(loop, "INVLPG");
}
