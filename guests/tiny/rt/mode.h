/* SPDX-License-Identifier: MIT */
/*
 * The other modes. A 16-bit part is a piece of position-independent assembler between two labels;
 * it is copied to 0x10000 and runs there with CS, DS, ES and SS on that segment (real: 0x1000;
 * protected: selectors SEL_CODE16, SEL_DATA16), IP 0, and returns by LRETW. A 32-bit part is a
 * function of the image: flat segments, no paging, called near. Either gets `argument` in EAX and
 * returns EAX; interrupts are off, and the runtime's 64-bit IDT is back when they return.
 */
#ifndef TINY_MODE_H
#define TINY_MODE_H

#include "lib/types.h"

u32 mode_real(const char *part, const char *end, u32 argument);
u32 mode_prot16(const char *part, const char *end, u32 argument);
u32 mode_prot32(const char *part, u32 argument);

/* In long mode's compatibility submode, paging on; the 64-bit IDT and TRY work. */
u32 mode_compat(const char *part, u32 argument);

/* A part's text: PART(name, ".code32", "..."). */
#define PART(name, mode, text)                                                                     \
    extern const char name[], name##_end[];                                                        \
    __asm__(".text\n" #name ":\n" mode "\n" text "\n.code64\n" #name "_end:\n")

/*
 * Exceptions of a mode_prot32 part: TRY32("insn") in its text resumes behind the instruction and
 * leaves vector, error code and EIP in rt_trap32 (vector 256: none). Other vectors from 0x20 up
 * count in rt_irq32 and get their EOI.
 */
struct trap32 {
    u32 vector, error, eip, eflags;
};
extern volatile struct trap32 rt_trap32;
extern volatile u32 rt_resume32, rt_irq32;
#define TRY32(insn)                                                                                \
    "movl $256, rt_trap32\n movl $772f, rt_resume32\n" insn "\n 772: movl $0, rt_resume32\n"
/* The vector and error of the last TRY32, appended to the array that EDI walks. */
#define NOTE32 "pushl rt_trap32\n popl (%edi)\n pushl rt_trap32+4\n popl 4(%edi)\n addl $8, %edi\n"

/* The 32-bit IDT that a mode_prot32 part starts with; INT 0x60 is a task gate to this TSS, if set.
 */
extern u64 rt_idt32[256];
extern u32 rt_task_gate32;
extern u32 rt_gate32[32]; /* where an exception's gate goes instead of to TRY32, if not 0 */
#define VECTOR_TASK32 0x60

#endif
