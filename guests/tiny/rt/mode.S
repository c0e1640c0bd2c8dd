/* SPDX-License-Identifier: MIT */
/*
 * Down from long mode and up again: 64 -> compatibility -> 32-bit without paging -> 16-bit
 * protected -> real, each step the manual's (SDM 3A 9.8.5.4, 9.9.2). The piece that has to lie
 * below 1 MiB is copied to 0x8000 once.
 */
#include "guests/tiny/rt/desc.h"

#define LOW_BASE 0x8000
#define LOW(label) (label - low)

    .text
    .code64
/* u32 rt_mode_call(u32 kind, u32 target, u32 argument): 0 real, 1 protected 16, 2 protected 32,
 * 3 compatibility. */
    .globl rt_mode_call
rt_mode_call:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    cli
    movq %rsp, saved_rsp
    movl %edi, kind
    movl %esi, target
    movl %edx, argument
    movq %cr4, %rax
    movl %eax, saved_cr4
    movq %cr3, %rax
    movl %eax, saved_cr3
    movl $0xc0000080, %ecx
    rdmsr
    movl %eax, saved_efer
    ljmpl *to_compat

    .code32
in_compat:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $rt_stack32, %esp
    cmpl $3, kind
    jne 1f
    movl argument, %eax
    call *target
    movl %eax, result
    ljmpl $SEL_CODE64, $in_long
1:  movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    movl $0xc0000080, %ecx
    rdmsr
    andl $~0x100, %eax
    wrmsr
    movl $0x600, %eax
    movl %eax, %cr4
    lidt idt32_pointer
    cmpl $2, kind
    jne 2f
    movl argument, %eax
    call *target
    movl %eax, result
    jmp up32
2:  movl argument, %ebx
    movl kind, %ecx
    ljmpl $SEL_LOW16, $LOW(low16)

/* 32-bit, no paging, PE on: back to long mode. */
up32:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl saved_cr4, %eax
    movl %eax, %cr4
    movl saved_cr3, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    movl saved_efer, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl $SEL_CODE64, $in_long
    .code64
in_long:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movq saved_rsp, %rsp
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    movl result, %eax
    ret

/* Copied to 0x8000. EBX the argument, ECX the kind. */
    .balign 16
low:
    .code16
low16:
    movw $SEL_DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $0xfff0, %esp
    testl %ecx, %ecx
    jz low_real
    movl %ebx, %eax
    lcallw $SEL_CODE16, $0
    movl %eax, %ebx
low_up32:
    ljmpl $SEL_CODE32, $up16
low_real:
    lidtl %cs:LOW(low_idt)
    movl %cr0, %eax
    andb $0xfe, %al
    movl %eax, %cr0
    ljmpw $(LOW_BASE / 16), $LOW(real)
real:
    movw $REAL_SEGMENT, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    xorw %ax, %ax
    movw %ax, %fs
    movw %ax, %gs
    movl %ebx, %eax
    lcallw $REAL_SEGMENT, $0
    cli
    movl %eax, %ebx
    movw $(LOW_BASE / 16), %ax
    movw %ax, %ds
    lgdtl LOW(low_gdt)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    jmp low_up32
low_idt:
    .short 0x3ff
    .long 0
low_gdt:
    .short 255
    .long rt_gdt
low_end:
    .code32
up16:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $rt_stack32, %esp
    movl %ebx, result
    jmp up32

/* The 32-bit stubs, 16 bytes each. */
    .balign 16
    .globl rt_stubs32
rt_stubs32:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushl $0
    .endif
    pushl $vector
    jmp common32
    .set vector, vector + 1
    .endr
common32:                               /* vector, error, EIP, CS, EFLAGS */
    pushl %eax
    movl %ss:4(%esp), %eax
    cmpl $0x20, %eax
    jb 1f
    cmpl $0x30, %eax
    jb 3f
1:  cmpl $0, %ss:rt_resume32
    je 4f
    movl %eax, %ss:rt_trap32
    movl %ss:8(%esp), %eax
    movl %eax, %ss:rt_trap32+4
    movl %ss:12(%esp), %eax
    movl %eax, %ss:rt_trap32+8
    movl %ss:20(%esp), %eax
    movl %eax, %ss:rt_trap32+12
    movl %ss:rt_resume32, %eax
    movl $0, %ss:rt_resume32
    movl %eax, %ss:12(%esp)
    andl $~0x100, %ss:20(%esp)          /* TF */
2:  popl %eax
    addl $8, %esp
    iretl
3:  incl %ss:rt_irq32
    movb $0x20, %al
    outb %al, $0x20
    jmp 2b
/* Nobody expects it: the part ends with 0xdead0000 + vector. */
4:  movl $SEL_DATA, %ecx
    movl %ecx, %ss
    movl %ecx, %ds
    addl $0xdead0000, %eax
    movl %eax, result
    movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    jmp up32

    .code64
/* void rt_low_copy(void) */
    .globl rt_low_copy
rt_low_copy:
    movl $low, %esi
    movl $LOW_BASE, %edi
    movl $(low_end - low), %ecx
    rep movsb
    ret

    .data
to_compat:
    .long in_compat
    .short SEL_CODE32
    .balign 8
    .short 0
idt32_pointer:
    .short 0x7ff
    .long rt_idt32

    .bss
    .balign 16
saved_rsp:
    .skip 8
kind:
    .skip 4
target:
    .skip 4
argument:
    .skip 4
result:
    .skip 4
saved_cr3:
    .skip 4
saved_cr4:
    .skip 4
saved_efer:
    .skip 4
    .balign 16
    .skip 8192
    .globl rt_stack32
rt_stack32:

    .section .note.GNU-stack, "", @progbits
