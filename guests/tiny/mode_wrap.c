/* SPDX-License-Identifier: MIT */
/* 32-bit code whose last instruction, one that exits, ends at 4 GiB: it goes on at 0. */
#include "guests/tiny/rt/tiny.h"

static u32 directory[1024] aligned(4096), table[1024] aligned(4096);

/* To the last bytes, by way of 0 back again. */
PART(part, ".code32",
     "pushl %ebx\n pushl %esi\n movl %cr4, %ecx\n orl $0x10, %ecx\n movl %ecx, %cr4\n"
     "movl %eax, %cr3\n movl %cr0, %edx\n orl $0x80000000, %edx\n movl %edx, %cr0\n"
     "call 1f\n 1: popl %esi\n addl $2f - 1b, %esi\n xorl %eax, %eax\n movl $0xfffffffe, %edi\n"
     "jmp *%edi\n 2: movl %cr0, %edx\n andl $0x7fffffff, %edx\n movl %edx, %cr0\n"
     "popl %esi\n popl %ebx\n movl $1, %eax\n ret");

static void put(u8 *to, const void *code, unsigned size)
{
    memcpy(to, code, size);
    barrier();
}

TINY(mode_wrap)
{
    for (u32 i = 0; i < 1024; i++)
        table[i] = i * 4096 | 3;
    table[0] = (u32)(u64)PLAY_A | 3;
    directory[0] = (u32)(u64)table | 3;
    directory[1] = 1 << 22 | 0x83;
    directory[1023] = 2 << 22 | 0x83;   /* 8 MiB on */
    put((u8 *)0xbffffe, "\x0f\xa2", 2); /* CPUID */
    put(PLAY_A, "\xff\xe6", 2);         /* JMP *ESI */
    check(mode_prot32(part, (u32)(u64)directory) == 1, "it did not come back");
}
