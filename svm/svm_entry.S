/* SPDX-License-Identifier: MIT */
/*
 * Into the guest and out again (APM 2, 15.5 and 15.6). The vCPU's address stands on the stack while the guest runs:
 * #VMEXIT gives back RSP and RAX alone.
 *
 * Real interrupts: V_INTR_MASKING makes the IF that counts for them the one at VMRUN, so it is set there. GIF, clear
 * from svm_enter on and again after each exit, keeps them waiting until the guest runs, where they are an exit, and
 * until svm_enter is done, where they are taken.
 */
#include "arch/x86/return_stack.h"
#include "svm/svm_offsets.h"
#include "arch/x86/guest_gpr.h"

#define MSR_GS_BASE 0xc0000101

    .text

/* From rdx; clobbers rax, rcx. Without the instruction by its register. */
.macro write_gs_base
    cmpb $0, svm_gs_by_msr(%rip)
    jne 1f
    wrgsbase %rdx
    jmp 2f
1:  mov %edx, %eax
    shr $32, %rdx
    mov $MSR_GS_BASE, %ecx
    wrmsr
2:
.endm

/* To rdx, likewise. */
.macro read_gs_base
    cmpb $0, svm_gs_by_msr(%rip)
    jne 1f
    rdgsbase %rdx
    jmp 2f
1:  mov $MSR_GS_BASE, %ecx
    rdmsr
    shl $32, %rdx
    mov %eax, %eax
    or %rax, %rdx
2:
.endm

.macro clear number, register, base /* nothing of the guest is left for our code to speculate with */
    xor \register, \register
.endm

    .globl svm_run
/* rdi: the vCPU; GIF and IF are clear, also on return, which is when svm_exited says so. */
svm_run:
    keep_registers
    mov %rdi, %rbx

.Lresume:
    sti                                 /* here: its shadow must be over at VMRUN */
    cmpb $0, SVM_LIVE(%rbx)
    jne 1f
    mov SVM_VMCB_AT(%rbx), %rax
    vmload %rax
    movb $1, SVM_LIVE(%rbx)
1:  mov SVM_GS_BASE(%rbx), %rdx
    write_gs_base
    mov SVM_VMCB(%rbx), %rcx
    load 0, %rax, %rbx
    mov %rax, SVM_VMCB_RAX(%rcx)
    mov SVM_VMCB_AT(%rbx), %rax
    each_register load, %rbx
    load 3, %rbx, %rbx
    vmrun %rax
    .globl svm_exit_point
svm_exit_point:
    cli
    push %rbx
    mov 8(%rsp), %rbx
    each_register save, %rbx
    pop GUEST_GPR + 8 * 3(%rbx)
    mov SVM_VMCB(%rbx), %rcx
    mov SVM_VMCB_RAX(%rcx), %rax
    save 0, %rax, %rbx
    read_gs_base
    mov %rdx, SVM_GS_BASE(%rbx)
    mov SVM_HOST_GS(%rbx), %rdx
    write_gs_base
    each_register clear
    mov %rbx, %rdi
    call svm_exited
    test %eax, %eax
    jz .Lresume

    fill_return_stack
    give_registers
    ret

    .section .note.GNU-stack, "", @progbits
