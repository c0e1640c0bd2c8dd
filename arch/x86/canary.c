/* SPDX-License-Identifier: MIT */
#include "arch/x86/canary.h"

#include "arch/x86/cpu.h"
#include "lib/panic.h"

/* The compiler's names. */
extern u64 __stack_chk_guard;
void __stack_chk_fail(void);

u64 __stack_chk_guard = 0x9e3779b97f4a7c15ull;

void __stack_chk_fail(void)
{
    hv_panic("a stack canary has been overwritten");
}

static u64 hardware_random(void)
{
    u64 value = 0;
    bool good = false;

    if (cpuid(1, 0).ecx & BIT(30))
        for (int tries = 0; tries < 10 && !good; tries++)
            __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=q"(good) : : "cc");
    return value;
}

/* Its lowest byte is 0, so that no copied string can hold the whole. */
__attribute__((no_stack_protector)) void canary_seed(void)
{
    u64 seed = hardware_random() ^ (tsc_read() * 0x9e3779b97f4a7c15ull);
    __stack_chk_guard ^= seed & ~0xffull;
    __stack_chk_guard &= ~0xffull;
}
