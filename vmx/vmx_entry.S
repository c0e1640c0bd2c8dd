/* SPDX-License-Identifier: MIT */
/*
 * Into the guest and out again. HOST_RSP is the end of the vCPU's register array, so that an exit saves the
 * registers by pushing them where they belong; then the host's own stack is taken up and vmx_exited decides. Only
 * IST stacks are used by what may interrupt us meanwhile (interrupts are off), so a stack pointer that
 * stands in the vCPU is safe.
 */
#include "vmx/vmx_offsets.h"

    .text
    .globl vmx_run
/*
 * rdi: the vCPU, its VMCS current. Returns when vmx_exited or vmx_entry_failed says so, with what they said. Keeps
 * the registers that C wants kept.
 */
vmx_run:
    endbr64
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, VMX_HOST_STACK(%rdi)
    mov %rdi, %rbx

resume:
    lea VMX_GPR(%rbx), %rsp
    pop %rax
    pop %rcx
    pop %rdx
    pop %rbx
    add $8, %rsp                        /* RSP is the VMCS's */
    pop %rbp
    pop %rsi
    pop %rdi
    pop %r8
    pop %r9
    pop %r10
    pop %r11
    pop %r12
    pop %r13
    pop %r14
    pop %r15
    vmresume
    vmlaunch                            /* it is the first time since VMCLEAR */
    push %r15                           /* neither: the stack pointer is where an exit has it */
    sub $15 * 8, %rsp
    lea -VMX_GPR(%rsp), %rdi
    mov VMX_HOST_STACK(%rdi), %rsp
    call vmx_entry_failed
    jmp leave

    .globl vmx_exit_point
vmx_exit_point:
    endbr64
    push %r15
    push %r14
    push %r13
    push %r12
    push %r11
    push %r10
    push %r9
    push %r8
    push %rdi
    push %rsi
    push %rbp
    push %rbx                           /* RSP's slot: not used */
    push %rbx
    push %rdx
    push %rcx
    push %rax
    lea -VMX_GPR(%rsp), %rbx
    mov VMX_HOST_STACK(%rbx), %rsp
    mov %rbx, %rdi
    call vmx_exited
    test %eax, %eax
    jz resume

/*
 * The return below is the first that does not belong to a call made since the exit: the processor would
 * predict it from what the guest left in its return stack. So that is filled with harmless entries first.
 */
leave:
    mov $32, %ecx
1:  call 2f
3:  pause
    lfence
    jmp 3b
2:  add $8, %rsp
    dec %ecx
    jnz 1b
    lfence
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .section .note.GNU-stack, "", @progbits
