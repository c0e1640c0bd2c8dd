/* SPDX-License-Identifier: MIT */
/* 32-bit protected mode, without paging and with 32-bit paging (4K and 4M pages), on and off again
 * a hundred times. */
#include "guests/tiny/rt/tiny.h"

static u32 directory[1024] aligned(4096), table[1024] aligned(4096);

/* 8 MiB is 10 MiB when paging is on. Counts rounds in which both were right. */
PART(part, ".code32",
     "xorl %edi, %edi\n movl $0xa, 0xa00000\n movl $0x8, 0x800000\n"
     "movl %cr4, %ecx\n orl $0x10, %ecx\n movl %ecx, %cr4\n movl %eax, %cr3\n movl $100, %ecx\n"
     "1: cmpl $0x8, 0x800000\n jne 2f\n"
     "movl %cr0, %edx\n orl $0x80000000, %edx\n movl %edx, %cr0\n"
     "cmpl $0xa, 0x800000\n jne 2f\n" TRY32(
         "movl 0x40000000, %ebx") "cmpl $14, rt_trap32\n jne 2f\n cmpl $0, rt_trap32+4\n jne 2f\n"
                                  "movl %cr2, %ebx\n cmpl $0x40000000, %ebx\n jne 2f\n incl %edi\n"
                                  "2: movl %cr0, %edx\n andl $0x7fffffff, %edx\n movl %edx, %cr0\n"
                                  "loop 1b\n movl %edi, %eax\n ret");

PART(plain, ".code32", "pushl %ebx\n xorl %eax, %eax\n cpuid\n movl %cr0, %eax\n popl %ebx\n ret");

TINY(mode_prot32)
{
    for (u32 i = 0; i < 1024; i++)
        table[i] = (0xa00000 + i * 4096) | 3;
    for (u32 i = 0; i < 16; i++)
        directory[i] = i << 22 | 0x83;
    directory[2] = (u32)(u64)table | 3;
    u32 cr0 = mode_prot32(plain, 0);
    check((cr0 & 0x80000001) == 1, "CR0 without paging %x", cr0);
    u32 right = mode_prot32(part, (u32)(u64)directory);
    check(right == 100, "%u of 100 rounds", right);
}
