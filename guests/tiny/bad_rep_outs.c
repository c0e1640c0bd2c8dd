/* SPDX-License-Identifier: MIT */
/* REP OUTSB of 4 GiB to a port that nobody decodes, interrupts off: hours of it; the host stays in
 * charge. It never ends. */
#include "guests/tiny/rt/tiny.h"

static u64 pdpt[512] aligned(4096), pd[512] aligned(4096);

TINY(bad_rep_outs)
{
    for (unsigned i = 0; i < 512; i++)
        pd[i] = 0x600083;
    for (unsigned i = 0; i < 8; i++)
        pdpt[i] = (u64)pd | 3;
    rt_pml4[1] = (u64)pdpt | 3;
    write_cr3(read_cr3());
    print("4 GiB to port 0x1234\n");
    for (;;) {
        u64 rsi = 0x8000000000, rcx = 4 * GiB;
        __asm__ volatile("rep outsb" : "+S"(rsi), "+c"(rcx) : "d"(0x1234) : "memory");
    }
}
