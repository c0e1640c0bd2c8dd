/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_xstate.h"

#include "arch/x86/guest.h"

#define LEGACY_SIZE 512u
#define HEADER_SIZE 64u

/* Components from 2 up, whose size and place CPUID.D.n tells. */
static u64 extended(u64 components)
{
    return components & MASK(GUEST_XSTATES - 1, 2);
}

u32 guest_xstate_size(const struct guest_cpuid *table, u64 components)
{
    u32 size = LEGACY_SIZE + HEADER_SIZE;

    for (u64 left = extended(components); left; left &= left - 1) {
        const struct cpuid *part = &table->xstate[lowest_bit(left)];
        if (part->ebx + part->eax > size)
            size = part->ebx + part->eax;
    }
    return size;
}

/* One after the other; ECX[1] asks for a component's start on 64 bytes (SDM volume 1, 13.4.3). */
u32 guest_xstate_compact_size(const struct guest_cpuid *table, u64 components)
{
    u32 size = LEGACY_SIZE + HEADER_SIZE;

    for (u64 left = extended(components); left; left &= left - 1) {
        const struct cpuid *part = &table->xstate[lowest_bit(left)];
        if (part->ecx & 2)
            size = (u32)align_up(size, 64);
        size += part->eax;
    }
    return size;
}

/* SDM volume 1, 13.3; AMD APM volume 2, 11.5.2. */
bool guest_xcr0_valid(u64 value, u64 allowed)
{
    u64 avx512 = value & XCR0_AVX512;

    if ((value & ~allowed) || !(value & XCR0_X87))
        return false;
    if ((value & XCR0_AVX) && !(value & XCR0_SSE))
        return false;
    return !avx512 || (avx512 == XCR0_AVX512 && (value & XCR0_AVX));
}

u64 guest_xcr0_of_host(u64 host)
{
    u64 have = host & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU);

    if ((have & XCR0_AVX512) != XCR0_AVX512 || !(have & XCR0_AVX))
        have &= ~XCR0_AVX512;
    return have;
}

static void xsetbv(u64 value)
{
    if (!HOST)
        __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* The processor has raised #UD for CR4.OSXSAVE = 0, and asks for CPL 0 on most models itself. */
enum guest_action guest_xsetbv(struct guest *guest)
{
    u64 value = guest->gpr[GPR_RDX] << 32 | (u32)guest->gpr[GPR_RAX];

    if ((u32)guest->gpr[GPR_RCX] != 0 || guest->ops->cpl(guest) != 0 ||
        !guest_xcr0_valid(value, guest->cpuid->xcr0_allowed))
        return guest_gp(guest);
    guest->xcr0 = value;
    xsetbv(value);
    return GUEST_NEXT;
}
