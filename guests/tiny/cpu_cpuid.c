/* SPDX-License-Identifier: MIT */
/*
 * CPUID: whole registers, ranges, and leaves that agree with one another (SDM 2A, CPUID). On Trivet
 * the hypervisor bit is there and what a guest cannot have (VMX, SVM, a PMU) is not.
 */
#include "guests/tiny/rt/tiny.h"

static u64 high_halves(u32 leaf)
{
    u64 a = ~0ull << 32 | leaf, b = ~0ull, c = ~0ull << 32, d = ~0ull;
    __asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
    return (a | b | c | d) >> 32;
}

static void ranges(void)
{
    struct cpuid zero = cpuid(0, 0), ext = cpuid(0x80000000, 0);
    check(zero.a >= 1 && zero.a < 0x100, "highest leaf %x", zero.a);
    check(ext.a >= 0x80000008 && ext.a < 0x80000100, "highest extended leaf %x", ext.a);
    for (u32 leaf = 0; leaf <= zero.a; leaf++)
        check(high_halves(leaf) == 0, "leaf %x leaves high halves", leaf);
    for (u32 leaf = 0x80000000; leaf <= ext.a; leaf++)
        check(high_halves(leaf) == 0, "leaf %x leaves high halves", leaf);
    u32 width = cpuid(0x80000008, 0).a;
    check((width & 0xff) >= 36 && (width & 0xff) <= 52, "physical width %u", width & 0xff);
    check((width >> 8 & 0xff) >= 48, "linear width %u", width >> 8 & 0xff);
}

static void agreement(void)
{
    struct cpuid one = cpuid(1, 0);
    check((one.d & 0x21) == 0x21, "FPU and MSR: edx=%x", one.d);
    check(one.d >> 6 & 1, "PAE in a guest of 64 bits");
    check(cpuid(0x80000001, 0).d >> 29 & 1, "long mode in a guest of 64 bits");
    if (cpuid(0, 0).a >= 0xb && cpuid(0xb, 0).b)
        check(cpuid(0xb, 0).d == one.b >> 24, "x2APIC id %x, APIC id %x", cpuid(0xb, 0).d,
              one.b >> 24);
    /* OSXSAVE is CR4's bit 18, as it stands. */
    if (one.c >> 26 & 1) {
        write_cr4(read_cr4() | CR4_OSXSAVE);
        check(cpuid(1, 0).c >> 27 & 1, "OSXSAVE does not follow CR4");
        write_cr4(read_cr4() & ~(u64)CR4_OSXSAVE);
        check(!(cpuid(1, 0).c >> 27 & 1), "OSXSAVE does not follow CR4 back");
    }
    for (unsigned i = 0; i < 1000; i++)
        if (!check(cpuid(1, 0).a == one.a, "leaf 1 changes"))
            break;
}

TINY(cpu_cpuid)
{
    ranges();
    agreement();
    if (!on_trivet())
        return;
    struct cpuid one = cpuid(1, 0);
    check(one.c >> 31, "no hypervisor bit");
    check(!(one.c >> 5 & 1), "VMX is offered");
    check(!(cpuid(0x80000001, 0).c >> 2 & 1), "SVM is offered");
    check(cpuid(0, 0).a < 0xa || (cpuid(0xa, 0).a & 0xff) == 0, "a PMU is offered");
    check(cpuid(0x40000000, 0).a >= 0x40000000, "no range of hypervisor leaves");
}
