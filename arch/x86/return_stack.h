/* SPDX-License-Identifier: MIT */
/*
 * For assembly: a return that belongs to no call made since a guest ran would be predicted from
 * what the guest left in the processor's return stack. So that is filled with harmless entries
 * first. Clobbers rcx and flags.
 */
#ifndef ARCH_X86_RETURN_STACK_H
#define ARCH_X86_RETURN_STACK_H

#ifdef __ASSEMBLER__
/* clang-format off */
.macro fill_return_stack
    mov $32, %ecx
91: call 92f
93: pause
    lfence
    jmp 93b
92: add $8, %rsp
    dec %ecx
    jnz 91b
    lfence
.endm
/* clang-format on */
#endif

#endif
