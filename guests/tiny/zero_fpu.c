/* SPDX-License-Identifier: MIT */
/* A loop of x87 and SSE instructions takes no exit: state is switched by owner, eagerly, not by
 * #NM. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        __asm__ volatile("fld1; fstp %st(0)");
    for (unsigned i = 0; i < times; i++)
        __asm__ volatile("xorps %xmm0, %xmm0");
}

TINY(zero_fpu)
{
    prove_no_exits(loop, "x87 and SSE");
}
