/* SPDX-License-Identifier: MIT */
/*
 * The 256 entry stubs, 16 bytes each, that make every frame look the same (struct frame), and the
 * way to ring 3 and back.
 */
#include "guests/tiny/rt/desc.h"

    .text
    .balign 16
    .globl rt_stubs
rt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    /* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code themselves. */
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    jmp common
    .set vector, vector + 1
    .endr

common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    call rt_trap
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/*
 * void rt_user_enter(void (*fn)(void), void *stack, u64 cs, u64 ss): returns when that traps
 * (rt_user_leave). Every register of fn's is rt_user_fill.
 */
    .globl rt_user_enter
rt_user_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    movq %rsp, rt_user_rsp
    pushq %rcx
    pushq %rsi
    pushq rt_user_flags
    pushq %rdx
    pushq %rdi
    movq rt_user_fill, %rax
    .irp register, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    movq %rax, %\register
    .endr
    iretq

/* Entered from rt_trap on the trap's stack, which it drops. */
    .globl rt_user_leave
rt_user_leave:
    movq rt_user_rsp, %rsp
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .section .note.GNU-stack, "", @progbits
