/* SPDX-License-Identifier: MIT */
/*
 * Into the guest and out again. HOST_RSP is the vCPU itself, so an exit finds by it where the registers belong;
 * then the host's own stack is taken up and vmx_exited decides. Only IST stacks are used by what may interrupt
 * us meanwhile (interrupts are off), so a stack pointer that stands in the vCPU is safe.
 */
#include "arch/x86/return_stack.h"
#include "vmx/vmx_offsets.h"

/* All but RSP, which is the VMCS's, and the one that `base` is. */
.macro each_register do, base
    \do 0, %rax, \base
    \do 1, %rcx, \base
    \do 2, %rdx, \base
    \do 3, %rbx, \base
    \do 5, %rbp, \base
    \do 6, %rsi, \base
    \do 7, %rdi, \base
    \do 8, %r8, \base
    \do 9, %r9, \base
    \do 10, %r10, \base
    \do 11, %r11, \base
    \do 12, %r12, \base
    \do 13, %r13, \base
    \do 14, %r14, \base
    \do 15, %r15, \base
.endm

.macro save number, register, base
    mov \register, VMX_GPR + 8 * \number(\base)
.endm

.macro load number, register, base
    .ifnc \register, \base
    mov VMX_GPR + 8 * \number(\base), \register
    .endif
.endm

    .text
    .globl vmx_run
/*
 * rdi: the vCPU, its VMCS current. Returns when vmx_exited says so, or when no entry was possible. Keeps the
 * registers that C wants kept.
 */
vmx_run:
    endbr64
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov %rsp, VMX_HOST_STACK(%rdi)
    mov %rdi, %rax
    cmpb $0, VMX_LAUNCHED(%rdi)
    je launch

resume:
    each_register load, %rax
    mov VMX_GPR(%rax), %rax
    vmresume
    jmp failed

launch:                                 /* the first time since VMCLEAR */
    movb $1, VMX_LAUNCHED(%rax)
    each_register load, %rax
    mov VMX_GPR(%rax), %rax
    vmlaunch

failed:
    mov (%rsp), %rdi                    /* the stack is still ours */
    call vmx_entry_failed
    jmp leave

    .globl vmx_exit_point
vmx_exit_point:
    endbr64
    each_register save, %rsp
    mov %rsp, %rdi
    mov VMX_HOST_STACK(%rdi), %rsp
    call vmx_exited
    test %rax, %rax
    jnz resume

leave:
    fill_return_stack
    pop %rdi
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .section .note.GNU-stack, "", @progbits
