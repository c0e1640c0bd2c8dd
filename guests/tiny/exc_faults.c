/* SPDX-License-Identifier: MIT */
/* #DE, #NM, #MF and #XM: the fault's own RIP, no error code. */
#include "guests/tiny/rt/tiny.h"

#define FAULT_RIP(text) "leaq 1f(%%rip), %%rbx\n 1: " text

static u64 at;

static void divide(void)
{
    u32 low = 1, high = 0, by = 0;
    unsigned vector = TRY(FAULT_RIP("divl %3"), "=&b"(at), "+a"(low), "+d"(high) : "r"(by));
    check(vector == DE && trap.rip == at && low == 1 && high == 0, "divide by 0: %u", vector);
    high = 5;
    by = 5;
    vector = TRY(FAULT_RIP("divl %3"), "=&b"(at), "+a"(low), "+d"(high) : "r"(by));
    check(vector == DE && trap.rip == at, "quotient too large: %u", vector);
    low = 0x80000000;
    high = 0xffffffff;
    by = 0xffffffff;
    vector = TRY(FAULT_RIP("idivl %3"), "=&b"(at), "+a"(low), "+d"(high) : "r"(by));
    check(vector == DE, "-2^31 / -1: %u", vector);
}

static void coprocessor(void)
{
    write_cr0(read_cr0() | CR0_TS);
    check(TRY("fnop", ) == NM, "x87 with TS: %u", trap.vector);
    check(TRY("movaps %%xmm0, %%xmm1", ) == NM, "SSE with TS: %u", trap.vector);
    check(TRY("fwait", ) == NM, "FWAIT with MP and TS: %u", trap.vector);
    __asm__ volatile("clts");

    u16 unmasked = 0x37b; /* division by zero */
    __asm__ volatile("fninit; fldcw %0; fldz; fld1; fdiv %%st(1), %%st" ::"m"(unmasked));
    check(TRY(FAULT_RIP("fwait"), "=b"(at)) == MF && trap.rip == at, "#MF: %u", trap.vector);
    __asm__ volatile("fninit");

    u32 csr = 0x1f80 & ~0x200u, zero = 0, one = 0x3f800000;
    __asm__ volatile("ldmxcsr %0; movd %1, %%xmm0; movd %2, %%xmm1" ::"m"(csr), "r"(one),
                     "r"(zero));
    part("xm") check(TRY(FAULT_RIP("divss %%xmm1, %%xmm0"), "=b"(at)) == XM && trap.rip == at,
                     "#XM: %u", trap.vector);
    csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(csr));
}

TINY(exc_faults)
{
    divide();
    coprocessor();
}
