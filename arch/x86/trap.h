/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts that hit Trivet's own code. An exception at an
 * instruction listed in the fix-up table resumes at its fix-up; any other is our bug and panics.
 */
#ifndef ARCH_X86_TRAP_H
#define ARCH_X86_TRAP_H

#define TRAP_STUB_SIZE 8

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18

/* Ours, from the top: spurious wants its low bits set on old APICs. */
#define VECTOR_FIRST    0xf0
#define VECTOR_TIMER    0xf0
#define VECTOR_KICK     0xf1
#define VECTOR_CONSOLE  0xf2
#define VECTOR_SPURIOUS 0xff

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

extern const char trap_stubs[]; /* 256 of TRAP_STUB_SIZE bytes */

/*
 * A #DB before this instruction is passed over: it is a guest's. Processors keep none beyond the
 * end of a guest's run; Bochs 2.7 does, on AMD's, if a guest that single-steps exits otherwise.
 */
extern u64 trap_blind;

/* Called by the stubs. */
void trap_handle(struct trap_frame *frame);

/* The host's own interrupts, by vector; one below VECTOR_FIRST or without a handler is counted and
 * acknowledged. */
void irq_set_handler(unsigned vector, void (*handler)(void));
void irq_handle(unsigned vector);

/* The manual's name of an exception, for the panic. */
const char *trap_name(unsigned vector);

/*
 * An instruction that may fault, and where to go on then. In the assembly text between: label 1 on
 * the instruction, label 2 where to resume.
 */
#define FIXUP_1_TO_2 ".pushsection .fixup, \"a\"; .balign 8; .quad 1b, 2b; .popsection\n"
#endif

#endif
