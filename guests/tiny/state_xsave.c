/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE, AVX and AVX-512 registers, MXCSR and the x87 control word survive exits: by
 * instructions, by the timer's interrupts, by halts. XSAVE and XRSTOR round trips agree.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static u8 area[2][8192] aligned(64);
static u64 wide[64] aligned(64);

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void xsave(u8 *to)
{
    memset(to, 0, 8192);
    __asm__ volatile("xsave64 (%0)" ::"r"(to), "a"(~0u), "d"(~0u) : "memory");
}

static void fill(u64 seed, u64 xcr0)
{
    u16 control = 0x027f;
    u32 csr = 0x1fa0;
    for (unsigned i = 0; i < array_size(wide); i++)
        wide[i] = seed = seed * 6364136223846793005 + 1442695040888963407;
    __asm__ volatile("fninit; fldcw %0; fldpi; fldl2e; fldln2; ldmxcsr %1" ::"m"(control),
                     "m"(csr));
    if (xcr0 & 4)
        __asm__ volatile("vmovups (%0), %%ymm0; vmovups 32(%0), %%ymm1; vmovups 64(%0), %%ymm7\n"
                         "vmovups 96(%0), %%ymm8; vmovups 128(%0), %%ymm15" ::"r"(wide)
                         : "memory");
    else
        __asm__ volatile("movups (%0), %%xmm0; movups 32(%0), %%xmm1; movups 64(%0), %%xmm7\n"
                         "movups 96(%0), %%xmm8; movups 128(%0), %%xmm15" ::"r"(wide)
                         : "memory");
    if ((xcr0 & 0xe0) == 0xe0)
        __asm__ volatile(
            "kmovw %%eax, %%k1; kmovw %%ecx, %%k7\n"
            "vmovups 192(%0), %%zmm2; vmovups 256(%0), %%zmm17; vmovups 320(%0), %%zmm31" ::"r"(
                wide),
            "a"(0x1234), "c"(0xbeef)
            : "memory");
}

static void compare(const char *what)
{
    xsave(area[1]);
    if (!check(!memcmp(area[0], area[1], 512 + 64), "%s: x87 or SSE state changed", what))
        return;
    for (unsigned i = 576; i < 8192; i++)
        if (!check(area[0][i] == area[1][i], "%s: extended state changed at %u", what, i))
            return;
}

TINY(state_xsave)
{
    if (!(cpuid(1, 0).c >> 26 & 1))
        skip("no XSAVE");
    write_cr4(read_cr4() | CR4_OSXSAVE);
    u64 xcr0 = cpuid(0xd, 0).a & 0xe7;
    if (!(cpuid(1, 0).c >> 28 & 1))
        xcr0 = 3;
    __asm__ volatile("xsetbv" ::"c"(0), "a"((u32)xcr0), "d"(0));
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    for (unsigned round = 1; round <= 50; round++) {
        fill(round, xcr0);
        xsave(area[0]);
        cpuid(0, 0);
        inb(0x61);
        compare("after CPUID and IN");
        irq_wait();
        compare("after HLT");
    }
    check(ticks >= 50, "%u ticks", ticks);
    /* What XRSTOR brings back is what was saved, after everything was overwritten. */
    fill(99, xcr0);
    __asm__ volatile("xrstor64 (%0)" ::"r"(area[0]), "a"(~0u), "d"(~0u) : "memory");
    compare("after XRSTOR");
}
