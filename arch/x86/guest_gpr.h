/* SPDX-License-Identifier: MIT */
/*
 * For the vendors' vmx_entry.S and svm_entry.S: the guest's registers from and to guest.gpr, which
 * `base` leads to, and the registers that C wants kept. GUEST_GPR is in their offsets.
 */
#ifndef ARCH_X86_GUEST_GPR_H
#define ARCH_X86_GUEST_GPR_H

#ifdef __ASSEMBLER__
/* clang-format off */
/* By number as in enum gpr. Those that a C function may change, but for RAX; */
.macro each_scratch do, base
    \do 1, %rcx, \base
    \do 2, %rdx, \base
    \do 6, %rsi, \base
    \do 7, %rdi, \base
    \do 8, %r8, \base
    \do 9, %r9, \base
    \do 10, %r10, \base
    \do 11, %r11, \base
.endm

/* those that it keeps, but for RBX and RBP; */
.macro each_kept do, base
    \do 12, %r12, \base
    \do 13, %r13, \base
    \do 14, %r14, \base
    \do 15, %r15, \base
.endm

/* all but RAX, RBX and RSP. */
.macro each_register do, base
    each_scratch \do, \base
    \do 5, %rbp, \base
    each_kept \do, \base
.endm

.macro save number, register, base
    mov \register, GUEST_GPR + 8 * \number(\base)
.endm

.macro load number, register, base
    mov GUEST_GPR + 8 * \number(\base), \register
.endm

/* RDI, the vCPU, lies on top; it comes back as it was. */
.macro keep_registers
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
.endm

.macro give_registers
    pop %rdi
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
.endm
/* clang-format on */
#endif

#endif
