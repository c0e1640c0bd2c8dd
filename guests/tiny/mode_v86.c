/* SPDX-License-Identifier: MIT */
/*
 * Virtual-8086 mode: entered by IRET, INT n and port access go to the monitor as #GP by IOPL and
 * the I/O map, CPUID runs, and the way back.
 */
#include "guests/tiny/rt/tiny.h"

u32 v86_tss[64] aligned(128);
u32 v86_notes[16];
u32 v86_esp;

/* At 0x10000, entered with EIP 0: what the monitor sees of it is in the notes. */
PART(code16, ".code16",
     "movw %cs, %ax\n pushl %eax\n xorl %eax, %eax\n cpuid\n popl %eax\n"
     "inb $0x21, %al\n" /* denied by the map: #GP */
     "int $0x21\n"      /* IOPL 0: #GP */
     "hlt\n");

/* The monitor: notes CS, EIP, EFLAGS; the third #GP (HLT) ends it. */
PART(
    monitor, ".code32",
    ".globl v86_gp\n v86_gp: movl $0x10, %edx\n movl %edx, %ds\n movl v86_next, %edi\n"
    "movl 4(%esp), %eax\n movl %eax, (%edi)\n movl 12(%esp), %eax\n movl %eax, 4(%edi)\n"
    "addl $8, %edi\n movl %edi, v86_next\n addl $4, %esp\n"
    "movl (%esp), %eax\n addl $0x10000, %eax\n cmpb $0xf4, (%eax)\n je 1f\n addl $2, (%esp)\n iretl\n"
    "1: movl v86_esp, %esp\n movl $0x10, %edx\n movl %edx, %es\n movl %edx, %ss\n"
    "movl $0x51, %eax\n popl %ebx\n ret");
u32 v86_next;

PART(enter, ".code32",
     "pushl %ebx\n movl %esp, v86_esp\n movw $0x70, %ax\n ltr %ax\n"
     "pushl $0x1000\n pushl $0x1000\n pushl $0x1000\n pushl $0x1000\n" /* GS FS DS ES */
     "pushl $0x1000\n pushl $0xfff0\n pushl $0x20002\n pushl $0x1000\n pushl $0\n iretl");

TINY(mode_v86)
{
    extern const char v86_gp[];
    memcpy((void *)REAL_BASE, code16, (size_t)(code16_end - code16));
    gdt_set(0x70, (u32)(u64)v86_tss, sizeof(v86_tss) - 1, 0x89, 0);
    v86_tss[1] = 0x580000; /* ESP0 */
    v86_tss[2] = SEL_DATA;
    v86_tss[25] = 104u << 16;
    memset(&v86_tss[26], 0xff, sizeof(v86_tss) - 104); /* every port denied */
    v86_next = (u32)(u64)v86_notes;
    rt_gate32[GP] = (u32)(u64)v86_gp;
    u32 r = mode_prot32(enter, 0);
    check(r == 0x51, "the monitor never saw HLT: %x", r);
    const volatile u32 *note = v86_notes;
    const u8 *code = (const u8 *)REAL_BASE;
    check(code[note[0]] == 0xe4, "first #GP at %x, not at IN", note[0]);
    check(code[note[2]] == 0xcd, "second #GP at %x, not at INT", note[2]);
    check(code[note[4]] == 0xf4, "third #GP at %x, not at HLT", note[4]);
    check((note[1] & 0x20000) && (note[5] & 0x20000), "VM in the frame: %x %x", note[1], note[5]);
}
