/* SPDX-License-Identifier: MIT */
/*
 * XSETBV: #UD without CR4.OSXSAVE; the valid combinations stick, the others are #GP and change
 * nothing (SDM 2D XSETBV, SDM 1 13.3); CPUID leaf 0xd follows XCR0.
 */
#include "guests/tiny/rt/tiny.h"

static unsigned xsetbv(u32 index, u64 value)
{
    return TRY("xsetbv", : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static u64 xgetbv(u32 index)
{
    u32 low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return (u64)high << 32 | low;
}

static void user_xsetbv(void)
{
    __asm__ volatile("xsetbv" ::"c"(0), "a"(1), "d"(0));
    user_end();
}

static void refused(u64 value, const char *why)
{
    unsigned vector = xsetbv(0, value);
    check(vector == GP, "%s: %lx: vector %u", why, value, vector);
    check(xgetbv(0) == 1, "%s: a refused value sticks", why);
}

TINY(cpu_xsetbv)
{
    if (!(cpuid(1, 0).c >> 26 & 1)) {
        check(xsetbv(0, 1) == UD, "XSETBV is not offered");
        skip("no XSAVE");
    }
    check(xsetbv(0, 1) == UD, "XSETBV without OSXSAVE");
    write_cr4(read_cr4() | CR4_OSXSAVE);
    struct cpuid d = cpuid(0xd, 0);
    u64 offered = (u64)d.d << 32 | d.a;
    check((offered & 3) == 3, "x87 and SSE are always there: %lx", offered);

    check(xsetbv(0, 1) == NO_TRAP && xgetbv(0) == 1, "x87 alone");
    check(cpuid(0xd, 0).b == 576, "area for x87: %u", cpuid(0xd, 0).b);
    refused(0, "x87 off");
    refused(2, "SSE without x87");
    refused(5, "AVX without SSE");
    refused(~offered | 3, "what is not offered");
    refused(BIT(63) | 1, "bit 63");
    if (offered >> 5 & 1) {
        refused(0x27, "opmask alone");
        refused(0xe3, "AVX-512 without AVX");
    }
    check(xsetbv(1, 1) == GP, "XCR1");
    check(xsetbv(0, offered) == NO_TRAP && xgetbv(0) == offered, "everything: %lx", offered);
    check(cpuid(0xd, 0).b == cpuid(0xd, 0).c, "area for everything: %u of %u", cpuid(0xd, 0).b,
          cpuid(0xd, 0).c);
    check(user_run(user_xsetbv, 0) == GP, "XSETBV in ring 3");
    check(xgetbv(0) == offered, "XCR0 at the end");
}
