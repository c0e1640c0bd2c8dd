/* SPDX-License-Identifier: MIT */
/*
 * One stub a vector: makes every frame look alike (a 0 where the processor pushes no error code) and
 * saves all registers for trap_handle. Exceptions with an error code: SDM 3, table 6-1.
 */
#include "arch/x86/trap.h"

#define WITH_ERROR_CODE 0x60227d00      /* bits 8, 10-14, 17, 21, 29, 30 */

    .text
    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .balign TRAP_STUB_SIZE
    push $vector - vector / 128 * 256   /* a byte with a sign: the stub has two for it */
    .if vector < 32 && ((WITH_ERROR_CODE >> (vector & 31)) & 1)
    jmp trap_common
    .elseif vector == VECTOR_DEBUG
    jmp trap_debug
    .else
    jmp trap_without_error
    .endif
    .set vector, vector + 1
    .endr
    .balign TRAP_STUB_SIZE
    .globl trap_stubs_end
trap_stubs_end:

trap_debug:
    push %rax
    mov 16(%rsp), %rax                  /* behind the vector: RIP */
    cmp trap_blind(%rip), %rax
    pop %rax
    jne trap_without_error
    add $8, %rsp
    iretq

trap_without_error:
    push (%rsp)
    movq $0, 8(%rsp)

trap_common:
    andq $0xff, (%rsp)                  /* the flags are saved */
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    call trap_handle
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
