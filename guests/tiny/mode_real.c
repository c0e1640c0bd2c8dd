/* SPDX-License-Identifier: MIT */
/*
 * Real mode: INT through an IVT, far calls and jumps, wrap at 64 KiB, big real ("unreal") mode,
 * 32-bit operands; ten times there and back.
 */
#include "guests/tiny/rt/tiny.h"

/* Counts what went right in CX; INT 0x70 is answered here. */
PART(
    part, ".code16",
    "xorw %cx, %cx\n xorw %ax, %ax\n movw %ax, %fs\n"
    "movw $(answer - part), %fs:0x1c0\n movw %cs, %fs:0x1c2\n"
    "movw $0x1234, %ax\n int $0x70\n cmpw $0x4321, %ax\n jne 1f\n incw %cx\n" /* 1 */
    "1: lcallw $0x1100, $(far_part - part - 0x1000)\n cmpw $0x7777, %ax\n jne 2f\n incw %cx\n" /* 2
                                                                                                */
    "2: ljmpw $0x0ff0, $(jumped - part + 0x100)\n jumped: incw %cx\n"                      /* 3 */
    "movw %cs, %ax\n cmpw $0x0ff0, %ax\n jne 3f\n incw %cx\n"                              /* 4 */
    "3: movl $0x12345678, %eax\n shrl $16, %eax\n cmpw $0x1234, %ax\n jne 4f\n incw %cx\n" /* 5 */
    "4: movw %sp, %ax\n pushl $0x11223344\n popw %bx\n popw %dx\n cmpw $0x3344, %bx\n jne 5f\n"
    "cmpw $0x1122, %dx\n jne 5f\n incw %cx\n" /* 6 */
    "5: cli\n pushl %ecx\n pushw %ds\n"
    "lgdtl %cs:0x100 + gdt16 - part\n"
    "movl %cr0, %eax\n orb $1, %al\n movl %eax, %cr0\n jmp 6f\n"
    "6: movw $0x10, %bx\n movw %bx, %gs\n andb $0xfe, %al\n movl %eax, %cr0\n jmp 7f\n"
    "7: popw %ds\n popl %ecx\n movl $0x500000, %edi\n movl $0xcafe1234, %gs:(%edi)\n"
    "cmpl $0xcafe1234, %gs:(%edi)\n jne 8f\n incw %cx\n" /* 7 */
    "8: smsww %ax\n testb $1, %al\n jnz 9f\n incw %cx\n" /* 8 */
    "9: pushfw\n popw %ax\n sti\n pushfw\n popw %bx\n cli\n testw $0x200, %bx\n jz 10f\n incw %cx\n" /* 9 */
    "10: pushw %cx\n xorl %eax, %eax\n cpuid\n popw %cx\n movzwl %cx, %eax\n lretw\n"
    "answer: xchgb %al, %ah\n rorb $4, %al\n rorb $4, %ah\n iretw\n"
    "gdt16: .short 0x17\n .long rt_gdt\n"
    ".org part + 0x1010\n"
    "far_part: movw $0x7777, %ax\n lretw");

TINY(mode_real)
{
    for (unsigned i = 0; i < 10; i++) {
        *(volatile u32 *)0x500000 = 0;
        u32 right = mode_real(part, part_end, 0);
        if (!check(right == 9, "round %u: %u of 9 checks hold", i, right))
            break;
        check(*(volatile u32 *)0x500000 == 0xcafe1234, "the store of big real mode");
    }
}
