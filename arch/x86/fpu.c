/* SPDX-License-Identifier: MIT */
#include "arch/x86/fpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "mm/addr.h"

/* SDM 1, 13.1: x87, SSE, AVX, AVX-512's three, PKRU. Not MPX, which is gone, nor AMX's tiles. */
#define STATES (MASK(2, 0) | MASK(7, 5) | BIT(9))

static bool has_xsave(void)
{
    return cpuid(1, 0).ecx & BIT(26);
}

static bool has_xss(void)
{
    return cpuid_or_zero(0xd, 1).eax & BIT(3);
}

static void xsetbv(u64 value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

u64 fpu_xcr0_max(void)
{
    struct cpuid states = cpuid_or_zero(0xd, 0);
    return has_xsave() ? ((u64)states.edx << 32 | states.eax) & STATES : 3;
}

void fpu_enable(void)
{
    cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT | (has_xsave() ? CR4_OSXSAVE : 0));
    if (has_xsave())
        xsetbv(fpu_xcr0_max());
    __asm__ volatile("fninit");
}

/* CPUID.D.0.ECX would count states that are never on too: this is for those that are on now. */
u64 fpu_area_size(void)
{
    u32 size = has_xsave() ? cpuid(0xd, 0).ecx : 512;
    return size <= PAGE_4K ? PAGE_4K : BIT(highest_bit(size - 1) + 1);
}

#define LEGACY_FCW   0
#define LEGACY_MXCSR 24

/* Table 10-1 of SDM 3: the state of reset. XSTATE_BV is 0, so XRSTOR initializes everything but
 * MXCSR. */
void fpu_area_reset(void *area)
{
    *(u16 *)((char *)area + LEGACY_FCW) = 0x040;
    *(u32 *)((char *)area + LEGACY_MXCSR) = 0x1f80;
    if (has_xsave())
        *(u64 *)((char *)area + 512) =
            1; /* XSTATE_BV: x87 as above, which is not its INIT's 0x37f */
}

void fpu_load(void *area, u64 xcr0, u64 xss)
{
    if (!has_xsave()) {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
        return;
    }
    xsetbv(fpu_xcr0_max());
    __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
    xsetbv(xcr0);
    if (has_xss())
        msr_write(MSR_XSS, xss);
}

void fpu_save(void *area)
{
    if (!has_xsave()) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
        return;
    }
    xsetbv(fpu_xcr0_max());
    __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}
