/* SPDX-License-Identifier: MIT */
/* #NP, #SS and #GP with the selector as error code, or 0; in 64-bit code, and by limits in 32-bit
 * code. */
#include "guests/tiny/rt/tiny.h"

static u32 notes[16];

/* FS: 256 bytes from 0x500000 up. GS: expand-down above 0xff. */
PART(limits, ".code32",
     "movl %eax, %edi\n movw $0x70, %ax\n movw %ax, %fs\n movw $0x78, %ax\n movw %ax, %gs\n" TRY32(
         "movb %fs:255, %al") NOTE32 TRY32("movb %fs:256, %al") NOTE32 TRY32("movl %fs:253, %eax")
         NOTE32 TRY32("movb %gs:255, %al") NOTE32 TRY32("movb %gs:256, %al") NOTE32
     "movw $0, %ax\n movw %ax, %gs\n" TRY32("movb %gs:0, %al")
         NOTE32 TRY32("movb %al, %cs:0x500000") NOTE32 "xorl %eax, %eax\n ret");

static void expect(unsigned n, unsigned vector, const char *what)
{
    check(notes[2 * n] == vector && (vector == NO_TRAP || notes[2 * n + 1] == 0),
          "%s: vector %u error %x", what, notes[2 * n], notes[2 * n + 1]);
}

static void by_limit(void)
{
    gdt_set(0x70, 0x500000, 255, 0x93, 4);
    gdt_set(0x78, 0x500000, 255, 0x97, 4);
    check(mode_prot32(limits, (u32)(u64)notes) == 0, "the 32-bit part ended early");
    barrier();
    expect(0, NO_TRAP, "the last byte");
    expect(4, NO_TRAP, "expand-down, above");
    part("limits")
    {
        expect(1, GP, "behind the limit");
        expect(2, GP, "across the limit");
        expect(3, GP, "expand-down, below");
    }
    part("null-segment") expect(5, GP, "a null segment");
    part("write-to-code") expect(6, GP, "a write to code");
}

TINY(exc_segments)
{
    gdt_set(SEL_OWN, 0, 0xfffff, 0x13, 0xc); /* data, not present */
    check(TRY("mov %0, %%ds",
              : "r"(SEL_OWN)) == NP &&
              trap.error == SEL_OWN,
          "DS: %u %lx", trap.vector, trap.error);
    check(TRY("mov %0, %%ss",
              : "r"(SEL_OWN)) == SS &&
              trap.error == SEL_OWN,
          "SS: %u %lx", trap.vector, trap.error);
    check(TRY("mov %0, %%es",
              : "r"(0x7ff8)) == GP &&
              trap.error == 0x7ff8,
          "limit: %u %lx", trap.vector, trap.error);
    check(TRY("mov %0, %%ss",
              : "r"(SEL_USER_DS)) == GP &&
              trap.error == (SEL_USER_DS & ~3u),
          "SS of ring 3: %u %lx", trap.vector, trap.error);
    check(TRY("movb (%0), %%al",
              : "r"(0x800000000000ull)
              : "rax") == GP &&
              trap.error == 0,
          "not canonical: %u", trap.vector);
    part("stack-not-canonical") check(TRY("movb (%%rsp, %0), %%al",
                                          : "r"(0x800000000000ull)
                                          : "rax") == SS &&
                                          trap.error == 0,
                                      "not canonical, by RSP: %u", trap.vector);
    by_limit();
}
