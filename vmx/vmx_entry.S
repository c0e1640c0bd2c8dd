/* SPDX-License-Identifier: MIT */
/*
 * Into the guest and out again. HOST_RSP is the vCPU itself, so an exit finds by it where the registers belong;
 * then the host's own stack is taken up and vmx_exited decides. Only IST stacks are used by what may interrupt
 * us meanwhile (interrupts are off), so a stack pointer that stands in the vCPU is safe.
 */
#include "arch/x86/return_stack.h"
#include "vmx/vmx_offsets.h"
#include "arch/x86/guest_gpr.h"

    .text
    .globl vmx_run
/*
 * rdi: the vCPU, its VMCS current. Returns when vmx_exited says so, or when no entry was possible. Keeps the
 * registers that C wants kept.
 */
vmx_run:
    keep_registers
    mov %rsp, VMX_HOST_STACK(%rdi)
    mov %rdi, %rax
    cmpb $0, VMX_LAUNCHED(%rdi)
    je launch

resume:
    each_register load, %rax
    load 3, %rbx, %rax
    load 0, %rax, %rax
    vmresume
    jmp failed

launch:                                 /* the first time since VMCLEAR */
    movb $1, VMX_LAUNCHED(%rax)
    each_register load, %rax
    load 3, %rbx, %rax
    load 0, %rax, %rax
    vmlaunch

failed:
    mov (%rsp), %rdi                    /* the stack is still ours */
    call vmx_entry_failed
    jmp leave

    .globl vmx_exit_point
vmx_exit_point:
    each_register save, %rsp
    save 3, %rbx, %rsp
    save 0, %rax, %rsp
    mov %rsp, %rdi
    mov VMX_HOST_STACK(%rdi), %rsp
    call vmx_exited
    test %rax, %rax
    jnz resume

leave:
    fill_return_stack
    give_registers
    ret

    .section .note.GNU-stack, "", @progbits
