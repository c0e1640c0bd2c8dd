/* SPDX-License-Identifier: MIT */
/* A loop of CLTS and of writes that set CR0.TS takes no exit: TS, MP and EM are the guest's. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    u64 cr0 = read_cr0();
    for (unsigned i = 0; i < times; i++) {
        write_cr0(cr0 | CR0_TS);
        __asm__ volatile("clts");
    }
}

TINY(zero_cr0_ts)
{
    prove_no_exits(loop, "CR0.TS");
}
