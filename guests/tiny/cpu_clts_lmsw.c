/* SPDX-License-Identifier: MIT */
/*
 * CLTS, LMSW and SMSW: LMSW changes TS, EM, MP and can set PE but not clear it; SMSW shows CR0 in
 * its operand's width (SDM 2A). FP and SSE instructions follow TS and EM.
 */
#include "guests/tiny/rt/tiny.h"

static void lmsw(u16 value)
{
    __asm__ volatile("lmsw %0" ::"r"(value) : "memory");
}

static void lmsw_memory(u16 value)
{
    __asm__ volatile("lmsw %0" ::"m"(value) : "memory");
}

TINY(cpu_clts_lmsw)
{
    u64 cr0 = read_cr0();
    lmsw(0xfff1 | CR0_TS);
    check(read_cr0() == ((cr0 & ~0xeull) | CR0_TS), "lmsw: %lx", read_cr0());
    check(TRY("fnop", ) == NM, "x87 with TS");
    __asm__ volatile("clts");
    check(read_cr0() == (cr0 & ~0xeull), "clts: %lx", read_cr0());
    check(TRY("fnop", ) == NO_TRAP, "x87 after CLTS");
    lmsw_memory(CR0_EM | CR0_MP);
    check((read_cr0() & 0xf) == (CR0_PE | CR0_EM | CR0_MP), "lmsw, PE stays: %lx", read_cr0());
    check(TRY("fnop", ) == NM, "x87 with EM");
    check(TRY("xorps %%xmm0, %%xmm0", ) == UD, "SSE with EM");
    write_cr0(cr0);

    u64 wide = ~0ull, narrow = ~0ull;
    u16 memory = 0;
    __asm__ volatile("smsw %0" : "=r"(wide));
    __asm__ volatile("smsw %w0" : "+r"(narrow));
    __asm__ volatile("smsw %0" : "=m"(memory));
    check(wide == cr0, "smsw r64: %lx", wide);
    check(narrow == (~0xffffull | (cr0 & 0xffff)), "smsw r16: %lx", narrow);
    check(memory == (cr0 & 0xffff), "smsw m16: %x", memory);
}
