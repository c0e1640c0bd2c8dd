/* SPDX-License-Identifier: MIT */
/* A loop of writes to FS, GS and KERNEL_GS base, LSTAR and STAR takes no exit: the MSR bitmap lets
 * them through. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        wrmsr(MSR_FS_BASE, i);
        wrmsr(MSR_GS_BASE, i);
        wrmsr(MSR_KERNEL_GS, i);
        wrmsr(MSR_LSTAR, i);
        wrmsr(MSR_STAR, i);
        if (rdmsr(MSR_FS_BASE) != i || rdmsr(MSR_LSTAR) != i)
            check(false, "not kept");
    }
}

TINY(zero_msr)
{
    prove_no_exits(loop, "WRMSR of bases and LSTAR");
}
