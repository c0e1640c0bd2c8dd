/* SPDX-License-Identifier: MIT */
/* A loop of CR3 loads takes no exit: nested paging keeps the guest's tables the guest's. */
#include "guests/tiny/rt/tiny.h"

static void loop(unsigned times)
{
    u64 cr3 = read_cr3();
    for (unsigned i = 0; i < times; i++)
        write_cr3(cr3);
}

TINY(zero_cr3)
{
    prove_no_exits(loop, "MOV to CR3");
}
