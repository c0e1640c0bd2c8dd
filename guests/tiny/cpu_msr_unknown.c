/* SPDX-License-Identifier: MIT */
/*
 * MSRs that no processor has, and writes to those that are only read: #GP(0), for RDMSR and WRMSR,
 * with the registers left as they were.
 */
#include "guests/tiny/rt/tiny.h"

static const u32 unknown[] = {0x1fff,     0x2000,     0xbfffffff, 0xc0001fff,
                              0xc0002000, 0xffffffff, 0x4321,     0xdeadbeef};

TINY(cpu_msr_unknown)
{
    for (unsigned i = 0; i < array_size(unknown); i++) {
        u32 msr = unknown[i], low = 0x11111111, high = 0x22222222;
        unsigned vector = TRY("rdmsr", "+a"(low), "+d"(high) : "c"(msr));
        check(vector == GP && trap.error == 0, "rdmsr %x: vector %u", msr, vector);
        check(low == 0x11111111 && high == 0x22222222, "rdmsr %x changes registers", msr);
        vector = TRY("wrmsr", : "c"(msr), "a"(0), "d"(0));
        check(vector == GP && trap.error == 0, "wrmsr %x: vector %u", msr, vector);
    }
    if (cpuid(1, 0).d >> 12 & 1)
        check(TRY("wrmsr", : "c"(0xfe), "a"(0), "d"(0)) == GP, "MTRRCAP is writable");
}
