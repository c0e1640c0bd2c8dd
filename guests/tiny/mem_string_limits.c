/* SPDX-License-Identifier: MIT */
/*
 * String I/O in 32-bit code against segment limits: INS beyond ES's limit is #GP before the port is
 * read, OUTS follows its segment override, and addresses wrap at 16 bits with a 16-bit address
 * size.
 */
#include "guests/tiny/rt/tiny.h"

static u32 notes[32];

/* ES: 16 bytes at 0x500000, with EDI walking out of them; the notes go by a flat segment, EBX. */
#define NOTE                                                                                       \
    "popl %edi\n pushl %es\n pushl %ds\n popl %es\n" NOTE32                                        \
    "movl %ecx, (%edi)\n addl $4, %edi\n popl %es\n pushl %edi\n"
/* What is left, the index and what COM1's scratch register got last, in one. */
#define LAST     "inb %dx, %al\n addl %esi, %ecx\n shll $8, %ecx\n movb %al, %cl\n"
#define OTHER_ES "movw $0x78, %ax\n movw %ax, %es\n movw $0x3ff, %dx\n"
#define OUTS_16  "addr16 rep outsb %es:(%si), %dx"
PART(strings, ".code32",
     "pushl %eax\n movw $0x70, %ax\n movw %ax, %es\n movw $0x1234, %dx\n"
     "movl $8, %edi\n movl $8, %ecx\n" TRY32("rep insb") NOTE
     "movl $12, %edi\n movl $8, %ecx\n" TRY32("rep insb") NOTE
     "movl $15, %edi\n movl $1, %ecx\n" TRY32("rep insw") NOTE
     "movl $0, %esi\n movl $17, %ecx\n" TRY32("rep outsb %es:(%esi), %dx") NOTE
     "movl $0x1000e, %esi\n movl $1, %ecx\n" TRY32("addr16 outsb %es:(%si), %dx") NOTE
     "movl $0, %esi\n movl $4, %ecx\n" TRY32("rep outsl") NOTE OTHER_ES
     "movl $0xfffe, %esi\n movl $4, %ecx\n" TRY32(OUTS_16) LAST NOTE OTHER_ES
     "movl $1, %esi\n movl $3, %ecx\n std\n" TRY32(
         OUTS_16) "cld\n" LAST NOTE
                  "popl %eax\n movw %ds, %ax\n movw %ax, %es\n xorl %eax, %eax\n ret");

static void expect(unsigned n, u32 vector, u32 left, const char *what)
{
    const volatile u32 *note = notes + 3 * n;
    check(note[0] == vector && (vector == NO_TRAP || note[1] == 0) && note[2] == left,
          "%s: vector %u error %x, %u left", what, note[0], note[1], note[2]);
}

TINY(mem_string_limits)
{
    gdt_set(0x70, 0x500000, 15, 0x93, 4);
    memset((void *)0x500000, 0, 64);
    gdt_set(0x78, 0x500108, 0x1ffff, 0x93, 4); /* 64K end in the middle of a page */
    volatile u8 *far = (volatile u8 *)0x500108;
    far[1] = 0x11;
    far[0xffff] = 0x22;
    far[0x10001] = 0x33;
    u32 r = mode_prot32(strings, (u32)(u64)notes);
    check(r == 0, "the 32-bit part ended early: %x", r);
    expect(0, NO_TRAP, 0, "up to the limit");
    expect(1, GP, 4, "four beyond it");
    expect(2, GP, 1, "a word across it");
    expect(3, GP, 1, "outs, one beyond");
    expect(4, NO_TRAP, 1, "16-bit address");
    expect(5, NO_TRAP, 0, "outs by DS");
    expect(6, NO_TRAP, 0x211, "a 16-bit index that wraps");
    expect(7, NO_TRAP, 0xfffe22, "... and down");
    const volatile u8 *bytes = (const volatile u8 *)0x500000;
    check(bytes[7] == 0 && bytes[8] == 0xff && bytes[15] == 0xff && bytes[16] == 0, "the bytes");
}
