/* SPDX-License-Identifier: MIT */
/*
 * RDPMC: where CPUID offers no performance counters it is #GP for every index; where it does,
 * counter 0 can be read. In ring 3 without CR4.PCE it is always #GP.
 */
#include "guests/tiny/rt/tiny.h"

static void user_rdpmc(void)
{
    __asm__ volatile("rdpmc" ::"c"(0) : "rax", "rdx");
    user_end();
}

TINY(cpu_rdpmc)
{
    u64 low, high;
    bool counters = cpuid(0, 0).a >= 0xa && (cpuid(0xa, 0).a & 0xff);
    unsigned vector = TRY("rdpmc", "=a"(low), "=d"(high) : "c"(0));
    bool amd = cpuid(0, 0).b == 0x68747541; /* "Auth": four counters that no leaf mentions */
    check(vector == (counters ? NO_TRAP : GP) || (amd && vector == NO_TRAP),
          "counters %d, vector %u", counters, vector);
    check(TRY("rdpmc", "=a"(low), "=d"(high) : "c"(0x12345678)) == GP, "a counter that none has");
    check(user_run(user_rdpmc, 0) == GP, "RDPMC in ring 3 without PCE");
}
