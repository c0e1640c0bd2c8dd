/* SPDX-License-Identifier: MIT */
/* 16-bit protected mode: 16-bit operands and stack, segment bases and limits, CPUID and port I/O in
 * it. */
#include "guests/tiny/rt/tiny.h"

PART(
    part, ".code16",
    "xorw %cx, %cx\n smsww %ax\n testb $1, %al\n jz 1f\n incw %cx\n"             /* 1 */
    "1: movw %cs, %ax\n cmpw $0x28, %ax\n jne 2f\n incw %cx\n"                   /* 2 */
    "2: pushw %cx\n xorl %eax, %eax\n cpuid\n popw %cx\n incw %cx\n"             /* 3 */
    "movw $0x1234, %dx\n inw %dx, %ax\n cmpw $0xffff, %ax\n jne 3f\n incw %cx\n" /* 4 */
    "3: movw $0x8000, %di\n movw $4, %ax\n pushw %cx\n movw %ax, %cx\n cld\n rep insb\n popw %cx\n"
    "cmpw $0x8004, %di\n jne 4f\n cmpl $0xffffffff, 0x8000\n jne 4f\n incw %cx\n" /* 5 */
    "4: movw $0x10, %ax\n movw %ax, %fs\n movl $0x500000, %ebx\n movl $0xbead, %fs:(%ebx)\n incw %cx\n" /* 6 */
    "movw %sp, %ax\n pushw $1\n subw %sp, %ax\n cmpw $2, %ax\n jne 5f\n incw %cx\n" /* 7 */
    "5: popw %ax\n lslw 6f - part, %ax\n cmpw $0xffff, %ax\n jne 7f\n incw %cx\n"   /* 8 */
    "7: movzwl %cx, %eax\n lretw\n 6: .long 0x28");

TINY(mode_prot16)
{
    *(volatile u32 *)0x500000 = 0;
    u32 right = mode_prot16(part, part_end, 0);
    check(right == 8, "%u of 8 checks hold", right);
    check(*(volatile u32 *)0x500000 == 0xbead, "the store by a flat segment");
}
